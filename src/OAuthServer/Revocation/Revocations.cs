using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores;
using OAuthServer.Tokens;

namespace OAuthServer.Revocation;

/// <summary>Ending tokens (RFC 7009) and telling whether one still holds (RFC 7662).</summary>
public sealed class Revocations(AccessTokens tokens, RefreshTokenStore refreshTokens, RevokedTokenStore revokedTokens, TimeProvider time)
{
    /// <summary>
    /// RFC 7009 §2.1: an access token goes on the list, its refresh token lives; a refresh token ends its grant, the family and
    /// their access tokens. Unknown tokens, and other clients', revoke nothing and look the same from outside. Durable on return.
    /// </summary>
    public async Task RevokeAsync(string token, string client, RequestContext request)
    {
        var now = time.GetUtcNow();
        if (await tokens.ReadAsync(token, now) is { } claims)
        {
            if (claims.ClientId == client)
                await revokedTokens.RevokeAsync(claims.Jti, client, claims.Audience, claims.Grant, claims.ExpiresAt, request.RequestId, request.Address, now);
            return;
        }

        await refreshTokens.RevokeAsync(OpaqueToken.Hash(token), client, request.RequestId, request.Address, now);
    }

    /// <summary>
    /// RFC 7662 §2.2: the claims of a live access token; null for everything else: expired, revoked, of an ended grant, of a
    /// client disabled or gone, refresh tokens, codes, other people's tokens.
    /// </summary>
    public async Task<AccessTokenClaims?> LiveAsync(string token)
    {
        var now = time.GetUtcNow();
        return await tokens.ReadAsync(token, now) is { } claims
            && await revokedTokens.StateAsync(new TokenQuestion(claims.Jti, claims.Grant, claims.ClientId, claims.IssuedAt, now)) is { Revoked: false, GrantLives: true, ClientLives: true }
                ? claims
                : null;
    }
}
