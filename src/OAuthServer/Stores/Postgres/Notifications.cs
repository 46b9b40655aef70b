using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// LISTENs on its own unpooled connection for edits of rows that servers remember. While the connection is away nothing
/// remembered may be used: <see cref="Listening"/> is false and readers go to the database.
/// </summary>
public sealed class Notifications(Database database, ILogger<Notifications> log)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Catches up on what a pooler in between may have swallowed.
    private static readonly TimeSpan FullRefresh = TimeSpan.FromMinutes(5);

    private volatile bool listening;

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
        await using var connection =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancel);
        connection.Notification += (_, notification) => Changed?.Invoke(notification.Payload);
        await using (var listen = new NpgsqlCommand("listen oauth_changes", connection)) await listen.ExecuteNonQueryAsync(cancel);

        Changed?.Invoke(null);
        listening = true;
        var beats = 0;
        while (true)
        {
            if (await connection.WaitAsync(Heartbeat, cancel)) continue;
            // Silence: make sure the other side is still there.
            await using var alive = new NpgsqlCommand("select 1", connection);
            await alive.ExecuteNonQueryAsync(cancel);
            if (++beats % (int)(FullRefresh / Heartbeat) == 0) Changed?.Invoke(null);
        }
    }
}
