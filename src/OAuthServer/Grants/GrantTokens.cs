using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Grants;

/// <summary>What the two grants of a person's consent share: the tokens that stand on it.</summary>
internal static class GrantTokens
{
    /// <summary>An access token that outlives neither its life nor the consent, and the refresh token that goes with it.</summary>
    public static Result<TokenResponse> Answer(
        AccessTokens tokens, Client client, Guid grant, Guid subject, string scope, string resource, string jti, DateTimeOffset now, DateTimeOffset grantEnds, string? refresh)
    {
        var life = Math.Min(client.Row.AccessTokenSeconds, Math.Max(1, (int)(grantEnds - now).TotalSeconds));
        var issued = tokens.Issue(new AccessTokenClaims
        {
            Subject = subject.ToString(),
            ClientId = client.Id,
            Audience = resource,
            Scope = scope,
            Jti = jti,
            IssuedAt = now,
            ExpiresAt = now.AddSeconds(life),
            Grant = grant,
        });
        if (issued.Refused(out var error, out var token)) return error;
        return new TokenResponse { AccessToken = token, ExpiresIn = life, Scope = scope, RefreshToken = refresh };
    }

    /// <summary>A replay whose audit row the deciding statement has written already.</summary>
    public static OAuthError AuditedReplay(string reason, string rule) => OAuthError.InvalidGrant(reason, rule) with { AlreadyAudited = true };
}
