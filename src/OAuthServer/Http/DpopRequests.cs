using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Tokens;

namespace OAuthServer.Http;

/// <summary>What a request binds its tokens to.</summary>
/// <param name="Jkt">The key that was shown; null: none.</param>
/// <param name="Proof">What the statement that decides spends.</param>
public sealed record Binding(string? Jkt, UsedProof? Proof)
{
    public static readonly Binding None = new(null, null);
}

/// <summary>DPoP (RFC 9449) of a request: the proof in its header, and the nonce of every answer.</summary>
public sealed class DpopRequests(
    DpopProofs proofs, DpopNonces nonces, Revocations revocations, UsedProofStore usedProofs, Settings settings)
{
    public const string Header = "DPoP";
    public const string NonceHeader = "DPoP-Nonce";

    /// <summary>What proofs may be signed with, as challenges say it.</summary>
    public static readonly string Algorithms = string.Join(' ', Keys.VerificationKeySet.Algorithms);

    /// <summary>RFC 9449 §8.2: a fresh nonce with whatever is answered, where proofs need one.</summary>
    public void AddNonce(HttpContext http)
    {
        if (settings.DpopNonce) http.Response.Headers[NonceHeader] = nonces.Current();
    }

    /// <summary>
    /// What a client's request binds its tokens to, by the proof in its header; nothing where none came. Refused where the client has to
    /// send one and did not.
    /// </summary>
    /// <param name="path">Of the endpoint, below the issuer.</param>
    public Result<Binding> Read(HttpContext http, string path, Client client)
    {
        if (http.Request.Headers[Header].Count == 0)
            return client.Row.DpopRequired ? DpopErrors.Missing("the client has dpop_required") : Binding.None;
        return ProofOf(http, path, null).Refused(out var error, out var proof) ? error : new Binding(proof.Jkt, proof.Use);
    }

    /// <summary>
    /// What a pushed authorization request binds its code to (RFC 9449 §10.1): a proof beside it says the same as dpop_jkt.
    /// </summary>
    /// <param name="path">Of the endpoint, below the issuer.</param>
    public Result<Binding> ReadPushed(HttpContext http, string path, Parameters parameters)
    {
        if (http.Request.Headers[Header].Count == 0) return Binding.None;
        if (ProofOf(http, path, null).Refused(out var error, out var proof)) return error;
        return parameters["dpop_jkt"] is { } jkt && jkt != proof.Jkt
            ? OAuthError.InvalidRequest("dpop_jkt is another key than that of the DPoP proof", "two keys", "RFC 9449 §10.1",
                proof.Jkt, "another dpop_jkt")
            : new Binding(proof.Jkt, proof.Use);
    }

    /// <summary>
    /// The claims of one of our own access tokens (RFC 6750 §2.1, RFC 9449 §7.1): of the header, live, and, where it is bound to a key,
    /// with a proof by that key that was never used before.
    /// </summary>
    /// <param name="path">Of the endpoint, below the issuer.</param>
    public async Task<Result<AccessTokenClaims>> TokenAsync(HttpContext http, string path)
    {
        AddNonce(http);
        if (http.AccessToken() is not var (scheme, token)) return OAuthError.InvalidToken("no access token");
        if (await revocations.LiveAsync(token) is not { } claims) return OAuthError.InvalidToken("not a live token of this server");
        if (claims.Jkt is not { } jkt)
            return scheme == Header ? Unfit("the token is bound to no key", "Bearer", "DPoP") : claims;
        if (scheme != Header) return Unfit("the token is bound to a key", "DPoP and a proof", "Bearer");
        if (http.Request.Headers[Header].Count == 0) return Unfit("no DPoP proof came", "one DPoP header", "none");
        if (ProofOf(http, path, token).Refused(out var error, out var proof)) return error with { Status = 401 };
        if (proof.Jkt != jkt) return Unfit("the proof is by another key", jkt, proof.Jkt);
        return ProofRefusals.Of(await usedProofs.SpendAsync(new Proofs { Dpop = proof.Use })) is { } used
            ? used with { Status = 401 } : claims;
    }

    private static OAuthError Unfit(string reason, string expected, string got) =>
        OAuthError.InvalidToken(reason) with { Rule = "RFC 9449 §7.1", Expected = expected, Got = got };

    private Result<DpopProof> ProofOf(HttpContext http, string path, string? token)
    {
        if (http.Request.Headers[Header] is not [{ } only])
            return DpopErrors.NotValid("the DPoP header is repeated", "one DPoP header", "several");
        var method = http.IsHead() ? HttpMethods.Head : http.Request.Method;
        return proofs.Read(only, new DpopTarget { Method = method, Url = settings.Issuer + path, Token = token }, http.Context().At);
    }
}
