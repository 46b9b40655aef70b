using System.Diagnostics;
using FluentAssertions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Machines that get tokens, one after the other, from these servers, and how long PostgreSQL lets a writer wait.</summary>
internal sealed class AuditWriters : IAsyncDisposable
{
    private const int PerServer = 4;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> tasks = [];
    private int tokens;

    /// <summary>How many were issued.</summary>
    public int Tokens => tokens;

    /// <summary>The longest that a writer was seen waiting for a lock on the log.</summary>
    public TimeSpan LongestWait { get; private set; }
    public TimeSpan LongestRequest { get; private set; }

    /// <summary>What a server does to the log once it listens is done: what a test does next meets no lock of the server's own.</summary>
    public static Task FirstRoundAsync(TestServer server) => Eventually.BecomesTrueAsync(() => server.ScalarAsync<bool>("""
        select exists (select from audit_hours
                        where hour = date_trunc('hour', now() - interval '10 minutes', 'UTC') - interval '1 hour')
        """), TimeSpan.FromSeconds(20));

    /// <summary>They have begun when this completes.</summary>
    public static async Task<AuditWriters> StartAsync(params TestServer[] servers)
    {
        var writers = new AuditWriters();
        var machine = await servers[0].MachineAsync();
        foreach (var server in servers)
            for (var i = 0; i < PerServer; i++)
                writers.tasks.Add(writers.WriteAsync(machine.At(server)));
        writers.tasks.Add(writers.WatchLocksAsync(servers[0]));
        await Eventually.BecomesTrueAsync(() => Task.FromResult(writers.Tokens >= 20), TimeSpan.FromMinutes(1));
        return writers;
    }

    /// <summary>A request that got no token fails it.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(tasks);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
    }

    private async Task WriteAsync(TestClient machine)
    {
        while (!stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
            var took = Stopwatch.GetElapsedTime(began);
            Interlocked.Increment(ref tokens);
            lock (stop) LongestRequest = took > LongestRequest ? took : LongestRequest;
        }
    }

    private async Task WatchLocksAsync(TestServer server)
    {
        while (!stop.IsCancellationRequested)
        {
            var waits = await server.ScalarAsync<double>("""
                select coalesce(max(extract(epoch from clock_timestamp() - waitstart)), 0)::float8
                  from pg_locks where not granted and mode = 'RowExclusiveLock' and relation::regclass::text like 'audit_events%'
                   and database = (select oid from pg_database where datname = current_database())
                """);
            if (waits > LongestWait.TotalSeconds) LongestWait = TimeSpan.FromSeconds(waits);
            await Task.Delay(2);
        }
    }
}
