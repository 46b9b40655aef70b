using System.Diagnostics;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>The audit log's months are made and dropped without anybody waiting.</summary>
[Behaviour(25, 39), Parallelizable(ParallelScope.Fixtures)]
public sealed class AuditMonthsTest
{
    private static Task<long> MonthsAsync(TestServer server) =>
        server.ScalarAsync<long>(
            "select count(*) from pg_inherits "
                + @"where inhparent = 'audit_events'::regclass and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'");

    private static Task DropMonthsAheadAsync(TestServer server) => DropMonthsAsync(server, 1);

    private static Task DropMonthsAsync(TestServer server, int first) => server.ExecuteAsync($$"""
        do $$ begin
            for ahead in {{first}}..2 loop
                execute 'drop table audit_events_' || to_char(now() at time zone 'utc' + make_interval(months => ahead), 'YYYY_MM');
            end loop;
        end $$
        """);

    private static Task MaintainAsync(TestServer server) => server.Get<AuditPartitions>().MaintainAsync(CancellationToken.None);

    [Test]
    public async Task Months_are_made_two_ahead_with_the_logs_indexes_and_triggers()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        (await MonthsAsync(server)).Should().Be(3, "the migration has made this month and the next two");
        await DropMonthsAheadAsync(server);

        await MaintainAsync(server);

