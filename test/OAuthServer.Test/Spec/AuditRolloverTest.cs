using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// Months of the audit log are made and dropped while it is written to. How long writers wait is read from PostgreSQL's locks, so a
/// machine that is busy otherwise is not mistaken for a lock.
/// </summary>
[Behaviour(25, 39), NonParallelizable]
public sealed class AuditRolloverTest
{
    private const string Old = "audit_events_2020_01";

    // A lock is waited for 100 ms; PostgreSQL's timer and ours come late on a busy machine.
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(300);

    private static Task MaintainAsync(TestServer server) => server.Get<AuditPartitions>().MaintainAsync(CancellationToken.None);

    private static Task AddOldAsync(TestServer server, int year = 2020) => server.ExecuteAsync(
        $"create table audit_events_{year}_01 partition of audit_events for values from ('{year}-01-01Z') to ('{year}-02-01Z')");

    private static Task DropLastMonthAsync(TestServer server) => server.ExecuteAsync("""
        do $$ begin
            execute 'drop table audit_events_' || to_char(now() at time zone 'utc' + interval '2 months', 'YYYY_MM');
        end $$
        """);

    private static Task<bool> HasLastMonthAsync(TestServer server) => server.ScalarAsync<bool>(
        "select to_regclass('audit_events_' || to_char(now() at time zone 'utc' + interval '2 months', 'YYYY_MM')) is not null");

    private static Task<bool> HasOldAsync(TestServer server) => server.ScalarAsync<bool>($"select to_regclass('{Old}') is not null");

