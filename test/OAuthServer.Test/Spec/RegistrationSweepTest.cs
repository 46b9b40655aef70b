using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Registrations nobody uses leave by time, never by count; a used one never before its grants have lapsed.</summary>
[Behaviour(17)]
public sealed class RegistrationSweepTest
{
    [Test, Case("DCR-039")]
    public async Task A_client_never_used_is_removed_after_three_days()
    {
        await using var server = await TestServer.StartAsync();
        var (never, operators) = (await RegisterAsync(server), await server.PublicClientAsync(origin: "operator"));
        var visited = await RegisterAsync(server);

        await TravelAsync(server, TimeSpan.FromHours(71));
        (await LeftAsync(server)).Should().BeEquivalentTo(Id(never), Id(visited), operators.Id);
        (await server.ManageAsync(HttpMethod.Get, Id(visited), visited.Text("registration_access_token"))).ShouldBeRegistered(200);

        await TravelAsync(server, TimeSpan.FromHours(2));
        (await LeftAsync(server)).Should().BeEquivalentTo(Id(visited), operators.Id);
        (await server.QueryAsync<string>("select detail from audit_events where client_id = @id order by at", new { id = Id(never) }))
            .Should().HaveCount(2).And.HaveElementAt(1, "swept: never used");

        await TravelAsync(server, TimeSpan.FromDays(400));
        (await LeftAsync(server)).Should().Equal(operators.Id);
    }

    [Test]
    public async Task A_client_in_use_is_kept_until_its_grants_have_lapsed_for_a_month()
    {
        await using var server = await TestServer.StartAsync();
        var made = await RegisterAsync(server);
        var client = server.ClientOf(made);
        var tokens = await server.TokensAsync(client, await server.UserAsync(), life: TimeSpan.FromDays(365));
        await UsedAsync(server, made);

        await TravelAsync(server, TimeSpan.FromDays(13));
        var refreshed = await client.RefreshAsync(tokens.RefreshToken!);
        refreshed.Should().HaveIssuedTokens();
        await UsedAsync(server, made);
        await TravelAsync(server, TimeSpan.FromDays(40));
        (await LeftAsync(server)).Should().Equal([Id(made)], "a grant of it still lives");

        await server.ExecuteAsync("update grants set ended_at = @now, ended_reason = 'test'",
            new { now = server.Clock.GetUtcNow().UtcDateTime });
        await TravelAsync(server, TimeSpan.FromMinutes(1));
        (await LeftAsync(server)).Should().BeEmpty();
    }

    [Test]
    public async Task Lapsed_grants_alone_are_not_enough()
    {
        await using var server = await TestServer.StartAsync();
        var made = await RegisterAsync(server);
        await server.TokensAsync(server.ClientOf(made), await server.UserAsync(), life: TimeSpan.FromHours(1));
        await UsedAsync(server, made);

        await TravelAsync(server, TimeSpan.FromDays(29));
        (await LeftAsync(server)).Should().Equal(Id(made));
        await TravelAsync(server, TimeSpan.FromDays(2));
        (await LeftAsync(server)).Should().BeEmpty();
    }

    [Test]
    public async Task A_client_whose_person_is_about_to_consent_stays()
    {
        await using var server = await TestServer.StartAsync();
        var made = await RegisterAsync(server);
        var later = server.Clock.GetUtcNow().AddDays(5);
        await server.ExecuteAsync(
            "insert into authorization_requests (id_hash, browser_hash, client_id, query, created_at, expires_at) "
                + "values ('\\x01', '\\x02', @id, '', @later, @later)", new { id = Id(made), later = later.UtcDateTime });

        await TravelAsync(server, TimeSpan.FromDays(4));
        (await LeftAsync(server)).Should().Equal(Id(made));
        await TravelAsync(server, TimeSpan.FromDays(2));
        (await LeftAsync(server)).Should().BeEmpty();
    }

    [Test]
    public async Task Invited_clients_get_a_month_and_machines_that_worked_stay()
    {
        await using var server = await TestServer.StartAsync();
        object machine = new { grant_types = new[] { "client_credentials" } };
        var (idle, worked) =
            (await server.RegisterAsync(machine, await server.InviteAsync()),
                await server.RegisterAsync(machine, await server.InviteAsync()));
        (await server.ClientOf(worked).TokenAsync(("grant_type", "client_credentials"))).Should().HaveIssuedTokens();
        await UsedAsync(server, worked);

        await TravelAsync(server, TimeSpan.FromDays(29));
        (await LeftAsync(server)).Should().BeEquivalentTo(Id(idle), Id(worked));
        await TravelAsync(server, TimeSpan.FromDays(2));
        (await LeftAsync(server)).Should().Equal(Id(worked));
        await TravelAsync(server, TimeSpan.FromDays(400));
        (await LeftAsync(server)).Should().Equal(Id(worked));
        (await server.ScalarAsync<long>("select count(*) from initial_access_tokens")).Should().Be(0);
    }

    [Test]
    public async Task A_client_that_deleted_itself_is_removed_later_and_one_an_operator_disabled_stays()
    {
        await using var server = await TestServer.StartAsync();
        var (deleted, disabled) = (await RegisterAsync(server), await RegisterAsync(server));
        await server.ManageAsync(HttpMethod.Delete, Id(deleted), deleted.Text("registration_access_token"));
        await server.ExecuteAsync("update clients set enabled = false where client_id = @id", new { id = Id(disabled) });

        await TravelAsync(server, TimeSpan.FromHours(1));
        (await LeftAsync(server)).Should().BeEquivalentTo(Id(deleted), Id(disabled));
        await TravelAsync(server, TimeSpan.FromHours(72));
        (await LeftAsync(server)).Should().Equal(Id(disabled));
    }

    private static Task<Reply> RegisterAsync(TestServer server) => server.RegisterPublicAsync("https://app.example/cb");

    private static string Id(Reply registered) => registered.Text("client_id")!;

    private static async Task TravelAsync(TestServer server, TimeSpan by)
    {
        server.Clock.Travel(by);
        await server.Get<Retention>().OnceAsync(CancellationToken.None);
    }

    // What ClientUse writes a few times a minute.
    private static Task UsedAsync(TestServer server, Reply registered) =>
        server.ExecuteAsync("update clients set last_used_at = @now where client_id = @id",
            new { id = Id(registered), now = server.Clock.GetUtcNow().UtcDateTime });

    private static Task<List<string>> LeftAsync(TestServer server) => server.QueryAsync<string>("select client_id from clients");
}
