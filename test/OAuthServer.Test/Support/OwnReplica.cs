using Npgsql;

namespace OAuthServer.Test.Support;

/// <summary>A PostgreSQL of one test's own and a real standby of it, made by pg_basebackup and fed by streaming replication.</summary>
public sealed class OwnReplica : IAsyncDisposable
{
    private readonly OwnCluster primary;
    private readonly string folder;
    private readonly string user;

    private OwnReplica(OwnCluster primary, string folder, string user) => (this.primary, this.folder, this.user) = (primary, folder, user);

    public string Primary => primary.ConnectionString;

    public string Standby { get; private set; } = "";

    public static async Task<OwnReplica> StartAsync()
    {
        var primary = await OwnCluster.StartAsync();
        var host = new NpgsqlConnectionStringBuilder(primary.ConnectionString).Host!;
        var folder = Directory.CreateTempSubdirectory("oauth-replica-").FullName;
        // The owner of the socket is whom both run as.
        var user = (await Command.MustAsync("/", "stat", "-c", "%U", host)).Trim();
        await Command.MustAsync("/", "chown", user, folder);
        var replica = new OwnReplica(primary, folder, user);
        await replica.RunAsync("pg_basebackup", "--pgdata", $"{folder}/data", "--host", host, "--username", "oauth",
            "--write-recovery-conf", "--checkpoint", "fast", "--wal-method", "stream");
        await replica.StartAgainAsync();
        replica.Standby = new NpgsqlConnectionStringBuilder(primary.ConnectionString) { Host = folder, Timeout = 3 }.ConnectionString;
        return replica;
    }

    /// <summary>The standby goes away, its sessions end.</summary>
    public Task StopAsync() => RunAsync("pg_ctl", "stop", "--pgdata", $"{folder}/data", "--mode", "fast", "--silent");

    public Task StartAgainAsync() => RunAsync("pg_ctl", "start", "--pgdata", $"{folder}/data", "--silent", "--wait", "--log",
        $"{folder}/log", "--options", $"-c unix_socket_directories={folder} -c unix_socket_permissions=0700 -c log_statement=all");

    /// <summary>It receives and does not replay: it falls behind.</summary>
    public Task PauseAsync() => TestDatabase.ExecuteAsync(Standby, "select pg_wal_replay_pause()");

    public Task ResumeAsync() => TestDatabase.ExecuteAsync(Standby, "select pg_wal_replay_resume()");

    /// <summary>Waits until it has replayed all there is.</summary>
    public async Task CatchUpAsync()
    {
        await using var at = new NpgsqlConnection(Primary);
        await at.OpenAsync();
        await using var all = new NpgsqlCommand("select replay_lsn >= pg_current_wal_lsn() from pg_stat_replication", at);
        await Eventually.BecomesTrueAsync(async () => await all.ExecuteScalarAsync() is true);
    }

    /// <summary>It receives nothing any more.</summary>
    public async Task DisconnectAsync()
    {
        await TestDatabase.ExecuteAsync(Standby, "alter system set primary_conninfo = 'host=/nowhere'");
        await TestDatabase.ExecuteAsync(Standby, "select pg_reload_conf()");
        await TestDatabase.ExecuteAsync(Primary, "select pg_terminate_backend(pid) from pg_stat_replication");
    }

    /// <summary>The primary is gone for good, and the standby becomes one.</summary>
    public async Task PromoteAsync()
    {
        await primary.KillAsync();
        await RunAsync("pg_ctl", "promote", "--pgdata", $"{folder}/data", "--wait", "--silent");
    }

    /// <summary>It takes what it is sent and answers nothing.</summary>
    public Task HangAsync() => SignalAsync("STOP");

    public Task GoOnAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        await RunAsync("pg_ctl", "stop", "--pgdata", $"{folder}/data", "--mode", "immediate", "--silent");
        await primary.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>How many statements others than the check of its state have been sent to it.</summary>
    public async Task<int> StatementsAsync()
    {
        await using var log = new FileStream($"{folder}/log", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var lines = (await new StreamReader(log).ReadToEndAsync()).Split('\n');
        return lines.Count(line => line.Contains("LOG:  execute ") && !line.Contains("pg_is_in_recovery()"));
    }

    private async Task SignalAsync(string signal) =>
        await ProcessTree.SignalAsync(signal, (await File.ReadAllLinesAsync($"{folder}/data/postmaster.pid"))[0]);

    private Task RunAsync(string program, params string[] arguments) => PostgresPrograms.RunAsync(user, program, arguments);
}
