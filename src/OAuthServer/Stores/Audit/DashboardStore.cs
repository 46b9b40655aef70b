using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Audit;

/// <summary>What was decided within one hour of the clock (UTC).</summary>
public sealed record AuditHour
{
    public required DateTimeOffset Hour { get; init; }

    /// <summary>Access tokens that were issued.</summary>
    public required int Issued { get; init; }

    /// <summary>Everything that was refused.</summary>
    public required int Refused { get; init; }
}

/// <summary>How many there are at a moment.</summary>
public sealed record Figures
{
    public required int People { get; init; }
    public required int Machines { get; init; }
    public required int Apps { get; init; }
    public required int ResourceServers { get; init; }

    /// <summary>Grants that have been used and are not over.</summary>
    public required int LiveGrants { get; init; }
    public required int Reuses { get; init; }
    public required int Registrations { get; init; }
}

/// <summary>A client secret whose end is near, or just behind.</summary>
public sealed record ExpiringSecret
{
    public required long Id { get; init; }
    public required string ClientId { get; init; }
    public required string Name { get; init; }
    public required string Label { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The client has another secret that lives longer.</summary>
    public required bool Replaced { get; init; }
}

/// <summary>What the dashboard reads, over all tables.</summary>
public sealed class DashboardStore(Database database)
{
    // Answered from the index alone (audit_events_by_moment), within the partitions the time is in.
    private const string HoursSql = """
        select date_trunc('hour', at, 'UTC') as hour,
               (count(*) filter (where event = 'token' and outcome = 'ok'))::int as issued,
               (count(*) filter (where outcome = 'refused'))::int as refused
          from audit_events where at >= @since and at < @since::timestamptz + interval '1 year'
         group by 1
        """;

    /// <summary>Issuance and refusals by the hour; hours without any are left out.</summary>
    public Task<List<AuditHour>> HoursAsync(DateTimeOffset since, CancellationToken cancel) =>
        database.ListAsync<AuditHour>(HoursSql, new { since = since.UtcDateTime }, cancel);

    private const string FiguresSql = """
        select (select count(*) from users)::int as people,
               (select count(*) from clients where kind = 'machine')::int as machines,
               (select count(*) from clients where kind = 'user-facing')::int as apps,
               (select count(*) from clients where kind = 'resource-server')::int as resource_servers,
               (select count(*) from grants where ended_at is null and expires_at > @now)::int as live_grants,
               (select count(*) from audit_events where detail in ('code_replayed', 'refresh_reused') and at >= @since)::int as reuses,
               (select count(*) from audit_events where event <> 'token' and event = 'registration' and at >= @since
                   and outcome = 'ok' and starts_with(detail, 'registered '))::int as registrations
        """;

    /// <summary>The tiles.</summary>
    /// <param name="since">From when on reuses and registrations count.</param>
    public async Task<Figures> FiguresAsync(DateTimeOffset since, DateTimeOffset now, CancellationToken cancel) =>
        (await database.FindAsync<Figures>(FiguresSql, new { since = since.UtcDateTime, now = now.UtcDateTime }, cancel))!;

    private const string ReusesSql = """
        select * from audit_events where detail in ('code_replayed', 'refresh_reused') and at >= @since order by at desc limit @limit
        """;

    /// <summary>Codes and refresh tokens that came a second time, the newest first.</summary>
    public Task<List<AuditRow>> ReusesAsync(DateTimeOffset since, int limit, CancellationToken cancel) =>
        database.ListAsync<AuditRow>(ReusesSql, new { since = since.UtcDateTime, limit }, cancel);

    private const string ExpiringSql = """
        select s.id, s.client_id, c.name, s.label, s.expires_at,
               exists (select from client_secrets o where o.client_id = s.client_id and o.id <> s.id and o.revoked_at is null
                          and o.not_before <= @now and (o.expires_at is null or o.expires_at > s.expires_at)) as replaced
          from client_secrets s join clients c on c.client_id = s.client_id
         where s.revoked_at is null and c.enabled and s.expires_at > @since and s.expires_at <= @until
         order by s.expires_at, s.id limit @limit
        """;

    /// <summary>Secrets in use that expire between the two moments, the nearest first.</summary>
    public Task<List<ExpiringSecret>> ExpiringAsync(
        DateTimeOffset since, DateTimeOffset until, DateTimeOffset now, int limit, CancellationToken cancel) =>
        database.ListAsync<ExpiringSecret>(ExpiringSql,
            new { since = since.UtcDateTime, until = until.UtcDateTime, now = now.UtcDateTime, limit }, cancel);
}
