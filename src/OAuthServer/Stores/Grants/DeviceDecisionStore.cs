using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What one person allowed one device, about to become a grant.</summary>
public sealed record DeviceAllowance
{
    /// <summary>Of the request, and of the grant.</summary>
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }
    public required byte[] SessionHash { get; init; }
    public required byte[] PendingRequestHash { get; init; }
    public required byte[] BrowserHash { get; init; }

    /// <summary>Where the browser is sent, sealed.</summary>
    public required byte[] Answer { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool ResourceNamed { get; init; }
    public required bool Offline { get; init; }
    public required bool OfflineRequested { get; init; }
    public required bool HasIdTokens { get; init; }
    public required string[] Disclosed { get; init; }

    /// <summary>What agents may do with it elsewhere, as <see cref="OnwardRule.Write"/> has it.</summary>
    public required string Onward { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>device_requests, as a person answers them: the first answer stands.</summary>
public sealed class DeviceDecisionStore(Database database)
{
    // The person's page, then the device's request; each must still be open.
    private const string Answered = """
        answered as (
            update authorization_requests set consumed_at = @now, answer_sealed = @Answer
             where id_hash = @PendingRequestHash and browser_hash = @BrowserHash and device = @Id and consumed_at is null
               and expires_at > @now
        """;

    /// <summary>
    /// RFC 8628 §3.3: the request becomes a grant with the hash of its device code, under the locks of person and session. Who allows at
    /// the last moment leaves the device the time of one more poll.
    /// </summary>
    public const string AllowSql = $"""
        with person as (
            select subject from users where subject = @Subject and enabled for share
        ), session as (
            select s.subject, s.authenticated_at, s.sid, s.acr, s.amr, s.idp
              from person p join sessions s on s.subject = p.subject where s.id_hash = @SessionHash for share of s
        ), {Answered}
               and exists (select from session)
            returning id_hash
        ), request as (
            delete from device_requests
             where id = @Id and client_id = @ClientId and denied_at is null and expires_at > @now and exists (select from answered)
            returning id, code_hash, expires_at, poll_seconds, jkt
        ), allow as (
            insert into grants (id, kind, client_id, subject, scope, resources, offline, offline_requested, created_at, expires_at,
                                code_hash, code_expires_at, resource_named, disclosed, onward, jkt, auth_time, sid,
                                acr, amr, idp)
            select r.id, 'device', @ClientId, s.subject, @Scope, @Resources, @Offline, @OfflineRequested, @now, @ExpiresAt,
                   r.code_hash, greatest(r.expires_at, @now::timestamptz + make_interval(secs => r.poll_seconds + 5)),
                   @ResourceNamed, @Disclosed, @Onward::jsonb, r.jkt, case when @HasIdTokens then s.authenticated_at end,
                   case when @HasIdTokens then s.sid end, case when @HasIdTokens then s.acr end, case when @HasIdTokens then s.amr end,
                   s.idp
              from request r cross join session s
            returning id
        ), informed as (
            insert into session_clients (sid, client_id, subject) select s.sid, @ClientId, s.subject from session s
             where @HasIdTokens and exists (select from allow)
            on conflict do nothing
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @RequestId, 'device', 'ok', @ClientId, @Subject::text, id, @Address,
                   'allowed scope=' || array_to_string(@Scope, ' ') || ' resource=' || array_to_string(@Resources, ' ')
              from allow
        )
        select id from allow
        """;

    /// <summary>False, and nothing happened: somebody has answered it, it has expired, or the person is not signed in any more.</summary>
    public async Task<bool> AllowAsync(DeviceAllowance allowed, DateTimeOffset now) => await database.TransactAsync(
        edit => edit.FindAsync<Guid?>(AllowSql, new
        {
            allowed.Id,
            allowed.ClientId,
            allowed.Subject,
            allowed.SessionHash,
            allowed.PendingRequestHash,
            allowed.BrowserHash,
            allowed.Answer,
            allowed.Scope,
            allowed.Resources,
            allowed.ResourceNamed,
            allowed.Offline,
            allowed.OfflineRequested,
            allowed.HasIdTokens,
            allowed.Disclosed,
            allowed.Onward,
            ExpiresAt = allowed.ExpiresAt.UtcDateTime,
            allowed.RequestId,
            allowed.Address,
            now = now.UtcDateTime,
        }), made => made is not null) is not null;

    public const string DenySql = $"""
        with {Answered}
            returning id_hash
        ), denied as (
            update device_requests set denied_at = @now
             where id = @Id and denied_at is null and expires_at > @now and exists (select from answered)
            returning id
        )
        select id from denied
        """;

    /// <summary>The same with no: the device is told at its next poll. Nothing but the browser that typed the code is asked for.</summary>
    /// <param name="answer">Where the browser is sent, sealed.</param>
    public async Task<bool> DenyAsync(Guid id, byte[] pendingRequest, byte[] browser, byte[] answer, DateTimeOffset now) =>
        await database.TransactAsync(edit => edit.FindAsync<Guid?>(DenySql, new
        {
            Id = id,
            PendingRequestHash = pendingRequest,
            BrowserHash = browser,
            Answer = answer,
            now = now.UtcDateTime,
        }), denied => denied is not null) is not null;
}
