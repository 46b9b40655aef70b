using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OAuthServer.Protocol;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// A standby for reads that decide nothing: lists, pages and exports of the audit log. It answers a read once it has replayed all that
/// the primary had made durable when the read began, so that nobody misses what was done before (with synchronous_commit on). One that
/// does not get there in time, or is unavailable, is left out for a while; the primary answers then, and the log says so once.
/// </summary>
public sealed class Replica : IAsyncDisposable
{
    // An LSN as the number of its octet.
    public const string DurableSql = "select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

    /// <summary>False for a server that is no standby, too: after a failover it may be the primary, or one that no longer is.</summary>
    public const string ReplayedSql =
        "select pg_is_in_recovery() and coalesce(pg_last_wal_replay_lsn() - '0/0'::pg_lsn >= @durable::bigint, false)";

    /// <summary>So long a read waits for the replica to catch up, or to answer at all.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    /// <summary>So long it is left out then.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const string Behind = "it is behind the primary, no standby, or does not answer";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly Database primary;
    private readonly Database? standby;
    private readonly ILogger log;
    private long leftOutAt;
    private int isLeftOut;

    /// <param name="connectionString">Where the standby is; empty: there is none, and the primary answers everything.</param>
    public Replica(Database primary, string connectionString, ILogger<Replica> log)
    {
        (this.primary, this.log) = (primary, log);
        if (connectionString.Length > 0) standby = new Database(connectionString, mayBeStandby: true);
    }

    /// <summary>For commands, which have no log.</summary>
    public Replica(Database primary, Settings settings) : this(primary, settings.ReplicaDatabase, NullLogger<Replica>.Instance)
    {
    }

    /// <summary>Reads at the replica where it can answer, else at the primary. Nothing that decides may be read so.</summary>
    internal async Task<T> ReadAsync<T>(Func<Database, Task<T>> read, CancellationToken cancel)
    {
        if (standby is null || !await HasCaughtUpAsync(standby, cancel)) return await read(primary);
        try
        {
            return await read(standby);
        }
        catch (NpgsqlException fault) when (IsOfStandby(fault))
        {
            LeaveOut(fault.Message);
            return await read(primary);
        }
        catch (TimeoutException)
        {
            // What the request may wait is spent.
            LeaveOut(Behind);
            throw;
        }
    }

    /// <summary>The same row by row. A standby that fails after the first row is a fault.</summary>
    internal async IAsyncEnumerable<T> StreamAsync<T>(
        string sql, object? parameters, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (rows, isThere) = await ReadAsync(async from =>
        {
            var begun = from.StreamAsync<T>(sql, parameters, cancel).GetAsyncEnumerator(cancel);
            try
            {
                return (begun, await begun.MoveNextAsync());
            }
            catch
            {
                await begun.DisposeAsync();
                throw;
            }
        }, cancel);
        await using (rows)
        {
            for (; isThere; isThere = await rows.MoveNextAsync()) yield return rows.Current;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (standby is not null) await standby.DisposeAsync();
    }

    private async Task<bool> HasCaughtUpAsync(Database at, CancellationToken cancel)
    {
        if (Volatile.Read(ref isLeftOut) == 1 && TimeProvider.System.GetElapsedTime(Volatile.Read(ref leftOutAt)) < Pause) return false;
        var durable = await primary.FindAsync<long>(DurableSql, null, cancel);
        try
        {
            // Not by a token: Npgsql would call the statement off, and a server that hangs does not hear that.
            if (!await CatchesUpAsync(at, durable).WaitAsync(Patience, cancel)) return LeaveOut(Behind);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return LeaveOut(fault is TimeoutException ? Behind : fault.Message);
        }

        if (Interlocked.Exchange(ref isLeftOut, 0) == 1) log.LogInformation("The replica answers lists again");
        return true;
    }

    // Ends by itself also when nobody waits for it any more, and its fault is nobody's then.
    private static Task<bool> CatchesUpAsync(Database at, long durable)
    {
        var began = TimeProvider.System.GetTimestamp();
        var work = WorkAsync();
        _ = work.ContinueWith(late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
        return work;

        async Task<bool> WorkAsync()
        {
            while (true)
            {
                if (await at.FindAsync<bool>(ReplayedSql, new { durable }, CancellationToken.None)) return true;
                if (TimeProvider.System.GetElapsedTime(began) + Look > Patience) return false;
                await Task.Delay(Look);
            }
        }
    }

    // Away, stopping, out of room, or the read was called off because it held up the replay (40001): not a faulty statement.
    private static bool IsOfStandby(NpgsqlException fault) =>
        fault is not PostgresException refusal || refusal.SqlState[..2] is "08" or "40" or "53" or "57" or "58" or "XX";

    private bool LeaveOut(string reason)
    {
        Volatile.Write(ref leftOutAt, TimeProvider.System.GetTimestamp());
        if (Interlocked.Exchange(ref isLeftOut, 1) == 0)
            log.LogWarning("The replica is left out ({Reason}): the primary answers lists until it is back; pg_stat_replication there says more",
                VisibleText.Escape(reason));
        return false;
    }
}
