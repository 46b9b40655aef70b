using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>Two servers, many exchanges at once, and somebody who ends what they stand on: nothing survives the end.</summary>
[Behaviour(50), NonParallelizable]
public sealed class CutRaceTest : ExchangeFixture
{
    private const int Parallel = 64;

    private TestServer twin = null!;

    [OneTimeSetUp]
    public async Task StartTwinAsync() => twin = await Server.StartSecondInstanceAsync();

    [OneTimeTearDown]
    public async Task StopTwinAsync() => await twin.DisposeAsync();

    [TestCase("update delegations set ended_at = now() where actor = @Id and depth = 1", false)]
    [TestCase("update exchange_rules set enabled = false where actor = @Id and from_resource = 'http://localhost:9000/mcp'", false)]
    [TestCase("update exchange_rules set enabled = false where actor = @Id and from_resource = 'http://localhost:9000/mcp'", true)]
    [TestCase("update grants set ended_at = now() where client_id = @App", true)]
    [TestCase("update clients set enabled = false where client_id = @Id", true)]
    public async Task Nothing_survives(string sql, bool first)
    {
        var (app, agent, alice) = (await AppAsync(), await AgentAsync(), await Server.UserAsync());
        await RuleAsync(agent);
        await Eventually.BecomesTrueAsync(async () =>
            (await twin.Get<ExchangeRules>().ReadAsync(CancellationToken.None)).Any(rule => rule.Actor == agent.Id));
        var root = await AliceAsync(app, alice);
        if (!first) (await ExchangeAsync(agent, root)).Should().HaveIssuedTokens();
        var (here, there) = (agent, agent.At(twin));
        var sent = Enumerable.Range(0, Parallel).Select(async i =>
        {
            await Task.Delay(i / 4);
            return await ExchangeAsync(i % 2 == 0 ? here : there, root);
        }).ToList();
        await Task.WhenAny(sent);
        await Server.ExecuteAsync(sql, new { agent.Id, App = app.Id });
        var cut = Task.Run(async () => await ExchangeAsync(there, root));

        var replies = await Task.WhenAll(sent);
        var issued = replies.Where(reply => reply.Status == 200).Select(reply => reply.AccessToken).ToList();
        TestContext.Out.WriteLine($"{issued.Count} of {Parallel} were issued before the end");
        (await cut).Status.Should().BeOneOf(400, 401);
        replies.Select(reply => reply.Status).Should().OnlyContain(status => status == 200 || status == 400 || status == 401);
        var sensors = await Server.ResourceServerAsync(Cast.Sensors);
        foreach (var token in issued) (await sensors.SeesAsActiveAsync(token)).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from delegations where actor = @Id and ended_at is null", new { agent.Id }))
            .Should().Be(0);
        var feed = await Server.QueryAsync<string>("select value from revocation_feed where kind = 'grant'");
        issued.Select(token => EdgeOf(token).ToString()).Distinct().Except(feed).Should().BeEmpty();
    }

    [TestCase("update exchange_rules set enabled = false where actor = @Id")]
    [TestCase("update clients set enabled = false where client_id = @Id")]
    [TestCase("update clients set enabled = false where client_id = @App")]
    [TestCase("update grants set ended_at = now() where client_id = @App")]
    [TestCase("update delegations set ended_at = now() where depth = 1 and client_id = @App")]
    public async Task The_first_exchange_of_a_step_waits_for_an_edit_under_way(string sql)
    {
        var (app, before, agent, alice) = (await AppAsync(), await AgentAsync("before"), await AgentAsync(), await Server.UserAsync());
        await RuleAsync(before);
        await RuleAsync(agent, Cast.Sensors, Cast.Sensors);
        var root = (await ExchangeAsync(before, await AliceAsync(app, alice))).AccessToken;

        var editing = Server.ExecuteAsync(sql + "; select pg_sleep(0.7)", new { agent.Id, App = app.Id });
        await Server.SleepsAsync();
        var reply = await ExchangeAsync(agent, root);
        await editing;

        reply.Status.Should().BeOneOf(400, 401);
        (await Server.ScalarAsync<long>("select count(*) from delegations where actor = @Id and ended_at is null", new { agent.Id }))
            .Should().Be(0);
    }

    [Test]
    public async Task Both_servers_begin_the_same_step_once()
    {
        var (app, agent, alice) = (await AppAsync(), await AgentAsync(), await Server.UserAsync());
        await RuleAsync(agent);
        await Eventually.BecomesTrueAsync(async () =>
            (await twin.Get<ExchangeRules>().ReadAsync(CancellationToken.None)).Any(rule => rule.Actor == agent.Id));
        var root = await AliceAsync(app, alice);
        var replies = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(i =>
            ExchangeAsync(i % 2 == 0 ? agent : agent.At(twin), root)));
        replies.Select(reply => reply.Status).Should().AllBeEquivalentTo(200);
        replies.Select(reply => EdgeOf(reply.AccessToken)).Distinct().Should().HaveCount(1);
    }
}
