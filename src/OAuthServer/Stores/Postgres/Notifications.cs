using System.Diagnostics.Metrics;
using Npgsql;
using OAuthServer.Protocol;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// LISTENs on its own unpooled connection for edits of rows that servers remember. While the connection is away nothing
/// remembered may be used: <see cref="Listening"/> is false and readers go to the database.
/// </summary>
public sealed class Notifications : IDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Catches up on what a pooler in between may have swallowed.
    private static readonly TimeSpan FullRefresh = TimeSpan.FromMinutes(5);

    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Database database;
    private readonly TimeProvider time;
    private readonly ILogger<Notifications> log;
    private long heard;
    private volatile bool listening;

    public Notifications(Database database, TimeProvider time, ILogger<Notifications> log)
    {
        (this.database, this.time, this.log) = (database, time, log);
        meter.CreateObservableGauge("oauth.edits.heard", () => listening ? 1 : 0,
            description: "1 while edits of remembered rows are heard; 0 while they are read from the database each time.");
        meter.CreateObservableGauge("oauth.cache.age",
            () => listening ? time.GetElapsedTime(Volatile.Read(ref heard)).TotalSeconds : 0, "s",
            "Since when the connection that hears edits has not been seen alive: what is remembered is no older.");
    }

    /// <summary>Whether edits are heard at this moment.</summary>
    public bool Listening => listening;

    /// <summary>
    /// The table whose row was edited, and for clients its key: "clients:nightly-etl", "scopes", "signing_keys". Null: forget
    /// everything.
    /// </summary>
    public event Action<string?>? Changed;

    /// <summary>Listens until <paramref name="cancel"/>, reconnecting by itself.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                if (listening)
                    log.LogWarning("Lost the connection that hears edits ({Reason}); reading clients from the database until it is back",
                        fault.Message);
            }
            finally
            {
                listening = false;
                Changed?.Invoke(null);
            }

            try { await Task.Delay(Pause, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task ListenAsync(CancellationToken cancel)
    {
        await using var source = Database.Unpooled("edits", database.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(cancel);
        connection.Notification += (_, notification) => Changed?.Invoke(notification.Payload);
        await using (var listen = new NpgsqlCommand("listen oauth_changes", connection)) await listen.ExecuteNonQueryAsync(cancel);

        Changed?.Invoke(null);
        Alive();
        listening = true;
        var beats = 0;
        while (true)
        {
            if (await connection.WaitAsync(Heartbeat, cancel))
            {
                Alive();
                continue;
            }

            // Silence: make sure the other side is still there.
            await using var alive = new NpgsqlCommand("select 1", connection);
            await alive.ExecuteNonQueryAsync(cancel);
            Alive();
            if (++beats % (int)(FullRefresh / Heartbeat) == 0) Changed?.Invoke(null);
        }
    }

    private void Alive() => Volatile.Write(ref heard, time.GetTimestamp());

    public void Dispose() => meter.Dispose();
}
