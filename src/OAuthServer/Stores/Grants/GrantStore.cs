using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What one person allowed one client, about to be written with its code.</summary>
public sealed record NewGrant
{
    /// <summary>UUIDv7, unless the same request has made one already.</summary>
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>SHA-256 over all that makes the request: the same request sent twice is one grant.</summary>
    public required byte[] Fingerprint { get; init; }
    public required string RedirectUri { get; init; }
    public required string CodeChallenge { get; init; }

    /// <summary>The key its code is bound to (RFC 9449 §10); null: that of the redemption.</summary>
    public string? Jkt { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool Offline { get; init; }

    /// <summary>Whether the client requested offline_access by name.</summary>
    public bool OfflineRequested { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Of the code's secret.</summary>
    public required byte[] CodeHash { get; init; }
    public required DateTimeOffset CodeExpiresAt { get; init; }

    /// <summary>
    /// The session that allows it, which must still be there when the person's row is locked; null: granted by other means.
    /// </summary>
    public byte[]? SessionHash { get; init; }

    /// <summary>The stored request this answers; null when nothing had to be asked.</summary>
    public byte[]? PendingRequestHash { get; init; }
    public byte[]? BrowserHash { get; init; }

    /// <summary>
    /// Where the browser is sent, which depends on the grant's id, readable only with what it presents; null when nothing had to be
    /// asked.
    /// </summary>
    public Func<Guid, byte[]>? Answer { get; init; }

    /// <summary>
    /// The consent it stands on when nobody was asked, which must still be there and allow as much; null: the person was asked.
    /// </summary>
    public byte[]? RememberedKey { get; init; }

    /// <summary>Consent to remember; null for none.</summary>
    public byte[]? ConsentKey { get; init; }
    public required string[] ConsentScope { get; init; }

    /// <summary>Until when it is remembered; null: until it is taken back.</summary>
    public DateTimeOffset? ConsentExpiresAt { get; init; }
    /// <summary>Whether the request named a resource.</summary>
    public bool ResourceNamed { get; init; } = true;

    /// <summary>Nobody was asked and nothing is remembered: an app of the operator's own, which it must still be.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>Whether it has id_tokens: then what the session says of the sign-in is kept.</summary>
    public bool HasIdTokens { get; init; }
    public string? Nonce { get; init; }

    /// <summary>What the person was told APIs see of them: the resource, a blank, the claim.</summary>
    public string[] Disclosed { get; init; } = [];

    /// <summary>What agents may do with it elsewhere, as <see cref="OnwardRule.Write"/> has it.</summary>
    public string Onward { get; init; } = "[]";
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>grants: ending access is one mark here.</summary>
public sealed class GrantStore(Database database)
{
    private const int MostAttempts = 5;

    /// <summary>
    /// Spends the pending request, makes the grant with its code, stores the consent, and says so in the audit log; nothing of it
    /// happens when the request is spent, expired or another browser's, or when the person has been disabled or signed out everywhere.
    /// An app that will get id_tokens is put on the list of who is told when the sign-in ends, under the session's lock.
    /// Before it is redeemed, the same request puts its new code in the place of the old one. Afterwards it makes a new grant; the old
    /// one gives up its fingerprint, and an earlier end holds for it, too.
    /// </summary>
    public const string AllowSql = """
        with person as (
            select subject from users where subject = @Subject and enabled for share
        ), session as (
            select s.subject, s.authenticated_at, s.sid, s.acr, s.amr, s.idp
              from person p join sessions s on s.subject = p.subject where s.id_hash = @SessionHash for share of s
        ), signed_in as (
            select subject from person where @SessionHash::bytea is null union all select subject from session
        ), remembered as (
            select key from consents
             where subject = @Subject and key = @RememberedKey and @Scope <@ scope and onward = @Onward::jsonb
               for share
        ), pending as (
            update authorization_requests set consumed_at = @now
             where id_hash = @PendingRequestHash and browser_hash = @BrowserHash and consumed_at is null and expires_at > @now
               and exists (select from signed_in) and (@RememberedKey::bytea is null or exists (select from remembered))
            returning id_hash
        ), allowed as (
            select subject from signed_in
             where (@PendingRequestHash::bytea is null or exists (select from pending))
               and (@RememberedKey::bytea is null or exists (select from remembered))
               and (not @IsTrusted or exists (select from clients where client_id = @ClientId and trusted))
        ), redeemed_before as (
            update grants set fingerprint = null, expires_at = least(expires_at, @ExpiresAt)
             where fingerprint = @Fingerprint and ended_at is null and activated_at is not null and exists (select from allowed)
            returning id
        ), allow as (
            insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline,
                                offline_requested, created_at, expires_at, code_hash, code_expires_at, resource_named, disclosed, nonce,
                                onward, auth_time, sid, acr, amr, idp, jkt)
            select @Id, @ClientId, allowed.subject, @Fingerprint, @RedirectUri, @CodeChallenge, @Scope, @Resources, @Offline,
                   @OfflineRequested, @now, @ExpiresAt, @CodeHash, @CodeExpiresAt, @ResourceNamed, @Disclosed, @Nonce, @Onward::jsonb,
                   s.authenticated_at, s.sid, s.acr, s.amr, (select idp from session), @Jkt
              from allowed left join session s on @HasIdTokens where (select count(*) from redeemed_before) >= 0
            on conflict (fingerprint) where ended_at is null do update
               set expires_at = excluded.expires_at, code_hash = excluded.code_hash, code_expires_at = excluded.code_expires_at,
                   wrong_verifiers = 0, auth_time = excluded.auth_time, sid = excluded.sid, acr = excluded.acr, amr = excluded.amr,
                   idp = excluded.idp
             where grants.activated_at is null
            returning id
        ), informed as (
            insert into session_clients (sid, client_id, subject) select s.sid, @ClientId, s.subject from session s
             where @HasIdTokens and exists (select from allow)
            on conflict do nothing
        ), consent as (
            insert into consents (subject, client_id, redirect_uri, resources, scope, given_at, expires_at, key, onward)
            select subject, @ClientId, @RedirectUri, @Resources, @ConsentScope, @now, @ConsentExpiresAt::timestamptz, @ConsentKey,
                   @Onward::jsonb
              from allowed where @ConsentKey::bytea is not null
            on conflict (subject, key) do update
               set scope = excluded.scope, given_at = excluded.given_at, expires_at = excluded.expires_at, onward = excluded.onward
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @RequestId, 'code', 'ok', @ClientId, @Subject::text, id, @Address,
                   'scope=' || array_to_string(@Scope, ' ') || ' resource=' || array_to_string(@Resources, ' ')
                   || case when @ConsentKey::bytea is not null then ' consent given'
                      when @RememberedKey::bytea is not null then ' remembered consent' else ' trusted client' end
              from allow
        )
        select exists (select from allowed) as is_allowed, (select id from allow) as id
        """;

    public const string AnswerSql = "update authorization_requests set answer_sealed = @answer where id_hash = @request";

    /// <summary>The grant's id, or null when the pending request could not be spent, or what was remembered is revoked or less.</summary>
    public async Task<Guid?> AllowAsync(NewGrant grant, DateTimeOffset now)
    {
        for (var attempts = 0; attempts < MostAttempts; attempts++)
        {
            var made = await database.TransactAsync(edit => AllowAsync(edit, grant, now), made => made.Id is not null);
            if (made.Id is not null || !made.IsAllowed) return made.Id;
            // The code of the same request was being redeemed: taken back, and now that is known.
        }

        throw new TimeoutException("the same request is allowed and redeemed again and again");
    }

    private static async Task<Made> AllowAsync(Transaction edit, NewGrant grant, DateTimeOffset now)
    {
        var made = (await edit.FindAsync<Made>(AllowSql, new
        {
            grant.Id,
            grant.ClientId,
            grant.Subject,
            grant.Fingerprint,
            grant.RedirectUri,
            grant.CodeChallenge,
            grant.Jkt,
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
            grant.ConsentKey,
            grant.RememberedKey,
            grant.ConsentScope,
            ConsentExpiresAt = grant.ConsentExpiresAt?.UtcDateTime,
            grant.ResourceNamed,
            grant.HasIdTokens,
            grant.IsTrusted,
            grant.Nonce,
            grant.Disclosed,
            grant.Onward,
            grant.RequestId,
            grant.Address,
            now = now.UtcDateTime,
        }))!;
        if (made.Id is { } id && grant.Answer is { } answer)
            await edit.ExecuteAsync(AnswerSql, new { request = grant.PendingRequestHash, answer = answer(id) });
        return made;
    }

    private sealed record Made
    {
        public required bool IsAllowed { get; init; }
        public required Guid? Id { get; init; }
    }
}
