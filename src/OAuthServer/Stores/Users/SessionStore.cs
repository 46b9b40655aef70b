using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>sessions: browser sessions by the hash of their id.</summary>
public sealed class SessionStore(Database database)
{
    /// <summary>
    /// True, and names the request and its address in the audit rows of triggers: of the grants that end with a session, say.
    /// </summary>
    internal const string Named =
        "set_config('oauth.request_id', @request, true) || set_config('oauth.address', coalesce(@address::text, ''), true) is not null";

    private readonly SharedRead<Presented, SessionRow> presented = new("session", database, FindSql, keys =>
    {
        keys.AddBytes("id", one => one.Id);
        keys.AddTime("idle_since", one => one.IdleSince);
        keys.AddTime("now", one => one.Now);
    }, Read);

    public const string StartSql = $"""
        with provider as (
            select id from identity_providers where id = @Idp and enabled for share
        ), previous as (
            -- One that was ended a moment ago does not come back under another id.
            select subject, expires_at from sessions where id_hash = @Previous for update
        ), person as (
            select subject, @RememberedUntil::timestamptz is not null and role <> 'admin' as remembered
              from users
             where subject = @Subject and enabled and (@PasswordHash::text is null or password_hash = @PasswordHash)
               and (@Idp::text is null or exists (select from provider))
               and (not @Continues or exists (select from previous where previous.subject = @Subject)) for share
        ), ended as (
            delete from sessions where id_hash = @Previous and exists (select from person) and {Named} returning sid, subject
        ), started as (
            insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent, sid, acr, amr, idp,
                                  remembered, began_at, confirmed_at)
            select @Id, subject, least(@AuthenticatedAt::timestamptz, @now), @now,
                   least(case when remembered then @RememberedUntil else @ExpiresAt end,
                         case when @Continues and @AuthenticatedAt is not null then (select expires_at from previous) end),
                   @address, @Agent,
                   coalesce((select sid from ended where ended.subject = person.subject), gen_random_uuid()), @Acr, @Amr, @Idp, remembered,
                   @now, @ConfirmedAt
              from person
            returning subject, remembered
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'sign-in', 'ok', subject::text, @address, @How from started
        )
        select remembered from started
        """;

