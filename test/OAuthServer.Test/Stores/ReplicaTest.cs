using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>Lists are read from a real standby, and nobody can tell by what they show.</summary>
[Behaviour(25), NonParallelizable]
public sealed class ReplicaTest
{
    private readonly CapturedLog log = new();
    private OwnReplica replica = null!;
    private TestServer server = null!;
    private Browser olivia = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        replica = await OwnReplica.StartAsync();
        await using (var database = new OAuthServer.Stores.Postgres.Database(replica.Primary)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(replica.Primary, "create extension if not exists pgcrypto");
        await TestDatabase.ExecuteAsync(replica.Primary, Cast.Sql);
        server = await TestServer.StartAsync(settings => settings with { ReplicaDatabase = replica.Standby }, replica.Primary,
            services: log.AddTo);
        olivia = server.NewBrowser();
        (await olivia.SignInAsync(await server.UserAsync("olivia", "admin"))).Is(Paths.ConnectedApps).Should().BeTrue();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null) await server.DisposeAsync();
        if (replica is not null) await replica.DisposeAsync();
    }

    [Test]
    public async Task Lists_are_read_there_and_what_decides_is_not()
    {
        var machine = await server.MachineAsync();
        await Eventually.BecomesTrueAsync(async () => await StandbyReadsAsync(Paths.AdminApps));

        foreach (var path in new[] { Paths.Admin, Paths.AdminUsers, Paths.AdminGrants, Paths.AdminAudit })
            (await StandbyReadsAsync(path)).Should().BeTrue($"{path} is a list");
        var log = await olivia.GetAsync(Paths.AdminAudit);
        var exported = await replica.StatementsAsync();
        var export = Browser.Form.To(log.Body, Paths.AdminAuditExport)!.Fields.Append(KeyValuePair.Create("format", "csv"));
        (await olivia.PostAsync(Paths.AdminAuditExport, export)).Body.Should().StartWith("at,request_id,");
        (await replica.StatementsAsync()).Should().BeGreaterThan(exported, "an export is a list");

        var before = await replica.StatementsAsync();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var tokens = await server.TokensAsync(await server.PublicClientAsync(), await server.UserAsync());
        await (await server.ResourceServerAsync()).IntrospectAsync(tokens.AccessToken);
        await olivia.GetAsync(Paths.AdminClientNew);
        (await replica.StatementsAsync()).Should().Be(before, "tokens and forms are the primary's");
    }

    [Test]
    public async Task Nobody_misses_an_edit_of_their_own_while_the_replica_is_behind()
    {
        var (before, app, name) = (Warnings().Count(), await server.PublicClientAsync(), $"Renamed {Guid.NewGuid():N}");
        await Eventually.BecomesTrueAsync(async () => await StandbyReadsAsync(Paths.AdminApps), TimeSpan.FromSeconds(20));
        await replica.PauseAsync();
        try
        {
            await server.ExecuteAsync("update clients set name = @name where client_id = @Id", new { name, app.Id });
            var list = await olivia.GetAsync($"{Paths.AdminApps}?q={app.Id}");

            list.Body.Should().Contain(name);
            Warnings().Skip(before).Should().ContainSingle().Which.Should().Contain("behind the primary");
            for (var i = 0; i < 5; i++) (await olivia.GetAsync(Paths.AdminUsers)).Status.Should().Be(200);
            Warnings().Skip(before).Should().ContainSingle("it is said once");
        }
        finally
        {
            await replica.ResumeAsync();
        }

        await Eventually.BecomesTrueAsync(async () => await StandbyReadsAsync(Paths.AdminApps), TimeSpan.FromSeconds(20));
        log.Lines.Should().Contain(line => line.Contains("answers lists again"));
    }

    [TestCase("stopped"), TestCase("hung")]
    public async Task While_the_replica_is_unavailable_the_primary_answers(string how)
    {
        await Eventually.BecomesTrueAsync(async () => await StandbyReadsAsync(Paths.AdminApps), TimeSpan.FromSeconds(20));
        var before = Warnings().Count();
        await (how == "hung" ? replica.HangAsync() : replica.StopAsync());
        try
        {
            var began = TimeProvider.System.GetTimestamp();
            foreach (var path in new[] { Paths.AdminApps, Paths.AdminAudit, Paths.Admin })
                (await olivia.GetAsync(path)).Status.Should().Be(200, path);
            TimeProvider.System.GetElapsedTime(began)
                .Should().BeLessThan(TimeSpan.FromSeconds(5), "it is left out, not waited for each time");
            Warnings().Count().Should().Be(before + 1);
        }
        finally
        {
            await (how == "hung" ? replica.GoOnAsync() : replica.StartAgainAsync());
        }

        await Eventually.BecomesTrueAsync(async () => await StandbyReadsAsync(Paths.AdminApps), TimeSpan.FromSeconds(30));
    }

    [Test]
    public async Task Commands_list_from_it_and_act_on_the_primary()
    {
        var settings = server.Settings;
        var before = await replica.StatementsAsync();

        var (code, said) = await OAuthProgram.RunAsync(settings, "users", "list");

        code.Should().Be(0, said);
        (await replica.StatementsAsync()).Should().BeGreaterThan(before);
    }

    [Test]
    public async Task A_server_that_is_pointed_at_a_standby_is_not_ready_and_says_why()
    {
        await using var lost = await TestServer.StartAsync(database: replica.Standby, waitUntilReady: false);

        var ready = await lost.GetAsync(Paths.Ready);
        ready.Status.Should().Be(503);
        ready.Body.Should().Contain("it is a standby");
        (await lost.PostTokenAsync("grant_type=client_credentials", ("Authorization", Requests.BasicOf("nobody:x"))))
            .Should().BeRefusedWith("temporarily_unavailable");
    }

    [Test]
    public async Task A_server_finds_the_primary_among_hosts_and_leaves_one_that_has_become_read_only()
    {
        var both = ConnectionText.Read(replica.Primary.Replace("Host=", $"Host={HostOf(replica.Standby)},"), out var problem);
        problem.Should().BeNull();
        await using var second = await TestServer.StartAsync(
            settings => settings with { Issuer = server.Issuer, Listen = $"http://localhost:{TestServer.FreePort()}" }, both);
        var machine = (await server.MachineAsync()).At(second);
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        // Sessions live on, as behind a proxy that keeps them.
        await TestDatabase.ExecuteAsync(replica.Primary, "alter system set default_transaction_read_only = on");
        await TestDatabase.ExecuteAsync(replica.Primary, "select pg_reload_conf()");
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 503);
        (await second.GetAsync(Paths.Ready)).Status.Should().Be(503, "no session that takes no writes is used");
        (await machine.CredentialsAsync()).Should().BeRefusedWith("temporarily_unavailable");

        await TestDatabase.ExecuteAsync(replica.Primary, "alter system reset default_transaction_read_only");
        await TestDatabase.ExecuteAsync(replica.Primary, "select pg_reload_conf()");
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 200);
    }

    private static string HostOf(string connection) => new Npgsql.NpgsqlConnectionStringBuilder(connection).Host!;

    private IEnumerable<string> Warnings() => log.Lines.Where(line => line.Contains("left out"));

    private async Task<bool> StandbyReadsAsync(string path)
    {
        var before = await replica.StatementsAsync();
        (await olivia.GetAsync(path)).Status.Should().Be(200, path);
        return await replica.StatementsAsync() > before;
    }
}
