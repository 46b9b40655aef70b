namespace OAuthServer.Protocol;

/// <summary>What is answered to DPoP proofs that do not hold (RFC 9449 §5, §8).</summary>
public static class DpopErrors
{
    /// <summary>The request needs another nonce, and is to be repeated as it was.</summary>
    public const string UseNonce = "use_dpop_nonce";

    /// <summary>One sentence for all that is wrong with a proof.</summary>
    public static OAuthError NotValid(string reason, string expected, string? got = null, string rule = "RFC 9449 §4.3") =>
        new()
        {
            Code = "invalid_dpop_proof",
            Description = "The DPoP proof is not valid",
            Rule = rule,
            Reason = reason,
            Expected = expected,
            Got = got,
        };

    /// <summary>No proof came where there must be one.</summary>
    public static OAuthError Missing(string reason) =>
        NotValid(reason, "one DPoP header", "none", "RFC 9449 §5.2") with { Description = "A DPoP proof is required" };

    /// <summary>The proof has no nonce of this server that still holds.</summary>
    public static OAuthError NonceNeeded(string got) =>
        NotValid("the DPoP proof has no fresh nonce", "the nonce of the last DPoP-Nonce", got, "RFC 9449 §8") with
        {
            Code = UseNonce,
            Description = "The DPoP proof needs the nonce of this answer",
        };
}