    /// <summary>
    /// A new session under a new id; the browser's previous one ends, and its sid lives on if it was the same person's. Whether it is
    /// remembered; null when the person was disabled meanwhile, or has another password now, or the provider they came by was disabled.
    /// </summary>
    public Task<bool?> StartAsync(NewSession session, string address, string request, DateTimeOffset now) =>
        database.FindAsync<bool?>(StartSql, new
        {
            session.Id,
            session.Previous,
            session.Subject,
            session.PasswordHash,
            session.Acr,
            session.Amr,
            session.Idp,
            AuthenticatedAt = session.AuthenticatedAt?.UtcDateTime,
            session.Continues,
            ConfirmedAt = session.ConfirmedAt?.UtcDateTime,
            ExpiresAt = session.ExpiresAt.UtcDateTime,
            RememberedUntil = session.RememberedUntil?.UtcDateTime,
            session.Agent,
            session.How,
            address,
            request,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string FindSql = """
        select requested.place::int, s.id_hash, s.subject, u.username, u.role, s.authenticated_at, s.last_seen_at, s.expires_at, s.sid,
               s.acr, s.amr, s.idp, s.remembered, u.password_hash is not null, u.second_factor is not null, s.began_at, s.confirmed_at
          from unnest(@id::bytea[], @idle_since::timestamptz[], @now::timestamptz[])
               with ordinality as requested (id, idle_since, now, place)
          join sessions s on s.id_hash = requested.id and not s.imported and s.expires_at > requested.now
           and (s.remembered or s.last_seen_at > requested.idle_since)
          join users u on u.subject = s.subject and u.enabled and not (s.remembered and u.role = 'admin')
        """;

    /// <summary>The session, unless it is over.</summary>
    public Task<SessionRow?> FindAsync(byte[] id, DateTimeOffset idleSince, DateTimeOffset now) =>
        presented.FindAsync(new Presented(id, idleSince, now));

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => presented.RunAsync(cancel);

    public const string ExchangeSql = """
        with exchanged as (
            update sessions s
               set id_hash = @id, imported = false, last_seen_at = @now, expires_at = least(s.expires_at, @expires), address = @address,
                   user_agent = @agent
             where s.id_hash = @earlier and s.imported and s.expires_at > @now
               and exists (select from users u where u.subject = s.subject and u.enabled)
            returning s.subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'sign-in', 'ok', subject::text, @address, 'a session of another server, imported' from exchanged
        )
        select exists (select from exchanged)
        """;

    /// <summary>
    /// A session that was imported gets an id of ours, once. It ends when it would have, and no later than one that begins now. False:
    /// there is none any more, or its person is disabled.
    /// </summary>
    /// <param name="id">SHA-256 of the new id.</param>
    /// <param name="earlier">SHA-256 of the other server's cookie.</param>
    public Task<bool> ExchangeAsync(byte[] id, byte[] earlier, DateTimeOffset expires, string address, string agent, string request,
        DateTimeOffset now) =>
        database.FindAsync<bool>(ExchangeSql,
            new { id, earlier, expires = expires.UtcDateTime, address, agent, request, now = now.UtcDateTime }, CancellationToken.None);

    public const string SeenSql = "update sessions set last_seen_at = @now where id_hash = @id";

    /// <summary>Keeps it from idling away.</summary>
    public Task SeenAsync(byte[] id, DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SeenSql, new { id, now = now.UtcDateTime }, cancel);

    public const string EndSql = $"""
        with ended as (
            delete from sessions where id_hash = @id and {Named} returning subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, address)
            select @now, @request, case when @client::text is null then 'sign-out' else 'end-session' end, 'ok', @client, subject::text,
                   @address
              from ended
        )
        select exists (select from ended)
        """;

    /// <summary>Ends this session only.</summary>
    /// <param name="client">The app that requested it; null: the person.</param>
    public Task EndAsync(byte[] id, string? client, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(EndSql, new { id, client, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string SweepSql = """
        with gone as materialized (
            select id_hash from sessions
             where (expires_at < @now or (last_seen_at < @idle_since and not imported and not remembered))
               and set_config('oauth.session_end', 'aged', true) is not null
             limit 500 for update skip locked
        )
        delete from sessions using gone where sessions.id_hash = gone.id_hash
        """;

    /// <summary>Removes a small batch of dead sessions, of whose end nobody is told; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, DateTimeOffset idleSince, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime, idle_since = idleSince.UtcDateTime }, cancel);

    private static SessionRow Read(NpgsqlDataReader row) => new()
    {
        IdHash = row.GetFieldValue<byte[]>(1),
        Subject = row.GetGuid(2),
        Username = row.GetString(3),
        Role = row.GetString(4),
        AuthenticatedAt = new DateTimeOffset(row.GetDateTime(5)),
        LastSeenAt = new DateTimeOffset(row.GetDateTime(6)),
        ExpiresAt = new DateTimeOffset(row.GetDateTime(7)),
        Sid = row.GetGuid(8),
        Acr = row.GetString(9),
        Amr = row.GetFieldValue<string[]>(10),
        Idp = row.IsDBNull(11) ? null : row.GetString(11),
        Remembered = row.GetBoolean(12),
        HasPassword = row.GetBoolean(13),
        SecondFactorRequired = row.GetBoolean(14),
        BeganAt = new DateTimeOffset(row.GetDateTime(15)),
        ConfirmedAt = row.IsDBNull(16) ? null : new DateTimeOffset(row.GetDateTime(16)),
    };

    private sealed record Presented(byte[] Id, DateTimeOffset IdleSince, DateTimeOffset Now);
}
