using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Token;

/// <summary>
/// RFC 6749 §6 with rotation (RFC 9700 §4.14.2): each refresh token is exchanged once. A lost answer, or a second process of the
/// same client, gets the same successor again inside a short window; any other second use is a replay, whatever scope or resource
/// it names. The access token is made before anything is consumed.
/// </summary>
public sealed class RefreshTokenGrant(
    PresentedTokens presented, RotationStore refreshTokens, ResourceDirectory resources, GrantTokens tokens, Settings settings)
    : IGrant
{
    public GrantType Type => GrantType.RefreshToken;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (parameters["refresh_token"] is not { } text)
            return OAuthError.InvalidRequest("refresh_token is required", "no refresh_token came", "RFC 6749 §6", "refresh_token");
        if (await presented.RefreshTokenAsync(text, cancel) is not { } token) return NoSuchToken();

        var (now, grant) = (request.Context.At, token.Grant);
        // A problem is no refusal yet: another client's token, a replay or an ended grant is for the statement to find first.
        (await PrepareAsync()).Refused(out var problem, out var prepared);
        var successor = token.Successor();
        var rotation = new Rotation
        {
            Grant = grant,
            Hash = token.Hash,
            FamilyHash = token.Token?.FamilyHash,
            Generation = token.Token?.Generation,
            ClientId = client.Id,
            Token = prepared?.Facts,
            SuccessorHash = successor.Hash,
            SuccessorFamilyHash = successor.FamilyHash,
            SuccessorSealed = successor.Seal(token.Secret),
            IdleUntil = now.AddSeconds(client.Row.RefreshIdleSeconds),
            RetrySince = settings.RetryWindowSeconds == 0 ? null : now.AddSeconds(-settings.RetryWindowSeconds),
            ReplayEndsGrant = client.IsPublic || settings.StrictReuse,
            Proofs = request.Proofs,
            ProvenBy = request.By.ProvenBy,
            Jkt = request.Jkt,
            KeyStays = client.IsPublic,
            Note = request.By.Note,
            Now = now,
            RequestId = request.Context.RequestId,
            Address = request.Context.Address,
        };
        if (await refreshTokens.RotateAsync(rotation) is not { } found) return NoSuchToken();
        if (ProofRefusals.Of(found.UsedBefore) is { } used) return used;
        if (found is { Rotated: false, Retried: false } || prepared is null) return Refusal(found, rotation, problem);
        await tokens.NoteAsync(prepared, client, grant, request.Context);
        return prepared.Response with
        {
            // On a retry the end that is stored with the successor: sending it again makes it no younger.
            RefreshToken = found.Rotated
                ? IssuedRefreshToken.At(now, successor.At(found.Generation).Text, rotation.IdleUntil, grant.ExpiresAt)
                : IssuedRefreshToken.At(
                    now, token.SuccessorOf(found.SuccessorSealed!, found.Generation), found.IdleUntil!.Value, found.ExpiresAt),
        };

        async Task<Result<PreparedTokens>> PrepareAsync()
        {
            if (TokenParameters.Scope(parameters).Refused(out var error, out var scope)) return error;
            var wishes = new TokenWishes { Resources = parameters.Resources, Scope = scope, Offline = true, Jkt = request.Jkt };
            return await tokens.PrepareAsync(client, grant, await resources.ReadAsync(cancel), wishes, now);
        }
    }

    private static OAuthError NoSuchToken() =>
        OAuthError.InvalidGrant("no such refresh token", "RFC 6749 §6", "a refresh token this server issued");

    // The private reason, from the row as it stood under the statement's lock.
    private static OAuthError Refusal(RotatedToken found, Rotation rotation, OAuthError? problem)
    {
        const string section = "RFC 6749 §6";
        if (found.ClientId != rotation.ClientId)
            return OAuthError.InvalidGrant("another client's refresh token", section, found.ClientId, rotation.ClientId);
        if (!found.ProofFits)
            return OAuthError.InvalidClient("the grant was redeemed with an assertion, and none came", "RFC 9700 §2.5",
                "a client assertion at every refresh", "none");
        if (!found.KeyFits)
            return OAuthError.InvalidGrant("the refresh token is bound to another key", "RFC 9449 §5", "a proof by that key",
                "another, or none");
        if (found.Replayed) return GrantTokens.AuditedReplay("a superseded refresh token was used", "RFC 9700 §4.14.2");
        if (found.EndedReason is { } ended)
            return OAuthError.InvalidGrant($"the grant has ended: {ended}", section, "a living grant", ended);
        if (found is { Live: false, Again: false })
            return OAuthError.InvalidGrant(
                "the refresh token is newer than the database knows, as after a restore; nothing is revoked", section,
                $"the newest token, generation {found.Generation}", $"generation {rotation.Generation}");
        if (found.ExpiresAt <= rotation.Now)
            return OAuthError.InvalidGrant("the consent has run out", section, $"used before {found.ExpiresAt:u}", $"{rotation.Now:u}");
        if (found.IdleUntil <= rotation.Now)
            return OAuthError.InvalidGrant(
                "the refresh token was idle too long", section, $"used before {found.IdleUntil:u}", $"{rotation.Now:u}");
        return problem ?? OAuthError.ServerError("a refresh token that could be rotated was not");
    }
}
