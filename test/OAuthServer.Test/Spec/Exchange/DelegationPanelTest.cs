using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>Delegation as operators see and end it: on the page, by commands.</summary>
[Behaviour(50)]
public sealed class DelegationPanelTest : ExchangeFixture
{
    [Test]
    public async Task The_page_shows_rules_and_chains_and_says_what_ends()
    {
        var (agent, alice, olivia) = (await AgentAsync(), await Server.UserAsync(), await Server.UserAsync("olivia", "admin"));
        var rule = await RuleAsync(agent);
        var token = (await ExchangeAsync(agent, await AliceAsync(await AppAsync(), alice))).AccessToken;
        var sensors = await Server.ResourceServerAsync(Cast.Sensors);
        var browser = Server.NewBrowser();
        await browser.SignInAsync(olivia);

        var page = await browser.FollowAsync(Paths.AdminDelegation);
        page.Reply.Body.Should().Contain(rule.ToString()).And.Contain(alice.Username).And.Contain($"The {agent.Id} app");
        var confirm = await browser.FollowAsync($"{Paths.AdminDelegationCut}?id={EdgeOf(token)}");
        confirm.Reply.Body.Should().Contain("update delegations set ended_at = now() where id = ").And.Contain(EdgeOf(token).ToString());
        await browser.SubmitToAsync(Paths.AdminDelegationCut, confirm);
        (await sensors.SeesAsActiveAsync(token)).Should().BeFalse();

        var disable = await browser.FollowAsync($"{Paths.AdminDelegationState}?id={rule}");
        disable.Reply.Body.Should().Contain("Delegations that end").And.Contain("update exchange_rules set enabled = false");
        await browser.SubmitToAsync(Paths.AdminDelegationState, disable);
        (await Server.ScalarAsync<bool>("select enabled from exchange_rules where id = @rule", new { rule })).Should().BeFalse();
        await browser.SubmitToAsync(Paths.AdminDelegationState, await browser.FollowAsync(Paths.AdminDelegation));
        (await Server.ScalarAsync<bool>("select enabled from exchange_rules where id = @rule", new { rule })).Should().BeTrue();
        (await Server.QueryAsync<string>("select actor from audit_events where event = 'revocation' and actor like 'admin:%'")).Should()
            .Equal($"admin:{olivia.Username}");
    }

    [Test]
    public async Task Commands_add_list_disable_show_and_cut()
    {
        var (agent, alice) = (await AgentAsync(), await Server.UserAsync());
        var added = await JsonAsync("exchange", "add", "--actor", agent.Id, "--from", Cast.Notes, "--to", Cast.Sensors,
            "--scope", "mcp:read");
        var rule = added.GetProperty("id").GetGuid();
        await HearAsync(rules => rules.Any(one => one.Id == rule));
        (await Server.RunBinaryAsync(null, "exchange", "add", "--actor", agent.Id, "--from", Cast.Notes, "--to", Cast.Sensors, "--scope",
            "notes:read")).Error.Should().Contain("A scope in this row does not belong to its resource");

        var token = (await ExchangeAsync(agent, await AliceAsync(await AppAsync(), alice))).AccessToken;
        var grant = Claims(token)["grant"]!.ToString();
        var tree = await Server.RunBinaryAsync(null, "grants", "tree", grant);
        tree.Out.Should().Contain(alice.Username).And.Contain(agent.Id).And.Contain("live").And.Contain(EdgeOf(token).ToString());
        (await Server.RunBinaryAsync("", "grants", "cut", EdgeOf(token).ToString())).Code.Should().Be(1, "it asks");
        (await JsonAsync("grants", "cut", EdgeOf(token).ToString(), "--yes")).GetProperty("cut").GetBoolean().Should().BeTrue();
        (await Server.RunBinaryAsync(null, "grants", "tree", grant)).Out.Should().Contain("ended (cut)");
        (await (await Server.ResourceServerAsync(Cast.Sensors)).SeesAsActiveAsync(token)).Should().BeFalse();

        (await JsonAsync("exchange", "disable", rule.ToString(), "--yes")).GetProperty("changed").GetBoolean().Should().BeTrue();
        (await JsonAsync("exchange", "list")).GetProperty("rules").EnumerateArray()
            .Single(row => row.GetProperty("id").GetGuid() == rule).GetProperty("enabled").GetBoolean().Should().BeFalse();
        (await JsonAsync("exchange", "enable", rule.ToString())).GetProperty("changed").GetBoolean().Should().BeTrue();
        (await Server.RunBinaryAsync(null, "exchange", "disable", Guid.NewGuid().ToString(), "--yes")).Error
            .Should().Contain("There is no rule");
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Error + run.Out);
        return JsonDocument.Parse(run.Out).RootElement;
    }
}
