using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>registrations that nobody uses any more, and their clients.</summary>
public sealed class RegistrationSweepStore(Database database)
{
    /// <summary>
    /// What nobody will miss: deleted ones after a day; never used ones nobody invited; what signed people in, once every grant has
    /// lapsed and it was not seen for long. Disabled ones are an operator's evidence, and machines that have worked may work once a
    /// year: they stay. A client at /authorize at this moment stays, too. What keeps one is in three tables, so no index finds those
    /// that go: all are looked at in turn, some at a time.
    /// </summary>
    public const string SweepSql = """
        with next as materialized (
            select client_id from registrations where client_id > @after order by client_id limit 500
        ), gone as (
            select c.client_id, case when r.deleted_at is not null then 'deleted by the client itself'
                                     when c.last_used_at is null then 'never used' else 'unused' end as why
              from next join registrations r on r.client_id = next.client_id join clients c on c.client_id = r.client_id
             where r.seen_at < @unused and c.origin = 'self-registered'
               and (r.deleted_at < @now::timestamptz - interval '1 day'
                    or (c.enabled
                        and (c.last_used_at is null and (r.invited_by is null or r.seen_at < @idle)
                             or c.kind = 'user-facing' and c.last_used_at < @idle and r.seen_at < @idle)
                        and not exists (select from grants g where g.client_id = c.client_id and g.ended_at is null and g.expires_at > @now)
                        and not exists (select from authorization_requests q where q.client_id = c.client_id and q.expires_at > @now)
                        and not exists (select from pushed_requests p where p.client_id = c.client_id and p.expires_at > @now)))
               for update of r, c skip locked
        ), swept as (
            delete from clients using gone where clients.client_id = gone.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, actor, detail)
            select @now, 'sweep', 'registration', 'ok', client_id, 'server', 'swept: ' || why from gone
        )
        select max(client_id) from next
        """;

    /// <summary>Looks at the next ones and removes those that go; returns the last one looked at, null when there was none.</summary>
    /// <param name="after">The last one that was looked at; empty: begin with the first.</param>
    /// <param name="unused">Never used since before.</param>
    /// <param name="idle">Not used since before.</param>
    public Task<string?> SweepAsync(string after, DateTimeOffset unused, DateTimeOffset idle, DateTimeOffset now,
        CancellationToken cancel) => database.FindAsync<string>(SweepSql,
            new { after, unused = unused.UtcDateTime, idle = idle.UtcDateTime, now = now.UtcDateTime }, cancel);
}
