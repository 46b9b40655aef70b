using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Tokens;

namespace OAuthServer.Token;

/// <summary>
/// RFC 6749 §6 with rotation (RFC 9700 §4.14.2): each refresh token is exchanged once. A lost answer, or a second process of the
/// same client, gets the same successor again inside a short window; any other second use is a replay, whatever scope or resource
/// it names. The access token is made before anything is consumed.
/// </summary>
public sealed class RefreshTokenGrant(RefreshTokenStore refreshTokens, ResourceDirectory resources, AccessTokens tokens, Settings settings, TimeProvider time) : IGrant
{
    public GrantType Type => GrantType.RefreshToken;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (parameters["refresh_token"] is not { } presented)
            return OAuthError.InvalidRequest("refresh_token is required", "no refresh_token came", "RFC 6749 §6", "refresh_token");
        var hash = OpaqueToken.Hash(presented);
        if (await refreshTokens.FindAsync(hash, cancel) is not { } grant)
            return OAuthError.InvalidGrant("no such refresh token", "RFC 6749 §6", "a refresh token this server issued");

        var now = time.GetUtcNow();
        Prepare(await resources.ReadAsync(cancel)).Refused(out var problem, out var prepared);
        var successor = OpaqueToken.Mint();
        var rotation = new Rotation
        {
            Hash = hash,
            ClientId = client.Id,
            Token = prepared?.Facts,
            SuccessorHash = OpaqueToken.Hash(successor),
            SuccessorSealed = OpaqueToken.Seal(presented, successor),
            IdleUntil = now.AddSeconds(client.Row.RefreshIdleSeconds),
            RetrySince = settings.RetryWindowSeconds == 0 ? null : now.AddSeconds(-settings.RetryWindowSeconds),
            ReplayEndsGrant = client.IsPublic || settings.StrictReuse,
            Now = now,
            RequestId = request.Context.RequestId,
            Address = request.Context.Address,
        };
        if (await refreshTokens.RotateAsync(rotation) is not { } found)
            return OAuthError.InvalidGrant("no such refresh token", "RFC 6749 §6", "a refresh token this server issued");
        if (found is { Rotated: false, Retried: false } || prepared is null) return Refusal(found, rotation, problem);
        return prepared.Response with { RefreshToken = found.Retried ? OpaqueToken.Unseal(presented, found.SuccessorSealed!) : successor };

        Result<PreparedToken> Prepare(ResourceDirectory.Snapshot catalog)
        {
            if (TokenParameters.Scope(parameters).Refused(out var error, out var scope)) return error;
            if (catalog.Within(client, grant.Resources, grant.Scope, parameters.Resources, scope).Refused(out error, out var target)) return error;
            var offline = grant.OfflineRequested && (scope.Length == 0 || scope.Contains(Scope.OfflineAccess));
            return GrantTokens.Prepare(tokens, client, grant, target, offline, now);
        }
    }

    // The private reason, from the row as it stood under the statement's lock.
    private static OAuthError Refusal(RotatedToken found, Rotation asked, OAuthError? problem)
    {
        const string section = "RFC 6749 §6";
        if (found.ClientId != asked.ClientId) return OAuthError.InvalidGrant("another client's refresh token", section, found.ClientId, asked.ClientId);
        if (found.Replayed) return GrantTokens.AuditedReplay("a superseded refresh token was used", "RFC 9700 §4.14.2");
        if (found.EndedReason is { } ended) return OAuthError.InvalidGrant($"the grant has ended: {ended}", section, "a living grant", ended);
        if (found.ExpiresAt <= asked.Now || found.GrantExpiresAt <= asked.Now)
            return OAuthError.InvalidGrant(found.GrantExpiresAt <= asked.Now ? "the consent has run out" : "the refresh token was idle too long", section, $"used before {(found.GrantExpiresAt < found.ExpiresAt ? found.GrantExpiresAt : found.ExpiresAt):u}", $"{asked.Now:u}");
        return problem ?? OAuthError.ServerError("a refresh token that could be rotated was not");
    }
}
