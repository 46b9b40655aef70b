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

        string[] identity = grant.Sid is null ? [] : catalog.IdentityOf(client, grant.Scope, wishes.Scope);
        string[] disclosed = [.. catalog.ClaimsOf(target.Resource).Where(claim => grant.Disclosed.Contains($"{target.Resource} {claim}"))];
        // Another client's code is the statement's to refuse.
        var needsPerson = grant.ClientId == client.Id && (disclosed.Length > 0 || (identity.Length > 0 && client.Row.IdTokenClaims));
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
            Jkt = wishes.Jkt,
        };
        var told = person is null ? default : new ToldOfPerson(person, disclosed);
        if (tokens.Issue(claims, told).Refused(out error, out var token)) return error;
        IssuedIdToken? idToken = null;
        if (identity.Length > 0 && idTokens.Issue(client.Row.IdTokenAlg, new IdTokenClaims
        {
            Subject = grant.Subject,
            ClientId = client.Id,
            IssuedAt = now,
            AuthTime = grant.AuthTime!.Value,
            Nonce = wishes.WithNonce ? grant.Nonce : null,
            Sid = grant.Sid!.Value,
            Acr = grant.Acr!,
            Amr = grant.Amr ?? [],
            AccessToken = token,
            Scope = identity,
            Person = client.Row.IdTokenClaims ? person : null,
            Rules = catalog.ClaimRules,
        }).Refused(out error, out idToken)) return error;

        // When the client requested offline_access and has it, as strict clients compare what they requested with what they got.
        // It is never in the token.
        var offline = wishes.Offline && grant.OfflineRequested
            && (wishes.Scope.Length == 0 || wishes.Scope.Contains(Scope.OfflineAccess));
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
            LeftOut = idToken?.LeftOut ?? (person is null ? null : PersonClaims.TooLong(person, disclosed)),
        };
    }

    /// <summary>Says in the audit log what the tokens had no room for.</summary>
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
            Detail = $"no room in the token for {what}: see userinfo",
        });
    }

    /// <summary>A replay whose audit row the deciding statement has written already.</summary>
    internal static OAuthError AuditedReplay(string reason, string rule) => OAuthError.InvalidGrant(
        reason, rule) with
    { Replayed = true };
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

    /// <summary>The key the access token is bound to; null: none.</summary>
    public string? Jkt { get; init; }

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

    /// <summary>What the tokens have no room for; null: nothing.</summary>
    public required string? LeftOut { get; init; }
}