    /// <summary>A session with a transaction that has read these tables, until it is disposed.</summary>
    private static async Task<NpgsqlConnection> ReaderOfAsync(TestServer server, string tables)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(server.Settings.Database) { Pooling = false };
        var session = new NpgsqlConnection(unpooled.ConnectionString);
        await session.OpenAsync();
        await using var read = session.CreateCommand();
#pragma warning disable CA2100 // A table of this test.
        read.CommandText = $"begin; lock table {tables} in access share mode";
#pragma warning restore CA2100
        await read.ExecuteNonQueryAsync();
        return session;
    }

    [TestCase(Old), TestCase("only audit_events_default")]
    public async Task The_log_is_not_locked_while_something_else_is_waited_for(string read)
    {
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 1 });
        await AuditWriters.FirstRoundAsync(server);
        await AddOldAsync(server);
        await using var reader = await ReaderOfAsync(server, read);

        var rounds = Task.Run(async () => { for (var round = 0; round < 5; round++) await MaintainAsync(server); });
        var blocked = 0;
        while (!rounds.IsCompleted)
            if (await server.ScalarAsync<bool>("""
                select exists (select from pg_locks waits join pg_locks holds using (pid)
                                where not waits.granted and holds.granted and holds.mode = 'AccessExclusiveLock'
                                  and holds.relation = 'audit_events'::regclass)
                """)) blocked++;
        await rounds;

        blocked.Should().Be(0, "every writer would wait as well");
        (await HasOldAsync(server)).Should().BeTrue();
        server.Get<AuditPartitions>().Detail.Should().Contain("waits for a lock");
    }

    [Test]
    public async Task A_transaction_that_read_the_log_delays_writers_no_longer_than_a_lock_is_waited_for()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 1 });
        await AuditWriters.FirstRoundAsync(server);
        await AddOldAsync(server);
        await using var load = await AuditWriters.StartAsync(server);
        // The months that are written to are none that it read.
        Task rounds;
        await using (await ReaderOfAsync(server, "only audit_events"))
        {
            var end = Task.Delay(TimeSpan.FromSeconds(2));
            rounds = Task.Run(async () => { while (!end.IsCompleted) await MaintainAsync(server); });
            await Task.WhenAny(rounds, Task.Delay(TimeSpan.FromSeconds(6)));
            (await HasOldAsync(server)).Should().BeTrue();
        }

        await rounds;
        await load.StopAsync();
        load.LongestWait.Should().BePositive("they did wait for the lock").And.BeLessThan(LockTimeout);
        await MaintainAsync(server);
        (await HasOldAsync(server)).Should().BeFalse();
    }

    [Test]
    public async Task Of_many_old_months_one_is_dropped_a_round_the_oldest_first()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 1 });
        await AuditWriters.FirstRoundAsync(server);
        foreach (var year in (int[])[2020, 2018, 2019]) await AddOldAsync(server, year);

        for (var left = 2; left >= 0; left--)
        {
            await MaintainAsync(server);
            (await server.QueryAsync<string>(
                "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_events'::regclass "
                    + "and inhrelid::regclass::text < 'audit_events_2021' order by 1"))
                .Should().Equal(new[] { "audit_events_2018_01", "audit_events_2019_01", Old }[^left..]);
        }
    }

    [Test]
    public async Task A_default_partition_with_rows_is_read_for_the_month_to_come_without_keeping_its_writers_out()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        await DropLastMonthAsync(server);
        await server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome) values ('2001-01-01', 'old', 'token', 'ok')");
        await using var keeper = new NpgsqlConnection(server.Settings.Database);
        var said = new List<string>();
        keeper.Notice += (_, args) => said.Add(args.Notice.MessageText);
        await keeper.OpenAsync();

        await RoundAsync();
        (await RoundAsync()).Should().NotContain("AccessExclusiveLock", "it is read in this one");
        (await HasLastMonthAsync(server)).Should().BeFalse();
        await RoundAsync();

        (await HasLastMonthAsync(server)).Should().BeTrue();
        said.Should().Contain(line => line.Contains("default partition") && line.Contains("is implied by existing constraints"),
            "else attaching reads it all, and who writes to it waits");
        (await server.ScalarAsync<long>(
            "select count(*) from pg_constraint where conrelid = 'audit_events_default'::regclass and conname like 'not%'")).Should().Be(0);
        await MaintainAsync(server);
        server.Get<AuditPartitions>().Detail.Should().Contain("default partition");

        async Task<List<string>> RoundAsync()
        {
            await using var round = keeper.CreateCommand();
            round.CommandText = """
                begin; set local client_min_messages = debug1; select from audit_keep(12);
                create temp table held on commit preserve rows as
                    select mode from pg_locks where pid = pg_backend_pid() and relation = 'audit_events_default'::regclass;
                commit;
                """;
            await round.ExecuteNonQueryAsync();
            round.CommandText = "select mode from held";
            var modes = new List<string>();
            await using (var rows = await round.ExecuteReaderAsync())
                while (await rows.ReadAsync())
                    modes.Add(rows.GetString(0));
            round.CommandText = "drop table held";
            await round.ExecuteNonQueryAsync();
            return modes;
        }
    }

    /// <summary>
    /// As the log stands when a month ends: the last of the months ahead is not made yet, and one is old enough. A dump holds the log
    /// when the servers first try; they try again by themselves, a minute later.
    /// </summary>
    [Test, Category("Long")]
    public async Task A_month_ends_under_load_and_a_dump_and_nobody_waits()
    {
        var rows = TestServer.ExternalServer(new Settings { Issuer = "http://localhost", Database = await TestDatabase.CloneAsync() });
        await AddOldAsync(rows);
        await DropLastMonthAsync(rows);
        var dump = await ReaderOfAsync(rows, "audit_events");
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 1 }, rows.Settings.Database);
        await using var twin = await server.StartSecondInstanceAsync();
        await using var load = await AuditWriters.StartAsync(server, twin);
        await Eventually.BecomesTrueAsync(() => WaitsAsync(server));

        var now = server.Clock.GetUtcNow();
        server.Clock.Travel(new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1) - now);
        await Task.Delay(TimeSpan.FromSeconds(5));
        (await HasLastMonthAsync(server)).Should().BeFalse("the dump goes on");
        await dump.DisposeAsync();
        await Eventually.BecomesTrueAsync(async () => await HasLastMonthAsync(server) && !await HasOldAsync(server),
            TimeSpan.FromSeconds(150), "both are tried every minute");

        await load.StopAsync();
        await TestContext.Out.WriteLineAsync($"{load.Tokens} tokens, longest wait for a lock {load.LongestWait.TotalMilliseconds:F0} ms, "
            + $"the longest request {load.LongestRequest.TotalMilliseconds:F0} ms");
        load.LongestWait.Should().BeLessThan(LockTimeout);
        (await server.ScalarAsync<long>(
            "select count(distinct tableoid) from audit_events where event = 'token' and outcome = 'ok'"))
            .Should().Be(2, "tokens of both months");
        (await server.ScalarAsync<long>("select count(*) from audit_events where event = 'token' and outcome = 'ok'"))
            .Should().Be(load.Tokens);
        (await server.ScalarAsync<long>("select count(*) from audit_events_default")).Should().Be(0);
        await Eventually.BecomesTrueAsync(async () => !await WaitsAsync(server) && !await WaitsAsync(twin), TimeSpan.FromSeconds(70));

        static async Task<bool> WaitsAsync(TestServer server)
        {
            using var http = server.NewHttp();
            return (await http.GetStringAsync(Paths.Ready)).Contains("waits for a lock", StringComparison.Ordinal);
        }
    }
}
