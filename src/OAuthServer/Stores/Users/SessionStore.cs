using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>A live session with the person it belongs to.</summary>
public sealed record SessionRow
{
    public required byte[] IdHash { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Role { get; init; }

    /// <summary>When the person proved who they are; at a company, that may have been long before.</summary>
    public required DateTimeOffset AuthenticatedAt { get; init; }

    /// <summary>When it began here.</summary>
    public required DateTimeOffset BeganAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What its id_tokens call it; no key to the session.</summary>
    public required Guid Sid { get; init; }

    /// <summary>aal1 or aal2 (NIST SP 800-63B).</summary>
    public required string Acr { get; init; }

    /// <summary>How the person signed in (RFC 8176).</summary>
    public required string[] Amr { get; init; }

    /// <summary>The sign-in provider it began at; null: here.</summary>
    public required string? Idp { get; init; }

    /// <summary>Stays when the browser closes, and does not idle away.</summary>
    public required bool Remembered { get; init; }

    /// <summary>Whether the person can prove who they are by a password.</summary>
    public required bool HasPassword { get; init; }

    /// <summary>users.second_factor: whether they sign in with a second factor whatever the settings say.</summary>
    public required bool SecondFactorRequired { get; init; }

    /// <summary>
    /// Whom the audit log names for what is done here: admin:olivia, and of anybody else the subject: no name stays once they are gone.
    /// </summary>
    public string Actor => Role == "admin" ? $"admin:{Username}" : $"user:{Subject}";
}

/// <summary>A session that begins.</summary>
public sealed record NewSession
{
    /// <summary>SHA-256 of its id.</summary>
    public required byte[] Id { get; init; }

    /// <summary>SHA-256 of the id of the browser's session until now, which ends; or null.</summary>
    public required byte[]? Previous { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>The stored hash that a password was compared with: another by now, and no session begins. Null: no password was.</summary>
    public required string? PasswordHash { get; init; }
    public required string Acr { get; init; }
    public required string[] Amr { get; init; }
    public required string? Idp { get; init; }

    /// <summary>When the person proved who they are, where that was before now; null: now.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>When it ends at the latest.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it ends if it is remembered, which no administrator's is; null: it is not.</summary>
    public required DateTimeOffset? RememberedUntil { get; init; }
    public required string Agent { get; init; }

    /// <summary>What the audit log says of it: password, say.</summary>
    public required string How { get; init; }
}

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
        ), person as (
            select subject, @RememberedUntil::timestamptz is not null and role <> 'admin' as remembered
              from users
             where subject = @Subject and enabled and (@PasswordHash::text is null or password_hash = @PasswordHash)
               and (@Idp::text is null or exists (select from provider)) for share
        ), ended as (
            delete from sessions where id_hash = @Previous and exists (select from person) and {Named} returning sid, subject
        ), started as (
            insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent, sid, acr, amr, idp,
                                  remembered, began_at)
            select @Id, subject, least(@AuthenticatedAt::timestamptz, @now), @now,
                   case when remembered then @RememberedUntil else @ExpiresAt end, @address, @Agent,
                   coalesce((select sid from ended where ended.subject = person.subject), gen_random_uuid()), @Acr, @Amr, @Idp, remembered,
                   @now
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
               s.acr, s.amr, s.idp, s.remembered, u.password_hash is not null, u.second_factor is not null, s.began_at
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
    };

    private sealed record Presented(byte[] Id, DateTimeOffset IdleSince, DateTimeOffset Now);
}
