using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;
using OAuthServer.Tokens;
using Catalog = OAuthServer.Clients.ResourceDirectory.Snapshot;

namespace OAuthServer.Token;

/// <summary>What the two grants of a person's consent share: the tokens that stand on it.</summary>
public sealed class GrantTokens(AccessTokens tokens, IdTokens idTokens, PersonStore people, AuditLog audit)
{
    /// <summary>
    /// An access token that outlives neither its life nor the consent, with its id_token, made before anything is consumed; refused when
    /// less than a second of the consent is left.
    /// </summary>
    internal async Task<Result<PreparedTokens>> PrepareAsync(
        Client client, PresentedGrant grant, Catalog catalog, TokenWishes wishes, DateTimeOffset now)
    {
        var allowed = new Target(grant.Resources, grant.Scope);
        if (catalog.Within(client, allowed, wishes.Resources, wishes.Scope, grant.ResourceNamed).Refused(out var error, out var target))
            return error;
        // Whole seconds (RFC 7519 §4.1.4): with less than one left, any token would outlive the consent.
        var life = Math.Min(client.Row.AccessTokenSeconds, (int)(grant.ExpiresAt - now).TotalSeconds);
        if (life < 1)
            return OAuthError.InvalidGrant(
                "the consent has run out", "RFC 6749 §5.2", $"used a second before {grant.ExpiresAt:u}, or earlier", $"{now:u}");

        var hasIdToken = grant.Sid is not null && Wants(wishes.Scope, Scope.OpenId);
        string[] disclosed = [.. catalog.ClaimsOf(target.Resource).Where(claim => grant.Disclosed.Contains($"{target.Resource} {claim}"))];
        var needsPerson = disclosed.Length > 0 || (hasIdToken && client.Row.IdTokenClaims);
        var person = needsPerson ? await people.FindAsync(grant.Subject, client.Id) : null;
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
        var told = person is null ? default : new ToldOfPerson(person, disclosed);
        if (tokens.Issue(claims, told).Refused(out error, out var token)) return error;
        IssuedIdToken? idToken = null;
        if (hasIdToken && IdToken(client, grant, catalog, wishes, token, person, now).Refused(out error, out idToken)) return error;

        // When the client requested offline_access and has it, as strict clients compare what they requested with what they got.
        // It is never in the token.
        var offline = wishes.Offline && grant.OfflineRequested && Wants(wishes.Scope, Scope.OfflineAccess);
        return new PreparedTokens
        {
            Response = new TokenResponse
            {
                AccessToken = token,
                ExpiresIn = life,
                Scope = offline ? $"{claims.Scope} {Scope.OfflineAccess}" : claims.Scope,
                IdToken = idToken?.Text,
            },
            Facts = new TokenFacts { Jti = claims.Jti, Resource = target.Resource, Scope = claims.Scope },
            LeftOut = idToken?.LeftOut,
        };
    }

    /// <summary>Says in the audit log what the id_token had no room for.</summary>
    internal async Task NoteAsync(PreparedTokens prepared, Client client, PresentedGrant grant, RequestContext context)
    {
        if (prepared.LeftOut is not { } what) return;
        await audit.WriteAsync(new AuditRow
        {
            At = context.At,
            RequestId = context.RequestId,
            Event = AuditEvents.Token,
            Outcome = "ok",
            ClientId = client.Id,
            Subject = grant.Subject.ToString(),
            Address = context.Address,
            Detail = $"the id_token has no room for {what}: they are at userinfo",
        });
    }

    /// <summary>A replay whose audit row the deciding statement has written already.</summary>
    internal static OAuthError AuditedReplay(string reason, string rule) => OAuthError.InvalidGrant(
        reason, rule) with
    { Replayed = true };

    private Result<IssuedIdToken> IdToken(Client client, PresentedGrant grant, Catalog catalog, TokenWishes wishes, byte[] accessToken,
        PersonRow? person, DateTimeOffset now) => idTokens.Issue(client.Row.IdTokenAlg, new IdTokenClaims
        {
            Subject = grant.Subject,
            ClientId = client.Id,
            IssuedAt = now,
            AuthTime = grant.AuthTime!.Value,
            Nonce = wishes.WithNonce ? grant.Nonce : null,
            Sid = grant.Sid!.Value,
            Acr = grant.Acr!,
            Amr = grant.Amr ?? [],
            AccessToken = accessToken,
            Scope = [.. grant.Scope.Where(one => Wants(wishes.Scope, one))],
            Person = client.Row.IdTokenClaims ? person : null,
            Rules = catalog.ClaimRules,
        });

    private static bool Wants(string[] scope, string one) => scope.Length == 0 || scope.Contains(one);
}

/// <summary>What a token request asks of a grant.</summary>
internal sealed record TokenWishes
{
    /// <summary>RFC 8707: at most one; none for the grant's first.</summary>
    public required IReadOnlyList<string> Resources { get; init; }

    /// <summary>A narrower scope; empty for the grant's.</summary>
    public string[] Scope { get; init; } = [];

    /// <summary>Whether the reply may name offline_access.</summary>
    public required bool Offline { get; init; }

    /// <summary>The nonce comes back once (OpenID Connect Core §12.2).</summary>
    public bool WithNonce { get; init; }
}

/// <summary>Tokens that nobody has yet.</summary>
internal sealed record PreparedTokens
{
    /// <summary>The reply, but for its refresh token.</summary>
    public required TokenResponse Response { get; init; }

    /// <summary>What is recorded of the access token.</summary>
    public required TokenFacts Facts { get; init; }

    /// <summary>What the id_token has no room for; null: nothing.</summary>
    public required string? LeftOut { get; init; }
}
