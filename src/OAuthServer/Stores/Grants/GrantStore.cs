using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What one person allowed one client, about to be written with its code.</summary>
public sealed record NewGrant
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>SHA-256 over all that makes the request: the same request sent twice is one grant.</summary>
    public required byte[] Fingerprint { get; init; }
    public required string RedirectUri { get; init; }
    public required string CodeChallenge { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool Offline { get; init; }

    /// <summary>Whether the client requested offline_access by name.</summary>
    public bool OfflineRequested { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required byte[] CodeHash { get; init; }
    public required DateTimeOffset CodeExpiresAt { get; init; }

    /// <summary>The session that allows it, which must still be there when the person's row is locked; null: granted by other means.</summary>
    public byte[]? SessionHash { get; init; }

    /// <summary>The stored request this answers; null when nothing had to be asked.</summary>
    public byte[]? PendingRequestHash { get; init; }
    public byte[]? BrowserHash { get; init; }

    /// <summary>Where the browser is sent, readable only with what it presents; null when nothing had to be asked.</summary>
    public byte[]? AnswerSealed { get; init; }

    /// <summary>The consent it stands on when nobody was asked, which must still be there; null: the person was asked.</summary>
    public byte[]? RememberedKey { get; init; }

    /// <summary>Consent to remember; null for none.</summary>
    public byte[]? ConsentKey { get; init; }
    public required string[] ConsentScope { get; init; }

    /// <summary>Until when it is remembered; null: until it is taken back.</summary>
    public DateTimeOffset? ConsentExpiresAt { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>grants: ending access is one mark here.</summary>
public sealed class GrantStore(Database database)
{
    /// <summary>
    /// Spends the ticket, makes or finds the grant, stores the code and the consent, and says so in the audit log; nothing of it
    /// happens when the ticket is spent, expired or another browser's, or when the person has been disabled or signed out everywhere.
    /// </summary>
    public const string AllowSql = """
        with person as (
            select subject from users where subject = @Subject and enabled for share
        ), session as (
            select s.subject from person p join sessions s on s.subject = p.subject where s.id_hash = @SessionHash for share of s
        ), signed_in as (
            select subject from person where @SessionHash::bytea is null union all select subject from session
        ), remembered as (
            select key from consents where subject = @Subject and key = @RememberedKey for share
        ), ticket as (
            update authorization_requests set consumed_at = @now, answer_sealed = @AnswerSealed
             where id_hash = @PendingRequestHash and browser_hash = @BrowserHash and consumed_at is null and expires_at > @now
               and exists (select from signed_in) and (@RememberedKey::bytea is null or exists (select from remembered))
            returning id_hash
        ), allowed as (
            select subject from signed_in
             where (@PendingRequestHash::bytea is null or exists (select from ticket)) and (@RememberedKey::bytea is null or exists (select from remembered))
        ), allow as (
            insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, offline_requested, created_at, expires_at)
            select @Id, @ClientId, subject, @Fingerprint, @RedirectUri, @CodeChallenge, @Scope, @Resources, @Offline, @OfflineRequested, @now, @ExpiresAt from allowed
            on conflict (fingerprint) where ended_at is null do update set expires_at = excluded.expires_at
            returning id
        ), code as (
            insert into codes (hash, grant_id, issued_at, expires_at) select @CodeHash, id, @now, @CodeExpiresAt from allow
        ), consent as (
            insert into consents (subject, client_id, redirect_uri, resources, scope, given_at, expires_at, key)
            select subject, @ClientId, @RedirectUri, @Resources, @ConsentScope, @now, @ConsentExpiresAt::timestamptz, @ConsentKey from allowed where @ConsentKey::bytea is not null
            on conflict (subject, key) do update set scope = excluded.scope, given_at = excluded.given_at, expires_at = excluded.expires_at
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @RequestId, 'code', 'ok', @ClientId, @Subject::text, id, @Address,
                   'scope=' || array_to_string(@Scope, ' ') || ' resource=' || array_to_string(@Resources, ' ') || case when @ConsentKey::bytea is null then ' remembered consent' else ' consent given' end
              from allow
        )
        select id from allow
        """;

    /// <summary>The grant's id, or null when the ticket could not be spent, or what was remembered is revoked.</summary>
    public async Task<Guid?> AllowAsync(NewGrant grant, DateTimeOffset now) =>
        await database.FindAsync<Guid?>(AllowSql, new
        {
            grant.Id,
            grant.ClientId,
            grant.Subject,
            grant.Fingerprint,
            grant.RedirectUri,
            grant.CodeChallenge,
            grant.Scope,
            grant.Resources,
            grant.Offline,
            grant.OfflineRequested,
            ExpiresAt = grant.ExpiresAt.UtcDateTime,
            grant.CodeHash,
            CodeExpiresAt = grant.CodeExpiresAt.UtcDateTime,
            grant.SessionHash,
            grant.PendingRequestHash,
            grant.BrowserHash,
            grant.AnswerSealed,
            grant.ConsentKey,
            grant.RememberedKey,
            grant.ConsentScope,
            ConsentExpiresAt = grant.ConsentExpiresAt?.UtcDateTime,
            grant.RequestId,
            grant.Address,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string SweepSql = """
        delete from grants where id in (
            select id from grants
             where expires_at < @now::timestamptz - interval '1 day' or ended_at < @now::timestamptz - interval '30 days'
                or (activated_at is null and created_at < @now::timestamptz - interval '1 day')
             limit 500)
        """;

    /// <summary>Removes a small batch of grants that are long over; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
