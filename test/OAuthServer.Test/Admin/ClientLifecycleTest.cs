using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Disable, enable, delete: the reach is shown first and is true, and the end reaches everything.</summary>
[Behaviour(26)]
public sealed class ClientLifecycleTest : ServerFixture
{
    [TestCase(Paths.AdminClientDisable), TestCase(Paths.AdminClientDelete)]
    public async Task The_blast_radius_counts_what_lives(string path)
    {
        var (olivia, alice, bob) = (await Server.OliviaAsync(), await Server.UserAsync(), await Server.UserAsync("bob"));
        var app = await Server.PublicClientAsync();
        await Server.TokensAsync(app, alice);
        await Server.TokensAsync(app, alice);
        var refreshed = await Server.TokensAsync(app, bob);
        await app.RefreshAsync(refreshed.RefreshToken!);
        // A grant whose code was not redeemed yet counts, and none of these: one ended, one over, tokens that have
        // expired, somebody else's.
        await Server.GrantAsync(app, bob);
        await app.RevokeAsync((await Server.TokensAsync(app, bob)).RefreshToken!);
        await Server.ExecuteAsync("update grants set expires_at = now() - interval '1 s' where id = (select grant_id from audit_events "
            + "where request_id = @id and event = 'token')", new { id = (await Server.TokensAsync(app, bob)).RequestId });
        await Server.TokensAsync(await Server.PublicClientAsync(), alice);
        await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome, client_id) "
            + "values (now() - interval '601 s', 'old', 'token', 'ok', @Id), (now(), 'no', 'token', 'refused', @Id), (now(), 'x', 'code', "
            + "'ok', @Id)", new { app.Id });
        await Server.ExecuteAsync("update clients set last_used_at = '2026-09-12T10:11:00Z' where client_id = @Id", new { app.Id });

        var page = await olivia.GetAsync(ClientPages.Of(app.Id, path));

        page.Should().BeAPage(200);
        var reach = page.Page.QuerySelectorAll("ul.reach li").Select(line => line.TextContent);
        reach.Should()
            .Equal("Live grants: 4", "Users with these grants: 2", "Live access tokens, at most: 6", "Last used: 12 Sep 2026, 10:11 UTC");
        (await Server.ScalarAsync<bool>("select enabled from clients where client_id = @Id", new { app.Id })).Should()
            .BeTrue("a look changes nothing");
    }

    [Test]
    public async Task A_disabled_client_is_refused_and_enabled_again_works_without_a_question()
    {
        var (olivia, machine, api) = (await Server.OliviaAsync(), await Server.MachineAsync(), await Server.ResourceServerAsync());
        var token = (await machine.CredentialsAsync()).AccessToken;

        var done = await olivia.SubmitToAsync(Paths.AdminClientDisable,
            await olivia.FollowAsync(ClientPages.Of(machine.Id, Paths.AdminClientDisable)));
        done.Status.Should().Be(303);
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Description == "The client has been revoked");
        (await api.SeesAsActiveAsync(token)).Should().BeFalse();
        (await olivia.GetAsync(ClientPages.Of(machine.Id, Paths.AdminClientDisable))).Status.Should().Be(303, "it is disabled already");

        var enabled = await olivia.SubmitToAsync(Paths.AdminClientEnable, await olivia.FollowAsync(ClientPages.Of(machine.Id)));
        enabled.Status.Should().Be(303);
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 200);
        (await Server.ScalarAsync<string>("select actor || ' ' || detail from audit_events where request_id = @id and event = 'edit'",
            new { id = enabled.RequestId })).Should().MatchRegex("^admin:olivia-.* update clients .*: enabled: false → true$");
    }

    [Test, Rfc(7662, "2.2"), Behaviour(9)]
    public async Task A_deleted_client_takes_everything_along_and_resource_servers_hear_of_it()
    {
        var (olivia, alice, api) = (await Server.OliviaAsync(), await Server.UserAsync(), await Server.ResourceServerAsync());
        var app = await Server.ConfidentialClientAsync();
        var (feed, tokens, code) = (new FeedReader(Server, api), await Server.TokensAsync(app, alice), await Server.GrantAsync(app, alice));
        await feed.ReadAsync();
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        var done = await olivia.SubmitToAsync(Paths.AdminClientDelete,
            await olivia.FollowAsync(ClientPages.Of(app.Id, Paths.AdminClientDelete)));

        (done.Status, done.Location).Should().Be((303, $"{Server.Issuer}{Paths.AdminApps}?done=deleted"));
        (await olivia.FollowAsync(done, "")).Reply.Body.Should().Contain("Deleted.").And.NotContain(app.Id);
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await feed.ReadAsync(5)).Should().Contain($"client_id {app.Id}").And.Contain(entry => entry.StartsWith("grant "));
        await Eventually.BecomesTrueAsync(async () => (await app.RefreshAsync(tokens.RefreshToken!)).Error == "invalid_client");
        (await app.RedeemAsync(code)).Error.Should().Be("invalid_client");
        foreach (var table in new[] { "clients", "client_secrets", "grants", "consents" })
            (await Server.ScalarAsync<int>($"select count(*)::int from {table} where client_id = @Id", new { app.Id })).Should()
                .Be(0, table);
        (await Server.QueryAsync<string>("select actor || ' ' || detail from audit_events where request_id = @request and event = 'edit' "
            + "and client_id = @Id order by detail", new { request = done.RequestId, app.Id }))
            .Should().HaveCount(2).And.OnlyContain(line => line.StartsWith("admin:olivia-"))
                .And.Contain(line => line.Contains("delete clients"));
        (await olivia.GetAsync(ClientPages.Of(app.Id))).Should().BeAPage(404);
    }

    [Test]
    public async Task A_client_that_no_operator_made_can_be_disabled_enabled_and_deleted()
    {
        var olivia = await Server.OliviaAsync();
        var stranger = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        var document = await HostileAsync();

        foreach (var id in new[] { stranger.Id, document })
        {
            (await olivia.SubmitToAsync(Paths.AdminClientDisable,
                await olivia.FollowAsync(ClientPages.Of(id, Paths.AdminClientDisable)))).Status.Should().Be(303);
            (await EnabledAsync(id)).Should().Equal(false);
            (await olivia.SubmitToAsync(Paths.AdminClientEnable, await olivia.FollowAsync(ClientPages.Of(id)))).Status.Should().Be(303);
            (await EnabledAsync(id)).Should().Equal(true);
            (await olivia.SubmitToAsync(Paths.AdminClientDelete,
                await olivia.FollowAsync(ClientPages.Of(id, Paths.AdminClientDelete)))).Status.Should().Be(303);
            (await EnabledAsync(id)).Should().BeEmpty();
        }
    }

    [TestCase(Paths.AdminClientDisable, "0"), TestCase(Paths.AdminClientDelete, "")]
    public async Task The_SQL_that_is_shown_does_the_same_whatever_the_id_holds(string path, string then)
    {
        var (olivia, id, bystander) = (await Server.OliviaAsync(), await HostileAsync(), await Server.MachineAsync());

        var sql = (await olivia.GetAsync(ClientPages.Of(id, path))).Page.QuerySelector("pre:not([id])")!.TextContent;
        await Server.ExecuteAsync(sql);

        string.Concat((await EnabledAsync(id)).Select(enabled => enabled ? "1" : "0")).Should().Be(then, sql);
        (await EnabledAsync(bystander.Id)).Should().Equal(true);
    }

    [Test]
    public async Task The_SQL_that_revokes_a_secret_revokes_it()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        var secret = await Server.ScalarAsync<long>("select id from client_secrets where client_id = @Id", new { machine.Id });

        var page = await olivia.GetAsync($"{Paths.AdminClientSecretRevoke}?secret={secret}");
        await Server.ExecuteAsync(page.Page.QuerySelector("pre:not([id])")!.TextContent);

        (await Server.ScalarAsync<bool>("select revoked_at is not null from client_secrets where id = @secret", new { secret })).Should()
            .BeTrue();
    }

    private Task<List<bool>> EnabledAsync(string id) =>
        Server.QueryAsync<bool>("select enabled from clients where client_id = @id", new { id });

    // As hostile as the table lets an id be.
    private async Task<string> HostileAsync()
    {
        var id = $"https://{Guid.NewGuid():N}.example/'or(1=1)--\\'\\\\\";drop<b>$(id)&amp;";
        await Server.ExecuteAsync("insert into clients (client_id, kind, name, origin) values (@id, 'user-facing', 'Hostile', 'document')",
            new { id });
        return id;
    }
}
