using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Clients;

/// <summary>What is answered to a proof that was used before.</summary>
public static class ProofRefusals
{
    /// <summary>Null: every proof was new.</summary>
    public static OAuthError? Of(UsedBefore usedBefore) => usedBefore switch
    {
        UsedBefore.Assertion => OAuthError.InvalidClient(
            "the jti of the client assertion was used before", "RFC 7523 §3", "a jti that this client never used", "one it used")
            with
        { Description = "The client assertion was used before" },
        UsedBefore.Dpop => DpopErrors.NotValid(
            "the jti of the DPoP proof was used before", "a jti that this key never used", "one it used", "RFC 9449 §11.1"),
        _ => null,
    };
}
