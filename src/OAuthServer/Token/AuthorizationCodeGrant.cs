using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Token;

/// <summary>
/// RFC 6749 §4.1.3 with RFC 7636: a code becomes tokens, once. Everything is checked, and the access token made, before the code
/// is spent; a valid second use ends the grant, whatever resource it names.
/// </summary>
public sealed class AuthorizationCodeGrant(PresentedTokens presented, CodeRedemption redemption) : IGrant
{
    public GrantType Type => GrantType.AuthorizationCode;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var parameters = request.Parameters;
        if (parameters["code"] is not { } text)
            return OAuthError.InvalidRequest("code is required", "no code came", "RFC 6749 §4.1.3", "code");
        if (parameters["code_verifier"] is not { } verifier)
            return OAuthError.InvalidRequest("code_verifier is required", "no code_verifier came", "RFC 7636 §4.5", "code_verifier");
        if (!Pkce.IsVerifier(verifier))
            return OAuthError.InvalidGrant(
                "the verifier is malformed", "RFC 7636 §4.1", "43 to 128 unreserved characters", $"{verifier.Length} characters");

        if (await presented.CodeAsync(text, cancel) is not { } code) return NoSuchCode();

        return await redemption.RedeemAsync(request, code, new CodeTerms
        {
            Kind = Redemption.Code,
            RedirectUri = parameters["redirect_uri"],
            Challenge = Pkce.Challenge(verifier),
            WithNonce = true,
            NoSuchCode = NoSuchCode,
            Refusal = Refusal,
        }, cancel);
    }

    private static OAuthError NoSuchCode() => OAuthError.InvalidGrant("no such code", "RFC 6749 §4.1.3", "a code this server issued");

    // The private reason, from the row as it stood under the statement's lock.
    private static OAuthError Refusal(RedeemedCode found, Redemption redemption, OAuthError? problem)
    {
        const string section = "RFC 6749 §4.1.3";
        if (found.ClientId != redemption.ClientId)
            return OAuthError.InvalidGrant("another client's code", section, found.ClientId, redemption.ClientId);
        if (found.Kind != redemption.Kind)
            return OAuthError.InvalidGrant("a device code in the place of an authorization code", section, redemption.Kind, found.Kind);
        if (redemption.RedirectUri is { } uri && uri != found.RedirectUri)
            return OAuthError.InvalidGrant("redirect_uri differs", section, found.RedirectUri, uri);
        if (!found.VerifiersLeft)
            return OAuthError.InvalidGrant(
                "too many wrong verifiers; the code has ended", "RFC 7636 §4.6", "fewer wrong verifiers before the right one", "too many");
        if (!found.ChallengeFits)
            return OAuthError.InvalidGrant(
                "the verifier does not fit the challenge", "RFC 7636 §4.6", "S256(verifier) = the stored challenge", "another verifier");
        if (!found.KeyFits)
            return OAuthError.InvalidGrant("the code is bound to another key", "RFC 9449 §10", "a proof by that key", "another, or none");
        if (found.Replayed) return GrantTokens.AuditedReplay("the code was used a second time; the grant is revoked", "RFC 6749 §4.1.2");
        if (found.EndedReason is { } ended)
            return OAuthError.InvalidGrant($"the grant has ended: {ended}", section, "a living grant", ended);
        if (found.CodeExpiresAt <= redemption.Now)
            return OAuthError.InvalidGrant(
                "the code has expired", "RFC 6749 §4.1.2", $"redeemed before {found.CodeExpiresAt:u}", $"{redemption.Now:u}");
        if (found.ExpiresAt <= redemption.Now)
            return OAuthError.InvalidGrant(
                "the consent has run out", section, $"redeemed before {found.ExpiresAt:u}", $"{redemption.Now:u}");
        return problem ?? OAuthError.ServerError("a code that could be redeemed was not");
    }
}
