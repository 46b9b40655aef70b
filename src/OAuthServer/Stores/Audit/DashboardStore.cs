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
public sealed record DashboardFigures
{
    public required Figure People { get; init; }
    public required Figure Machines { get; init; }
    public required Figure Apps { get; init; }
    public required Figure ResourceServers { get; init; }

    /// <summary>Grants that have been used and are not over.</summary>
    public required Figure LiveGrants { get; init; }
    public required Figure Reuses { get; init; }
    public required Figure Registrations { get; init; }
}

/// <summary>What there is at a moment, for whoever collects figures.</summary>
public sealed record Standing
{
    public required Figure Sessions { get; init; }
    public required Figure LiveGrants { get; init; }

    /// <summary>Secrets in use that end soon.</summary>
    public required Figure ExpiringSecrets { get; init; }
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

/// <summary>What the dashboard reads, over all tables: at the replica, where there is one.</summary>
public sealed class DashboardStore(Database database, Replica replica, TimeProvider time)
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(50);
    private volatile RememberedHours? remembered;

    // Answered from the index alone (audit_events_by_moment), within the partitions the time is in.
    private const string OpenHoursSql = """
        select date_trunc('hour', at, 'UTC') as hour,
               (count(*) filter (where event = 'token' and outcome = 'ok'))::int as issued,
               (count(*) filter (where outcome = 'refused'))::int as refused
          from audit_events where at >= @since and at < @since::timestamptz + interval '1 year'
         group by 1
        """;

    private const string ClosedHoursSql = "select hour, issued, refused from audit_hours where hour >= @since order by hour";

    /// <summary>
    /// Issuance and refusals by the hour; hours without any may be left out. Those that were added up are remembered, the log is read
    /// for the others. What took long is remembered a hundred times as long as it took.
    /// </summary>
    public async Task<List<AuditHour>> HoursAsync(DateTimeOffset since, CancellationToken cancel)
    {
        if (remembered is { } known && known.Since == since && time.GetUtcNow() < known.Until) return [.. known.Hours];
        var began = time.GetTimestamp();
        var hours = await replica.ReadAsync(async from =>
        {
            var closed = await from.ListAsync<AuditHour>(ClosedHoursSql, new { since = since.UtcDateTime }, cancel);
            var open = closed is [.., var last] ? last.Hour.AddHours(1) : since;
            closed.AddRange(await from.ListAsync<AuditHour>(OpenHoursSql, new { since = open.UtcDateTime }, cancel));
            return closed;
        }, cancel);
        var took = time.GetElapsedTime(began);
        if (took > Quick) remembered = new(since, [.. hours], time.GetUtcNow() + 100 * took);
        return hours;
    }

    /// <summary>
    /// Adds up hours that are over, <see cref="HoursAtOnce"/> of them at most, from the last one added up, else from the first one wanted.
    /// Rows are of the millisecond their request began in: ten minutes later nothing is added to an hour. PostgreSQL's clock has a say:
    /// one that is ahead would close hours too early, and forget others.
    /// </summary>
    public const string CloseHoursSql = """
        with forgotten as (
            delete from audit_hours where hour < least(@since, now() - interval '31 days')
        ), open as (
            select greatest(coalesce(max(hour) + interval '1 hour', @since), @since) as first from audit_hours
        )
        insert into audit_hours (hour, issued, refused)
        select hour, counted.issued, counted.refused
          from open,
               generate_series(first, least(first + (@hours - 1) * interval '1 hour',
                   date_trunc('hour', least(@now::timestamptz, now()) - interval '10 minutes', 'UTC') - interval '1 hour'),
                   interval '1 hour') as hour,
               lateral (select (count(*) filter (where event = 'token' and outcome = 'ok'))::int as issued,
                               (count(*) filter (where outcome = 'refused'))::int as refused
                          from audit_events where at >= hour and at < hour + interval '1 hour') as counted
        on conflict do nothing
        """;

    /// <summary>So many are added up by one statement, which is called off after three seconds.</summary>
    public const int HoursAtOnce = 6;