        (await MonthsAsync(server)).Should().Be(3);
        var month =
            await server.ScalarAsync<string>("select 'audit_events_' || to_char(now() at time zone 'utc' + interval '1 month', 'YYYY_MM')");
        (
            await server.ScalarAsync<bool>(
                "select (select count(*) from pg_index where indrelid = @month::regclass) = (select count(*) from pg_index "
                    + "where indrelid = 'audit_events'::regclass)", new { month })).Should().BeTrue();
        await (await server.MachineAsync()).CredentialsAsync();
        (await server.ScalarAsync<long>("select count(*) from audit_events_default")).Should().Be(0);
        await server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome) "
                + "values (date_trunc('month', now()) + interval '40 days', 'soon', 'token', 'ok')");
        (await FluentActions.Awaiting(() => server.ExecuteAsync($"delete from {month}"))
            .Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        server.Get<AuditPartitions>().Detail.Should().BeNull();
    }

    [Test]
    public async Task A_dump_that_reads_the_log_delays_no_request_while_months_are_kept()
    {
        var log = new CapturedLog();
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 1 }, services: log.AddTo);
        await AuditWriters.FirstRoundAsync(server);
        await server.ExecuteAsync(
            "create table audit_events_2020_01 partition of audit_events for values from ('2020-01-01') to ('2020-02-01')");
        await DropMonthsAheadAsync(server);
        var machine = await server.MachineAsync();
        await machine.CredentialsAsync();
        await using var dump = new NpgsqlConnection(server.Settings.Database);
        await dump.OpenAsync();
        await using var reads = await dump.BeginTransactionAsync();
        await using (var read = new NpgsqlCommand("select count(*) from audit_events", dump, reads)) await read.ExecuteScalarAsync();

        using var kept = new CancellationTokenSource();
        var requests = RequestsAsync(machine, kept.Token);
        for (var round = 0; round < 5; round++)
        {
            await MaintainAsync(server);
            await Task.Delay(100);
        }

        await kept.CancelAsync();
        (await requests).Should().BeLessThan(TimeSpan.FromMilliseconds(600), "a lock is waited for 100 ms, and this machine is busy");
        (await MonthsAsync(server)).Should().Be(2, "nothing could be made or dropped");
        server.Get<AuditPartitions>().Detail.Should().Contain("waits for a lock");
        (await server.NewHttp().GetStringAsync(Paths.Ready)).Should().Contain("waits for a lock");
        log.Lines.Should().ContainSingle(line => line.StartsWith("Warning")
            && line.Contains("A month of the audit log could not be made or dropped"));

        await reads.RollbackAsync();
        await MaintainAsync(server);
        (await MonthsAsync(server)).Should().Be(4, "tried again later, and none is dropped in the round that makes one");
        await MaintainAsync(server);
        (await server.ScalarAsync<bool>("select to_regclass('audit_events_2020_01') is null")).Should().BeTrue();
        (await MonthsAsync(server)).Should().Be(3);
        server.Get<AuditPartitions>().Detail.Should().BeNull();
    }

    [Test]
    public async Task A_development_server_that_starts_after_months_makes_them_before_its_own_first_row()
    {
        var settings = new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            Development = true,
        };
        var rows = TestServer.ExternalServer(settings);
        await DropMonthsAsync(rows, 0);
        // Not started: Retention makes months, too, and would be first by chance.
        await using var app = Server.Build(settings, new Clock());

        (await Preparation.PrepareAsync(app.Services, settings, CancellationToken.None)).Should().BeNull();

        (await MonthsAsync(rows)).Should().Be(3);
        (await rows.ScalarAsync<long>("select count(*) from audit_events where event = 'edit'")).Should()
            .BePositive("else it wrote no row");
        (await rows.ScalarAsync<long>("select count(*) from audit_events_default")).Should().Be(0, "a month that began there stays there");
    }

    [Test]
    public async Task Rows_that_no_month_has_are_told()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        await MaintainAsync(server);
        await server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome) values ('2001-01-01', 'old', 'token', 'ok')");

        await MaintainAsync(server);

        server.Get<AuditPartitions>().Detail.Should().Contain("default partition");
        (await server.GetAsync(Paths.Ready)).Status.Should().Be(200);
    }

    [Test]
    public async Task A_month_whose_rows_came_before_it_stays_in_the_default_partition_and_the_others_are_made()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        await DropMonthsAheadAsync(server);
        await server.ExecuteAsync("""
            insert into audit_events (at, request_id, event, outcome)
            values (date_trunc('month', now()) + interval '40 days', 'early', 'token', 'ok')
            """);

        for (var round = 0; round < 3; round++) await MaintainAsync(server);

        (await MonthsAsync(server)).Should().Be(2, "this month and the one after the next");
        (await server.ScalarAsync<string>("select tableoid::regclass::text from audit_events where request_id = 'early'"))
            .Should().Be("audit_events_default");
        server.Get<AuditPartitions>().Detail.Should().Contain("default partition");
    }

    [Test]
    public async Task Servers_that_keep_the_log_at_once_make_each_month_once()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        await using var twin = await server.StartSecondInstanceAsync();
        await DropMonthsAheadAsync(server);

        // The second server's own first round may have the turn still, begun before the months were dropped; then all of these pass.
        await Eventually.BecomesTrueAsync(async () =>
        {
            await Task.WhenAll(Enumerable.Range(0, 6).Select(turn => MaintainAsync(turn % 2 == 0 ? server : twin)));
            return await MonthsAsync(server) == 3;
        });
    }

    [Test]
    public async Task A_server_whose_turn_it_is_not_passes_without_waiting()
    {
        await using var server = await TestServer.StartAsync();
        await AuditWriters.FirstRoundAsync(server);
        await DropMonthsAheadAsync(server);
        await using var other = new NpgsqlConnection(server.Settings.Database);
        await other.OpenAsync();
        await using (var turn = await other.BeginTransactionAsync())
        {
            // The turn that audit_keep takes.
            await using (var take = new NpgsqlCommand("select pg_advisory_xact_lock(7305914)", other, turn))
                await take.ExecuteNonQueryAsync();

            await MaintainAsync(server);

            (await MonthsAsync(server)).Should().Be(1, "the other makes them");
            server.Get<AuditPartitions>().Detail.Should().BeNull();
        }

        await MaintainAsync(server);
        (await MonthsAsync(server)).Should().Be(3);
    }

    // The longest of them.
    private static async Task<TimeSpan> RequestsAsync(TestClient machine, CancellationToken until)
    {
        var longest = TimeSpan.Zero;
        while (!until.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
            var took = Stopwatch.GetElapsedTime(began);
            if (took > longest) longest = took;
        }

        return longest;
    }
}
