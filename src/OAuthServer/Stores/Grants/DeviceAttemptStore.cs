using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What wrong codes are counted by, and how many are too many.</summary>
/// <param name="Key">SHA-256 of it.</param>
/// <param name="Within">At most an hour.</param>
public sealed record AttemptCount(byte[] Key, int Most, TimeSpan Within);

/// <summary>A device's request that waits for a person.</summary>
public sealed record DeviceRequestRow
{
    public required Guid Id { get; init; }
    public required string Query { get; init; }

    /// <summary>Where it came from.</summary>
    public required string Address { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What came of a code that somebody typed; neither: it is wrong, and was counted.</summary>
public sealed record DeviceAttempt
{
    public DeviceRequestRow? Request { get; init; }

    /// <summary>Nothing was looked up: too many were wrong before. When the next one is.</summary>
    public DateTimeOffset? PausedUntil { get; init; }
}

/// <summary>
/// device_requests by the code a person types, and device_attempts, which holds wrong ones. Those are rows because every instance counts
/// them, and by their times because a window that starts anew would let twice as many through.
/// </summary>
public sealed class DeviceAttemptStore(Database database)
{
    public const string LockSql = """
        insert into device_attempts (key, failed_at, expires_at)
        select key, '{}', @now from unnest(@keys::bytea[]) as key order by key
        on conflict (key) do update set expires_at = device_attempts.expires_at
        returning key, failed_at
        """;

    public const string FindSql = """
        select id, query, address, created_at from device_requests
         where user_code_mac = any (@macs) and denied_at is null and expires_at > @now
        """;

    public const string CountSql = """
        update device_attempts
           set failed_at = array(select one from unnest(failed_at) as one where one > @now::timestamptz - interval '1 hour' order by one)
                           || @now::timestamptz,
               expires_at = @now::timestamptz + interval '1 hour'
         where key = any (@keys)
        """;

    /// <summary>
    /// Looks a code up, unless one of the counts is used up; a wrong one is counted. The rows of the counts are locked first: attempts at
    /// the same moment come one after the other. A right one leaves no row.
    /// </summary>
    /// <param name="macs">Of the user code, under each key-encryption key; none for what is no code at all, which is wrong.</param>
    public async Task<DeviceAttempt> TryAsync(byte[][] macs, IReadOnlyList<AttemptCount> counts, DateTimeOffset now) =>
        await database.TransactAsync(async edit =>
        {
            var at = now.UtcDateTime;
            var keys = counts.Select(count => count.Key).ToArray();
            var before = await edit.ListAsync<Counted>(LockSql, new { keys, now = at });
            var paused = counts.Max(count => PausedUntil(count, before.Single(row => row.Key.AsSpan().SequenceEqual(count.Key)), now));
            if (paused is not null) return new DeviceAttempt { PausedUntil = paused };
            if (await edit.FindAsync<DeviceRequestRow>(FindSql, new { macs, now = at }) is { } found)
                return new DeviceAttempt { Request = found };
            await edit.ExecuteAsync(CountSql, new { keys, now = at });
            return new DeviceAttempt();
        }, attempt => attempt is { Request: null, PausedUntil: null });

    public const string SweepSql = """
        with gone as materialized (
            select key from device_attempts where expires_at < @now limit 500 for update skip locked
        )
        delete from device_attempts using gone where device_attempts.key = gone.key
        """;

    /// <summary>Removes a small batch of counts in which nothing counts any more; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);

    // When the one that is too many leaves the window; null: there is room.
    private static DateTimeOffset? PausedUntil(AttemptCount count, Counted row, DateTimeOffset now)
    {
        var counting = row.FailedAt.Select(one => new DateTimeOffset(one) + count.Within).Where(leaves => leaves > now).Order().ToArray();
        return counting.Length < count.Most ? null : counting[^count.Most];
    }

    private sealed record Counted
    {
        public required byte[] Key { get; init; }
        public required DateTime[] FailedAt { get; init; }
    }
}
