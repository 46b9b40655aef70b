using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Tokens;

namespace OAuthServer.Token;

/// <summary>What the two grants of a person's consent share: the access token that stands on it.</summary>
internal static class GrantTokens
{
    /// <summary>What the person allowed.</summary>
    public static Target TargetOf(PresentedGrant grant) => new(grant.Resources, grant.Scope);

    /// <summary>
    /// An access token that outlives neither its life nor the consent, made before anything is consumed; refused when less than a second
    /// of the consent is left.
    /// </summary>
    /// <param name="offline">
    /// Whether the reply names offline_access: when the client requested it and has it, as strict clients compare what they
    /// requested with what they got. It is never in the token.
    /// </param>
    public static Result<PreparedToken> Prepare(
        AccessTokens tokens, Client client, PresentedGrant grant, Target target, bool offline, DateTimeOffset now)
    {
        // Whole seconds (RFC 7519 §4.1.4): with less than one left, any token would outlive the consent.
        var life = Math.Min(client.Row.AccessTokenSeconds, (int)(grant.ExpiresAt - now).TotalSeconds);
        if (life < 1)
            return OAuthError.InvalidGrant(
                "the consent has run out", "RFC 6749 §5.2", $"used a second before {grant.ExpiresAt:u}, or earlier", $"{now:u}");
        var claims = new AccessTokenClaims
        {
            Subject = grant.Subject.ToString(),
            ClientId = client.Id,
            Audience = target.Resource,
            Scope = target.ScopeText,
            Jti = TimedId.NewJti(now),
            IssuedAt = now,
            ExpiresAt = now.AddSeconds(life),
            Grant = grant.Id,
        };
        if (tokens.Issue(claims).Refused(out var error, out var token)) return error;
        var named = offline ? $"{claims.Scope} {Scope.OfflineAccess}" : claims.Scope;
        return new PreparedToken
        {
            Response = new TokenResponse { AccessToken = token, ExpiresIn = life, Scope = named },
            Facts = new TokenFacts { Jti = claims.Jti, Resource = target.Resource, Scope = claims.Scope },
        };
    }

    /// <summary>A replay whose audit row the deciding statement has written already.</summary>
    public static OAuthError AuditedReplay(string reason, string rule) => OAuthError.InvalidGrant(
        reason, rule) with
    { Replayed = true };
}

/// <summary>An access token that nobody has yet.</summary>
internal sealed record PreparedToken
{
    /// <summary>The reply, but for its refresh token.</summary>
    public required TokenResponse Response { get; init; }

    /// <summary>What is recorded of it.</summary>
    public required TokenFacts Facts { get; init; }
}
