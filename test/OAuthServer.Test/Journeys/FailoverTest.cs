using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>
/// Two servers on three PostgreSQL under Patroni with deploy/patroni.yml: one server names all hosts, the other goes through HAProxy with
/// deploy/haproxy-postgres.cfg.
/// </summary>
[Category("Long"), Behaviour(3, 8, 9, 21), NonParallelizable]
public sealed class FailoverTest
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(30);

    private PatroniCluster cluster = null!;
    private HaProxy proxy = null!;
    private TestServer[] servers = [];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Tools.Need("haproxy");
        cluster = await PatroniCluster.StartAsync();
        var port = TestServer.FreePort();
        proxy = await HaProxy.StartAsync("haproxy-postgres.cfg", [
            ("bind 127.0.0.1:5000", $"bind 127.0.0.1:{port}"),
            .. Enumerable.Range(0, PatroniCluster.Nodes)
                .Select(node => ($"10.0.0.1{node + 1}:5432", $"127.0.0.1:{cluster.Port(node)} port {cluster.RestPort(node)}")),
        ]);
        await using (var database = new Database(cluster.ConnectionString)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "create extension if not exists pgcrypto");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, Cast.Sql);
        // A rotation that was done and not acknowledged is asked again until the failover is over, see docs/scaling.md.
        var first = await TestServer.StartAsync(settings => settings with { RetryWindowSeconds = 120 }, cluster.ConnectionString);
        servers = [first, await first.StartSecondInstanceAsync(settings => settings with { Database = PatroniCluster.At(port) })];
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var server in servers) await server.DisposeAsync();
        if (proxy is not null) await proxy.DisposeAsync();
        if (cluster is not null) await cluster.DisposeAsync();
    }

    [Test]
    public async Task Nothing_acknowledged_is_lost_when_the_primary_is_killed_and_answers_come_again_within_thirty_seconds()
    {
        var silence = await FailOverAsync(cluster.KillAsync, cluster.StartAgainAsync);

        silence.Values.Max().Should().BeLessThan(Promised.TotalSeconds);
    }

    [Test]
    public async Task Nothing_acknowledged_is_lost_when_the_primary_hangs_and_comes_back()
    {
        var silence = await FailOverAsync(node => cluster.SignalAsync(node, "STOP"), node => cluster.SignalAsync(node, "CONT"));

        // The server that names all hosts asks each of its sessions with the hung one what it is, and takes longer.
        silence.Where(one => one.Key.EndsWith("server 2", StringComparison.Ordinal)).Max(one => one.Value)
            .Should().BeLessThan(Promised.TotalSeconds);
    }

    private async Task<IReadOnlyDictionary<string, double>> FailOverAsync(Func<int, Task> fail, Func<int, Task> recover)
    {
        await Eventually.BecomesTrueAsync(async () => await cluster.FindAsync("synchronous") is not null, TimeSpan.FromSeconds(60));
        var primary = (await cluster.FindAsync("primary"))!.Value;
        await using var load = await FailoverLoad.BeginAsync(servers, 500);
        await Task.Delay(TimeSpan.FromSeconds(5));
        var before = load.Acknowledged;

        var failed = Stopwatch.GetTimestamp();
        await fail(primary);
        await load.AnswersAsync(failed + 5 * Stopwatch.Frequency, TimeSpan.FromSeconds(400));
        await Task.Delay(TimeSpan.FromSeconds(3));
        await load.StopAsync();
        await recover(primary);

        var silence = load.Silence(failed);
        TestContext.Out.WriteLine($"Acknowledged before: {before}; in all: {load}");
        foreach (var (kind, seconds) in silence.OrderBy(one => one.Key))
            TestContext.Out.WriteLine($"{kind}: no answer for {seconds:0.0} s");
        (before.Issued, before.Rotated, before.Revoked, before.Redeemed).Should().Match<(int, int, int, int)>(counts =>
            counts.Item1 > 50 && counts.Item2 > 50 && counts.Item3 > 20 && counts.Item4 > 20);
        load.Surprises.Should().BeEmpty();
        await cluster.BecomesAsync(primary, "replica");
        await AnswersAsync();
        await load.IsAllThereAsync();
        (await cluster.FindAsync("primary")).Should().NotBeNull().And.NotBe(primary, "it came back as a standby, which nobody writes to");
        return silence;
    }

    private async Task AnswersAsync()
    {
        var machine = await servers[0].MachineAsync();
        foreach (var server in servers)
            await Eventually.BecomesTrueAsync(async () => (await machine.At(server).CredentialsAsync()).Status == 200, Promised);
    }
}
