using System.Diagnostics.Metrics;
using Dapper;
using Npgsql;
using OAuthServer.Protocol;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// How far our clock is from the database's. Times are decided by ours and compared with rows other servers wrote: past a limit
/// this server must not decide anything.
/// </summary>
public sealed class DatabaseClock : IDisposable
{
    public const string NowSql = "select clock_timestamp()";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Database database;
    private readonly TimeProvider time;
    private long skewTicks;

    public DatabaseClock(Database database, TimeProvider time)
    {
        (this.database, this.time) = (database, time);
        meter.CreateObservableGauge("oauth.clock.skew", () => Skew.TotalSeconds, "s", "Our clock less the database's.");
    }

    /// <summary>Ours minus theirs, at the last look.</summary>
    public TimeSpan Skew => TimeSpan.FromTicks(Interlocked.Read(ref skewTicks));

    /// <summary>Looks once; half the round trip is taken off.</summary>
    public Task MeasureAsync(CancellationToken cancel) => DatabaseBudget.WaitAsync(LookAsync(cancel));

    private async Task<TimeSpan> LookAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var before = time.GetUtcNow();
        var theirs =
            new DateTimeOffset(await connection.ExecuteScalarAsync<DateTime>(new CommandDefinition(NowSql, cancellationToken: cancel)),
                TimeSpan.Zero);
        var middle = before + (time.GetUtcNow() - before) / 2;
        Interlocked.Exchange(ref skewTicks, (middle - theirs).Ticks);
        return Skew;
    }

    /// <summary>Looks every few seconds; a database that is away leaves the last value.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try { await MeasureAsync(cancel); }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException or OperationCanceledException) { }

            try { await Task.Delay(Pause, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    public void Dispose() => meter.Dispose();
}
