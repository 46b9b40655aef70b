using OAuthServer.Audit;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;

namespace OAuthServer.Tokens;

/// <summary>Ending tokens (RFC 7009) and telling whether one still holds (RFC 7662).</summary>
public sealed class Revocations(
    AccessTokens tokens, PresentedTokens presented, GrantRevocationStore grants, RevokedTokenStore revokedTokens, UserStore users,
    AuditLog audit, TimeProvider time)
{
    /// <summary>
    /// RFC 7009 §2.1: an access token goes on the list, its refresh token lives; a refresh token ends its grant, the family and
    /// their access tokens. Unknown tokens, and other clients', revoke nothing and look the same from outside; the audit log tells
    /// them apart. Durable on return.
    /// </summary>
    public async Task RevokeAsync(string token, string client, RequestContext request)
    {
        var now = request.At;
        if (await tokens.ReadAsync(token, now) is { } claims)
        {
            if (claims.ClientId != client) await NothingAsync("access token", client, claims.ClientId, claims.Grant, request, now);
            else if (!await revokedTokens.RevokeAsync(
                claims.Jti, client, claims.Audience, claims.Grant, claims.ExpiresAt, request.RequestId, request.Address, now))
                await NothingAsync("access token", client, client, claims.Grant, request, now);
            return;
        }

        // Whatever its generation: whoever has the family may end it. A code is no refresh token, and ends nothing here.
        var grant = (await presented.RefreshTokenAsync(token, CancellationToken.None))?.Grant;
        if (grant is null) await NothingAsync("unknown token", client, null, null, request, now);
        else if (!await grants.RevokeAsync(grant.Id, client, request.RequestId, request.Address, now))
            await NothingAsync("refresh token", client, grant.ClientId, grant.Id, request, now);
    }

    // One row for what revoked nothing. A client that tries another one's tokens is an operator's business.
    private Task NothingAsync(string what, string client, string? owner, Guid? grant, RequestContext request, DateTimeOffset now)
    {
        var foreign = owner is not null && owner != client;
        var why = foreign ? $"another client's {what}" : owner is null ? "unknown or expired" : $"{what} revoked before";
        return audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = request.RequestId,
            Event = AuditEvents.Revocation,
            Outcome = foreign ? "refused" : "ok",
            ClientId = client,
            GrantId = grant,
            Address = request.Address,
            Rule = "RFC 7009 §2.1",
            Reason = $"{why}: nothing is revoked",
            Expected = foreign ? owner : null,
            Got = foreign ? client : null,
        });
    }

    /// <summary>
    /// RFC 7662 §2.2: the claims of a live access token; null for everything else: expired, revoked, of an ended grant, of a
    /// client disabled or gone, refresh tokens, codes, other people's tokens.
    /// </summary>
    public async Task<AccessTokenClaims?> LiveAsync(string token)
    {
        var now = time.GetUtcNow();
        if (await tokens.ReadAsync(token, now) is not { } claims) return null;
        var question = new TokenQuestion(claims.Jti, claims.Grant, claims.ClientId, claims.IssuedAt, now) { Via = claims.Via };
        if (await revokedTokens.StateAsync(question) is not { Revoked: false, GrantLives: true, ClientLives: true, ChainLives: true })
            return null;
        // A grant ends with its person; another server's token has none here. No client has an id like a person's subject.
        return claims.EarlierIssuer is null || !Guid.TryParse(claims.Subject, out var person)
            || await users.IsEnabledAsync(person, CancellationToken.None) ? claims : null;
    }
}
