using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Spec.Exchange;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>What an API that uses the kit sees of who acts for whom.</summary>
[Behaviour(50)]
public sealed class ActorsTest : ExchangeFixture
{
    [Test, Case("TX-116"), Case("TX-119")]
    public async Task An_api_knows_the_actors_and_refuses_what_was_cut()
    {
        await using var api = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync());
        var (agent, planner, app) = (await AgentAsync(), await AgentAsync("planner"), await AppAsync());
        await RuleAsync(agent, to: Cast.Notes);
        await RuleAsync(planner, to: Cast.Notes);
        var root = await AliceAsync(app, await Server.UserAsync());
        var first = (await ExchangeAsync(agent, root, Cast.Notes)).AccessToken;
        var second = (await ExchangeAsync(planner, first, Cast.Notes)).AccessToken;

        (await api.GetAsync("/actors", second)).Body.Should().Be($"{planner.Id} {agent.Id}");
        (await api.GetAsync("/actors", root)).Body.Should().BeEmpty();
        (await api.GetAsync("/nobody-between", root)).Status.Should().Be(200);
        (await api.GetAsync("/nobody-between", first)).Status.Should().Be(403);
        (await api.GetAsync("/only-agent", root)).Status.Should().Be(403);
        (await api.GetAsync("/only-agent", first)).Status.Should().Be(403);
        await Server.ExecuteAsync("update clients set client_id = 'agent-of-the-tests' where client_id = @Id", new { agent.Id });
        var renamed = new TestClient(Server, "agent-of-the-tests", Cast.Secret, "client_secret_basic", "");
        await HearAsync(rules => rules.Any(rule => rule.Actor == renamed.Id));
        (await api.GetAsync("/only-agent", (await ExchangeAsync(renamed, root, Cast.Notes)).AccessToken)).Status.Should().Be(200);

        await Server.ExecuteAsync("update delegations set ended_at = now() where id = @edge", new { edge = EdgeOf(first) });
        foreach (var token in new[] { first, second })
            await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/any", token)).Status == 401, Eventually.Second);
        (await api.GetAsync("/any", root)).Status.Should().Be(200);
    }
}
