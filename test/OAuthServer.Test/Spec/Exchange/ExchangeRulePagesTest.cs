using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>Rules of token exchange by form and by command; agents that may act, as their people see them.</summary>
[Behaviour(49, 50)]
public sealed class ExchangeRulePagesTest : ExchangeFixture
{
    [SetUp]
    public Task ForgetRulesAsync() => Server.ExecuteAsync("delete from exchange_rules");

    private async Task<Browser> OliviaAsync()
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync("olivia", "admin"));
        return browser;
    }

    [Test]
    public async Task A_rule_is_added_and_edited_and_what_people_allowed_stays()
    {
        var (agent, app, olivia) = (await AgentAsync(), await AppAsync(), await OliviaAsync());

        var added = await olivia.SubmitToAsync(Paths.AdminDelegationRule, await olivia.FollowAsync(Paths.AdminDelegationRule),
            ("actor", agent.Id), ("from_resource", Cast.Notes), (OAuthServer.Admin.Delegation.ExchangeRulePage.Target, Cast.Sensors),
            ("scopes", "mcp:read read_sensors"), ("subject_clients", app.Id), ("impersonate", "yes"), ("note", "Try & see"));
        added.Status.Should().Be(303, added.Body);
        var rule = await Server.ScalarAsync<Guid>("select id from exchange_rules where actor = @Id", agent);
        (await RowAsync(rule)).Should().Be($"{app.Id}|{Cast.Notes}|{Cast.Sensors}|mcp:read read_sensors|true|true|Try & see");

        var page = $"{Paths.AdminDelegationRule}?rule={rule}";
        var saved = await olivia.SubmitToAsync(Paths.AdminDelegationRule, await olivia.FollowAsync(page), ("scopes", "mcp:read"),
            ("subject_clients", ""), ("note", null), ("actor", "somebody-else"), ("from_resource", Cast.Sensors));
        saved.Status.Should().Be(303, saved.Body);
        (await RowAsync(rule)).Should().Be($"|{Cast.Notes}|{Cast.Sensors}|mcp:read|true|true", "its actor and its resources have no field");
        (await Server.ScalarAsync<string>("select actor from exchange_rules where id = @rule", new { rule })).Should().Be(agent.Id);

        var open = await olivia.FollowAsync(page);
        await Server.ExecuteAsync("update exchange_rules set note = 'by SQL' where id = @rule", new { rule });
        var told = await olivia.SubmitToAsync(Paths.AdminDelegationRule, open, ("note", "Typed here"));
        told.Should().BeAPage(409);
        told.Body.Should().Contain("by SQL").And.Contain("Typed here");
        (await olivia.GetAsync($"{Paths.AdminDelegationRule}?rule={Guid.NewGuid()}")).Status.Should().Be(404);
    }

    [Test]
    public async Task What_the_database_refuses_stands_at_its_field_and_nothing_typed_is_lost()
    {
        var (agent, olivia) = (await AgentAsync(), await OliviaAsync());
        var stranger = await Server.PublicClientAsync();

        (await RefusedAsync("actor", ("actor", stranger.Id))).Should().Contain("A public client exchanges nothing");
        (await RefusedAsync("scopes", ("scopes", ""))).Should().Contain("A rule names the scopes");
        (await RefusedAsync("scopes", ("scopes", "notes:read"))).Should().Contain("does not belong to its resource");
        (await RefusedAsync("scopes", ("scopes", "openid"))).Should().Contain("passed on to nobody");
        (await RefusedAsync("to", ("to", "https://nowhere.example/"))).Should().Contain("The resource of this rule does not exist");
        (await RefusedAsync("from_resource", ("from_resource", "x"))).Should().Contain("The resource tokens are for does not exist");
        (await RefusedAsync("subject_clients", ("subject_clients", agent.Id))).Should().Contain("does not move its own tokens");
        (await RefusedAsync("scopes", ("scopes", ""), ("subject_clients", agent.Id))).Should().Contain("A rule names the scopes");
        (await Server.ScalarAsync<long>("select count(*) from exchange_rules where actor = any (@ids)",
            new { ids = new[] { agent.Id, stranger.Id } })).Should().Be(0);

        async Task<string> RefusedAsync(string field, params (string Name, string? Value)[] changes)
        {
            (string Name, string? Value)[] usual = [("actor", agent.Id), ("from_resource", Cast.Notes), ("to", Cast.Sensors),
                ("scopes", "mcp:read"), ("note", "Kept as typed")];
            var reply = await olivia.SubmitToAsync(Paths.AdminDelegationRule, await olivia.FollowAsync(Paths.AdminDelegationRule),
                [.. usual.Where(one => changes.All(change => change.Name != one.Name)), .. changes]);
            reply.Should().BeAPage(400);
            reply.Body.Should().Contain("Kept as typed");
            return reply.Page.QuerySelector($"#{field}-problem")!.TextContent;
        }
    }

    [Test]
    public async Task A_command_edits_a_rule()
    {
        var (agent, app) = (await AgentAsync(), await AppAsync());
        var rule = await RuleAsync(agent);

        var edited = await Server.RunBinaryAsync(null, "exchange", "edit", $"{rule}", "--remove-scope", "mcp:write", "--add-subject-client",
            app.Id, "--note", "Narrow", "--json");
        edited.Code.Should().Be(0, edited.Error);
        edited.Out.Should().Contain("\"changed\":true").And.Contain("-mcp:write");
        (await RowAsync(rule)).Should().Be($"{app.Id}|{Cast.Notes}|{Cast.Sensors}|mcp:read|false|true|Narrow");
        (await Server.RunBinaryAsync(null, "exchange", "edit", $"{rule}", "--scope", "notes:read")).Error
            .Should().Contain("does not belong to its resource").And.Contain("Nothing was changed");
        (await Server.RunBinaryAsync(null, "exchange", "edit", $"{Guid.NewGuid()}", "--note", "x")).Error
            .Should().Contain("There is no rule");
    }

    [Test]
    public async Task People_see_who_may_act_and_has_not_and_whom_they_cut()
    {
        var (agent, app, alice) = (await AgentAsync("planner"), await AppAsync(), await Server.UserAsync());
        var other = await AgentAsync("idler");
        var (rule, idle) = (await RuleAsync(agent, scopes: "mcp:read"), await RuleAsync(other, scopes: "mcp:read mcp:write"));
        var browser = Server.NewBrowser();
        var landed = await browser.AllowAsync(app.AuthorizeQuery(Verifier, ("scope", "mcp:read mcp:write notes:read")), alice);
        var token = (await app.RedeemAsync(new Code(landed.Parameters["code"]!, Verifier, app.Redirect))).AccessToken;

        var (nobody, actor) = (await AppsAsync(), $"The {agent.Id} app");
        Agents(nobody).Should().HaveCount(2).And.OnlyContain(text => text.Contains("May act for you; has not yet"));
        var exchanged = await ExchangeAsync(agent, token);
        exchanged.Status.Should().Be(200, exchanged.Body);
        var acting = await AppsAsync();
        Agents(acting).Should().ContainSingle(text => text.Contains(actor)).Which.Should().Contain("Last used").And.NotContain("May act");
        Agents(acting).Should().ContainSingle(text => text.Contains($"The {other.Id} app")).Which.Should().Contain("has not yet");

        await browser.PostAsync(Paths.ConnectedApps, Browser.Form.On(acting.Body, "edge", $"{EdgeOf(exchanged.AccessToken)}")!.Fields
            .Append(KeyValuePair.Create("edge", $"{EdgeOf(exchanged.AccessToken)}")));
        var cut = await AppsAsync();
        Agents(cut).Should().ContainSingle(text => text.Contains(actor)).Which.Should().Contain("Ended").And.Contain("Cut on");
        Browser.Form.On(cut.Body, "edge", null).Should().BeNull("nothing is left to cut");

        await Server.ExecuteAsync("update exchange_rules set enabled = false where id = @idle", new { idle });
        Agents(await AppsAsync()).Should().NotContain(text => text.Contains($"The {other.Id} app"));
        await Server.ExecuteAsync("update exchange_rules set enabled = true, scopes = '{mcp:write}' where id = @idle", new { idle });
        Agents(await AppsAsync()).Should().ContainSingle(text => text.Contains($"The {other.Id} app")).Which
            .Should().NotContain("mcp:read");
        (await Server.ScalarAsync<long>("select count(*) from exchange_rules where id = @rule and enabled", new { rule })).Should().Be(1);

        Task<Reply> AppsAsync() => browser.GetAsync(Paths.ConnectedApps);

        static List<string> Agents(Reply page) => [.. page.Page.QuerySelectorAll("ul.tree > li").Select(one => one.TextContent)];
    }

    private static string Verifier { get; } = TestClient.NewVerifier();

    private Task<string> RowAsync(Guid rule) => Server.ScalarAsync<string>(
        """
        select concat_ws('|', array_to_string(subject_clients, ' '), from_resource, resource, array_to_string(scopes, ' '),
                         impersonate::text, enabled::text, note) from exchange_rules where id = @rule
        """, new { rule })!;
}