    /// <summary>How many hours were added up.</summary>
    /// <param name="since">The first hour wanted; earlier ones are deleted.</param>
    public Task<int> CloseHoursAsync(DateTimeOffset since, DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(CloseHoursSql, new { since = since.UtcDateTime, now = now.UtcDateTime, hours = HoursAtOnce }, cancel);

    public const string PeopleSql = "select from users";
    public const string ClientsSql = "select from clients where kind = @kind";
    public const string LiveGrantsSql = "select from grants where ended_at is null and expires_at > @now";
    public const string ReusedSql = "select from audit_events where detail in ('code_replayed', 'refresh_reused') and at >= @since";
    public const string RegistrationsSql = """
        select from audit_events where event <> 'token' and event = 'registration' and at >= @since
           and outcome = 'ok' and starts_with(detail, 'registered ')
        """;

    /// <summary>The tiles.</summary>
    /// <param name="since">From when on reuses and registrations count.</param>
    public Task<DashboardFigures> FiguresAsync(DateTimeOffset since, DateTimeOffset now, CancellationToken cancel) =>
        replica.ReadAsync(from => FiguresAsync(from, since, now, cancel), cancel);

    private static async Task<DashboardFigures> FiguresAsync(
        Database database, DateTimeOffset since, DateTimeOffset now, CancellationToken cancel)
    {
        var span = new { since = since.UtcDateTime };
        return new DashboardFigures
        {
            People = await database.CountAsync(PeopleSql, null, cancel),
            Machines = await ClientsAsync("machine"),
            Apps = await ClientsAsync("user-facing"),
            ResourceServers = await ClientsAsync("resource-server"),
            LiveGrants = await database.CountAsync(LiveGrantsSql, new { now = now.UtcDateTime }, cancel),
            Reuses = await database.CountAsync(ReusedSql, Slice.MostCounted, span, cancel),
            Registrations = await database.CountAsync(RegistrationsSql, Slice.MostCounted, span, cancel),
        };

        Task<Figure> ClientsAsync(string kind) => database.CountAsync(ClientsSql, new { kind }, cancel);
    }

    public const string SessionsSql = "select from sessions where expires_at > @now";
    public const string ExpiringSecretsSql = "select " + Expiring;

    // Secrets in use that end between two moments.
    private const string Expiring = """
        from client_secrets s join clients c on c.client_id = s.client_id
         where s.revoked_at is null and c.enabled and s.expires_at > @since and s.expires_at <= @until

        """;

    /// <summary>What there is now.</summary>
    /// <param name="soon">Secrets that end within it count.</param>
    public async Task<Standing> StandingAsync(DateTimeOffset now, TimeSpan soon, CancellationToken cancel)
    {
        var live = new { now = now.UtcDateTime };
        var span = new { since = now.UtcDateTime, until = (now + soon).UtcDateTime };
        return new Standing
        {
            Sessions = await database.CountAsync(SessionsSql, live, cancel),
            LiveGrants = await database.CountAsync(LiveGrantsSql, live, cancel),
            ExpiringSecrets = await database.CountAsync(ExpiringSecretsSql, Slice.MostCounted, span, cancel),
        };
    }

    private const string ReusesSql = """
        select * from audit_events where detail in ('code_replayed', 'refresh_reused') and at >= @since order by at desc limit @limit
        """;

    /// <summary>Codes and refresh tokens that came a second time, the newest first.</summary>
    public Task<List<AuditRow>> ReusesAsync(DateTimeOffset since, int limit, CancellationToken cancel) =>
        replica.ReadAsync(from => from.ListAsync<AuditRow>(ReusesSql, new { since = since.UtcDateTime, limit }, cancel), cancel);

    private const string ExpiringSql = $"""
        select s.id, s.client_id, c.name, s.label, s.expires_at,
               exists (select from client_secrets o where o.client_id = s.client_id and o.id <> s.id and o.revoked_at is null
                          and o.not_before <= @now and (o.expires_at is null or o.expires_at > s.expires_at)) as replaced
        {Expiring}
         order by s.expires_at, s.id limit @limit
        """;

    /// <summary>Secrets in use that expire between the two moments, the nearest first.</summary>
    public Task<List<ExpiringSecret>> ExpiringAsync(
        DateTimeOffset since, DateTimeOffset until, DateTimeOffset now, int limit, CancellationToken cancel) =>
        replica.ReadAsync(from => from.ListAsync<ExpiringSecret>(ExpiringSql,
            new { since = since.UtcDateTime, until = until.UtcDateTime, now = now.UtcDateTime, limit }, cancel), cancel);

    private sealed record RememberedHours(DateTimeOffset Since, IReadOnlyList<AuditHour> Hours, DateTimeOffset Until);
}
