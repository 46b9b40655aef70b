using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>A session as the person it belongs to, or an administrator, sees it.</summary>
public sealed record OwnSessionRow
{
    public required byte[] IdHash { get; init; }
    public required DateTimeOffset AuthenticatedAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }
    public required string Address { get; init; }

    /// <summary>As the browser named itself.</summary>
    public required string UserAgent { get; init; }
}

/// <summary>A session as an operator sees it among all.</summary>
public sealed record SessionSummary
{
    public required byte[] IdHash { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required DateTimeOffset AuthenticatedAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required string Address { get; init; }
    public required string UserAgent { get; init; }
}

/// <summary>sessions, as the person they belong to, or an administrator, lists and ends them.</summary>
public sealed class OwnSessionStore(Database database, Replica replica)
{
    public const string ListSql = """
        select id_hash, authenticated_at, last_seen_at, address, user_agent from sessions
         where subject = @subject and expires_at > @now and (imported or remembered or last_seen_at > @idle_since)
         order by last_seen_at desc limit 100
        """;

    /// <summary>All that live, the last seen first; at most 100.</summary>
    public Task<List<OwnSessionRow>> ListAsync(Guid subject, DateTimeOffset idleSince, DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<OwnSessionRow>(ListSql, new { subject, idle_since = idleSince.UtcDateTime, now = now.UtcDateTime }, cancel);

    private const string Everybody = """
        select s.id_hash, s.subject, u.username, s.authenticated_at, s.last_seen_at, s.expires_at, s.address, s.user_agent
          from sessions s join users u on u.subject = s.subject

        """;
    private const string Live = "where s.expires_at > @now and (s.imported or s.remembered or s.last_seen_at > @idle_since) ";

    private const string Page = "order by s.expires_at desc, s.id_hash desc limit @limit";
    private const string Next = "and s.expires_at <= coalesce(@until::timestamptz, 'infinity') "
        + "and (@until is null or (s.expires_at, s.id_hash) < (@until, @after)) " + Page;

    public const string AllSql = Everybody + Live + Next;
    public const string OfPersonSql = Everybody + Live + "and s.subject = @subject " + Next;
    public const string FindSql = Everybody + "where s.id_hash between @first and @last order by s.id_hash limit 1";

    /// <summary>Those that live, of one person or of everybody: what ends last comes first. At the replica, where there is one.</summary>
    /// <param name="after">The last one of the page before; null: from the start.</param>
    public Task<List<SessionSummary>> ListAsync(
        Guid? subject, SessionSummary? after, int limit, DateTimeOffset idleSince, DateTimeOffset now, CancellationToken cancel) =>
        replica.ReadAsync(from => from.ListAsync<SessionSummary>(subject is null ? AllSql : OfPersonSql, new
        {
            subject,
            limit,
            idle_since = idleSince.UtcDateTime,
            now = now.UtcDateTime,
            until = after?.ExpiresAt.UtcDateTime,
            after = after?.IdHash,
        }, cancel), cancel);

    /// <summary>The session whose hash lies between these, or null.</summary>
    public Task<SessionSummary?> FindAsync(byte[] first, byte[] last, CancellationToken cancel) =>
        database.FindAsync<SessionSummary>(FindSql, new { first, last }, cancel);

    public const string CountSql = "select from sessions where expires_at > @now and (@subject::uuid is null or subject = @subject)";

    /// <summary>How many have not expired, of one person or of everybody, idle ones too.</summary>
    public Task<Figure> CountAsync(Guid? subject, DateTimeOffset now, CancellationToken cancel) =>
        replica.ReadAsync(from => from.CountAsync(CountSql, new { subject, now = now.UtcDateTime }, cancel), cancel);

    private const string Chosen = """
        (@first::bytea is null or (id_hash >= @first::bytea and id_hash <= @last::bytea))
               and (@first::bytea is not null or subject = @subject::uuid) and (@subject::uuid is null or subject = @subject::uuid)
        """;

    public const string WhoseSql = $"""
        select username from users join (select subject from sessions where {Chosen}) as chosen using (subject) order by username
        """;

    /// <summary>Whose sessions <see cref="EndAsync(byte[], byte[], Guid?, Author, DateTimeOffset)"/> would end, a name each.</summary>
    public Task<List<string>> WhoseAsync(byte[]? first, byte[]? last, Guid? subject, CancellationToken cancel) =>
        database.ListAsync<string>(WhoseSql, new { first, last, subject }, cancel);

    public const string EndByOperatorSql = $"""
        with ended as (
            delete from sessions where {Chosen} and {SessionStore.Named} and set_config('oauth.actor', @actor, true) is not null
            returning subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, actor, detail)
            select @now, @request, 'sign-out', 'ok', subject::text, @address, @actor, 'by an operator, sessions: ' || count(*)
              from ended group by subject
        )
        select count(*) from ended
        """;

    /// <summary>Ends one session, or all of a person's. Apps stay connected. How many were ended.</summary>
    /// <param name="first">The lowest and, <paramref name="last"/>, the highest hash; null: all of the person's.</param>
    public Task<long> EndAsync(byte[]? first, byte[]? last, Guid? subject, Author author, DateTimeOffset now) =>
        database.FindAsync<long>(EndByOperatorSql, new
        {
            first,
            last,
            subject,
            request = author.RequestId,
            address = author.Address,
            actor = author.Name,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string EndSql = $"""
        with ended as (
            delete from sessions where id_hash = @id and subject = @subject and {SessionStore.Named} returning subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'sign-out', 'ok', subject::text, @address, 'one session, from the list' from ended
        )
        select exists (select from ended)
        """;

    /// <summary>Ends one of the person's sessions; false: no such session, or another person's.</summary>
    public Task<bool> EndAsync(byte[] id, Guid subject, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(EndSql, new { id, subject, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string EndOthersSql = $"""
        with ended as (
            delete from sessions where subject = @subject and id_hash <> @kept and {SessionStore.Named} returning id_hash
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'sign-out', 'ok', @subject::uuid::text, @address, 'everywhere else, sessions: ' || count(*) from ended
        )
        select count(*) from ended
        """;

    /// <summary>Ends all of the person's sessions but one. Apps stay connected.</summary>
    public Task EndOthersAsync(byte[] kept, Guid subject, string request, string address, DateTimeOffset now) =>
        database.FindAsync<long>(EndOthersSql, new { kept, subject, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string EndEverythingSql = """
        with sessions_ended as (
            delete from sessions where subject = @subject returning id_hash
        ), grants_ended as (
            update grants set ended_at = @now, ended_reason = 'signed_out_everywhere'
                where subject = @subject and ended_at is null returning id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, actor, detail)
            select @now, @request, 'sign-out', 'ok', @subject::uuid::text, @address, @actor,
                   'everywhere, sessions: ' || (select count(*) from sessions_ended) || ' grants: ' || (select count(*) from grants_ended)
        )
        select count(*) from grants_ended
        """;

    /// <summary>Ends all of the person's sessions and grants, and with the grants every code and token.</summary>
    /// <param name="author">The person, or an administrator.</param>
    public Task EndEverythingAsync(Guid subject, Author author, DateTimeOffset now) => Edit.ByAsync(database, author, async edit =>
    {
        // Alone with the person's row: what one of the sessions is just being granted is either seen here or not granted.
        await edit.FindAsync<Guid?>(UserStore.LockSql, new { subject });
        return await edit.FindAsync<long>(EndEverythingSql,
            new { subject, request = author.RequestId, address = author.Address, actor = author.Name, now = now.UtcDateTime });
    }, CancellationToken.None);
}
