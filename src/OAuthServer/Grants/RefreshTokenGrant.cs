using OAuthServer.Clients;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores;
using OAuthServer.Tokens;

namespace OAuthServer.Grants;

/// <summary>
/// RFC 6749 §6 with rotation (RFC 9700 §4.14.2): each refresh token is exchanged once. A lost answer, or a second process of the
/// same client, gets the same successor again inside a short window; any other second use is a replay.
/// </summary>
public sealed class RefreshTokenGrant(RefreshTokenStore refreshTokens, ResourceDirectory resources, AccessTokens tokens, Settings settings, TimeProvider time) : IGrant
{
    public string GrantType => "refresh_token";

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (parameters["refresh_token"] is not { } presented)
            return OAuthError.InvalidRequest("refresh_token is required", "no refresh_token came", "RFC 6749 §6", "refresh_token");
        if (TokenParameters.Scope(parameters).Refused(out var error, out var asked)) return error;

        var known = await resources.ReadAsync(cancel);
        if (TokenParameters.WithinGrant(parameters, known).Refused(out error, out var resource)) return error;

        // offline_access is never in a grant's scope: asking for it again narrows nothing.
        var narrowed = asked.Where(scope => scope != Scope.OfflineAccess).ToArray();
        var now = time.GetUtcNow();
        var successor = OpaqueToken.Mint();
        var rotation = new Rotation
        {
            Hash = OpaqueToken.Hash(presented),
            ClientId = client.Id,
            Scope = narrowed.Length == 0 ? null : narrowed,
            Resource = resource.Uri,
            Enabled = known.Enabled,
            SuccessorHash = OpaqueToken.Hash(successor),
            SuccessorSealed = OpaqueToken.Seal(presented, successor),
            IdleUntil = now.AddSeconds(client.Row.RefreshIdleSeconds),
            RetrySince = settings.RetryWindowSeconds == 0 ? null : now.AddSeconds(-settings.RetryWindowSeconds),
            ReplayEndsGrant = client.IsPublic || settings.StrictReuse,
            Jti = AccessTokens.NewJti(),
            Now = now,
            RequestId = request.Context.RequestId,
            Address = request.Context.Address,
        };
        if (await refreshTokens.RotateAsync(rotation) is not { } found)
            return OAuthError.InvalidGrant("no such refresh token", "RFC 6749 §6", "a refresh token this server issued");
        if (found is { Rotated: false, Retried: false }) return Refusal(found, rotation);

        var next = found.Retried ? OpaqueToken.Unseal(presented, found.SuccessorSealed!) : successor;
        return GrantTokens.Answer(tokens, client, found.GrantId, found.Subject, Scope.Join(known.StillAllowed(client, rotation.Scope ?? found.Scope)), resource.Uri ?? found.Resources.First(known.Enabled.Contains),
            rotation.Jti, now, found.GrantExpiresAt, next);
    }

    // The private reason, from the row as it stood under the statement's lock.
    private static OAuthError Refusal(RotatedToken found, Rotation asked)
    {
        const string section = "RFC 6749 §6";
        if (found.ClientId != asked.ClientId) return OAuthError.InvalidGrant("another client's refresh token", section, found.ClientId, asked.ClientId);
        if (found.Replayed) return GrantTokens.AuditedReplay("a superseded refresh token was used", "RFC 9700 §4.14.2");
        if (found.EndedReason is { } ended) return OAuthError.InvalidGrant($"the grant has ended: {ended}", section, "a living grant", ended);
        if (found.ExpiresAt <= asked.Now || found.GrantExpiresAt <= asked.Now)
            return OAuthError.InvalidGrant(found.GrantExpiresAt <= asked.Now ? "the consent has run out" : "the refresh token was idle too long", section, $"used before {(found.GrantExpiresAt < found.ExpiresAt ? found.GrantExpiresAt : found.ExpiresAt):u}", $"{asked.Now:u}");
        if (asked.Scope is { } scope && !scope.All(found.Scope.Contains))
            return OAuthError.InvalidScope("a refresh can narrow the scope, not widen it", Scope.Join(found.Scope), Scope.Join(scope)) with { Rule = section };
        return OAuthError.InvalidTarget("the resource is not in the grant, or disabled", string.Join(' ', found.Resources), asked.Resource);
    }
}
