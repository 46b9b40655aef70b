using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>An attempt to tell an app that a sign-in has ended, which this server alone may make now.</summary>
public sealed record LogoutAttempt
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }
    public required Guid Sid { get; init; }

    /// <summary>The number of this attempt, from 1.</summary>
    public required int Attempts { get; init; }

    /// <summary>Where the app is told; null: nowhere any more, or it is disabled.</summary>
    public required string? BackchannelLogoutUri { get; init; }

    /// <summary>What its tokens are signed with.</summary>
    public required string IdTokenAlg { get; init; }
}

/// <summary>What became of an attempt.</summary>
public sealed record LogoutOutcome
{
    /// <summary>delivered, refused or given_up; null: it is tried again, at <see cref="DueAt"/>.</summary>
    public required string? Outcome { get; init; }

    /// <summary>A status, or why there was none.</summary>
    public required string Answer { get; init; }
    public DateTimeOffset? DueAt { get; init; }
}

/// <summary>logout_deliveries: a trigger fills it where sessions end; servers empty it together.</summary>
public sealed class LogoutDeliveryStore(Database database)
{
    // One server chooses at a time, and sees what the one before has chosen: a statement of its own, as the next has a new snapshot.
    public const string LockSql = "select pg_advisory_xact_lock(hashtext('logout_deliveries'))";

    private const string Host = """
        coalesce(lower(substring(c.backchannel_logout_uri from '^[A-Za-z]+://(\[[^]]*\]|[^/?:]*)')), '')
        """;

    public const string ClaimSql = $"""
        with busy as (
            select {Host} as host from logout_deliveries d join clients c using (client_id)
             where d.finished_at is null and d.attempting_until > @now
        ), first as (
            select distinct on ({Host}) d.id, d.attempts, d.queued_at, c.origin
              from logout_deliveries d join clients c using (client_id)
             where d.finished_at is null and d.attempts < 5 and (d.due_at is null or d.due_at <= @now)
               and (d.attempting_until is null or d.attempting_until <= @now) and {Host} not in (select host from busy)
             order by {Host}, d.attempts, d.queued_at, d.id
        ), chosen as materialized (
            select d.id from logout_deliveries d join first using (id)
             order by (first.origin <> 'operator'), first.attempts, first.queued_at
             limit greatest(@most - (select count(*) from busy), 0) for update of d skip locked
        )
        update logout_deliveries d set attempts = d.attempts + 1, attempting_until = @until
          from chosen, clients c
         where d.id = chosen.id and c.client_id = d.client_id
        returning d.id, d.client_id, d.subject, d.sid, d.attempts, c.id_token_alg,
                  case when c.enabled then c.backchannel_logout_uri end as backchannel_logout_uri
        """;

    /// <summary>
    /// Attempts that are due, one for each host and so many in all, over all servers: nobody else gets them for as long as
    /// <paramref name="lease"/>. Operators' apps come first, and what was not tried yet: who does not answer holds up nobody else for long.
    /// </summary>
    public Task<List<LogoutAttempt>> ClaimAsync(int most, TimeSpan lease, TimeProvider time) => database.TransactAsync(
        async transaction =>
        {
            await transaction.ExecuteAsync(LockSql, null);
            // Now, not when its turn was asked for, or the lease would be shorter by the wait.
            var now = time.GetUtcNow();
            return await transaction.ListAsync<LogoutAttempt>(ClaimSql,
                new { most, until = (now + lease).UtcDateTime, now = now.UtcDateTime });
        }, _ => true);

    public const string FinishSql = """
        with finished as (
            update logout_deliveries
               set attempting_until = null, due_at = @due, answer = @answer, outcome = @outcome,
                   finished_at = case when @outcome::text is not null then @now::timestamptz end
             where id = @id and attempts = @attempts and finished_at is null
            returning client_id, subject, sid, attempts, outcome
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, rule, reason, expected, got, detail)
            select @now, @request, 'logout-delivery', case outcome when 'delivered' then 'ok' else 'refused' end, client_id, subject::text,
                   case when outcome <> 'delivered' then 'OIDC Back-Channel Logout §2.8' end,
                   case outcome when 'refused' then 'the app refused the logout token'
                                when 'given_up' then 'the app could not be told, and is not tried again' end,
                   case when outcome <> 'delivered' then '200 or 204' end, case when outcome <> 'delivered' then @answer::text end,
                   'sid=' || sid || ' attempts=' || attempts
              from finished where outcome is not null
        )
        select exists (select from finished)
        """;

    /// <summary>Keeps what became of it; false: another server has taken it over meanwhile.</summary>
    /// <param name="request">Under which the audit log has what is final.</param>
    public Task<bool> FinishAsync(LogoutAttempt attempt, LogoutOutcome outcome, string request, DateTimeOffset now) =>
        database.FindAsync<bool>(FinishSql, new
        {
            attempt.Id,
            attempt.Attempts,
            outcome.Outcome,
            outcome.Answer,
            due = outcome.DueAt?.UtcDateTime,
            request,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string NextSql = """
        select extract(epoch from min(coalesce(greatest(due_at, attempting_until), @now::timestamptz)) - @now::timestamptz)::float8
          from logout_deliveries where finished_at is null and attempts < 5
        """;

    /// <summary>How long until something is due; zero or less: now; null: nothing waits.</summary>
    public async Task<TimeSpan?> NextAsync(DateTimeOffset now, CancellationToken cancel) =>
        await database.FindAsync<double?>(NextSql, new { now = now.UtcDateTime }, cancel) is { } seconds
            ? TimeSpan.FromSeconds(seconds) : null;

    public const string SweepSql = """
        with gone as materialized (
            select id from logout_deliveries
             where finished_at < @now::timestamptz - interval '7 days' or queued_at < @now::timestamptz - interval '14 days'
             limit 500 for update skip locked
        )
        delete from logout_deliveries using gone where logout_deliveries.id = gone.id
        """;

    /// <summary>Removes a small batch that was finished a week ago; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
