using System.Diagnostics;
using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Test.Support;

/// <summary>A durable PostgreSQL of one test's own, which the test may kill.</summary>
public sealed class OwnCluster : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("oauth-cluster-").FullName;

    /// <summary>The same after every start: the socket's folder depends on nothing else than the cluster's.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>What PostgreSQL has logged so far.</summary>
    public Task<string> LogAsync() => File.ReadAllTextAsync(Path.Combine(folder, "postgres.log"));

    public static async Task<OwnCluster> StartAsync()
    {
        var cluster = new OwnCluster();
        await cluster.StartAgainAsync();
        return cluster;
    }

    public async Task StartAgainAsync()
    {
        ConnectionString = ConnectionText.Read(await RunAsync("start"), out _)!;
        // The connections tests look through died with the old one.
        await using var connection = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    /// <summary>kill -9 of PostgreSQL and all its children, as a power cut would.</summary>
    public Task KillAsync() => SignalAsync("KILL");

    /// <summary>PostgreSQL and all its children stop in their tracks: connections stay, nothing answers.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>They go on where they stopped.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        await RunAsync("destroy");
        Directory.Delete(folder, recursive: true);
    }

    private async Task SignalAsync(string signal)
    {
        var status = await RunAsync("status");
        var process = status.Split("process ")[1].Split(')')[0];
        await ProcessTree.SignalAsync(signal, process);
    }

    private async Task<string> RunAsync(string verb)
    {
        var start =
            new ProcessStartInfo("bash",
                [Path.Combine(TestDatabase.Root, "sql/cluster.sh"), verb, folder])
            { RedirectStandardOutput = true };
        start.Environment.Remove("FAST");
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"sql/cluster.sh {verb} failed");
    }
}
