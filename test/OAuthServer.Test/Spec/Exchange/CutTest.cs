using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>How a delegation ends: what is below it dies within a second, what is beside it lives.</summary>
[Behaviour(50)]
public sealed class CutTest : ExchangeFixture
{
    private TestClient app = null!, orchestrator = null!, planner = null!, sibling = null!, sensors = null!;

    [OneTimeSetUp]
    public async Task PrepareAsync()
    {
        (app, orchestrator, planner, sibling) = (
            await AppAsync(), await AgentAsync(), await AgentAsync("planner"), await AgentAsync("sibling"));
        sensors = await Server.ResourceServerAsync(Cast.Sensors);
        await RuleAsync(orchestrator);
        await RuleAsync(sibling);
        await RuleAsync(planner, Cast.Sensors, Cast.Sensors);
    }

    [Test, Case("TX-116")]
    public async Task A_branch_that_a_person_cuts_dies_with_what_is_below_and_nothing_else()
    {
        var (alice, tokens) = await ChainAsync();
        var feed = new FeedReader(Server, sensors);
        await feed.ReadAsync();
        var browser = Server.NewBrowser();
        await browser.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.ConnectedApps);
        page.Reply.Body.Should().Contain($"The {orchestrator.Id} app").And.Contain($"The {planner.Id} app");

        var cut = await browser.FollowAsync(await browser.SubmitAsync(page, "edge", EdgeOf(tokens.First).ToString()), page.Url);
        cut.Reply.Body.Should().Contain("No longer acts for you");

        (await sensors.SeesAsActiveAsync(tokens.First)).Should().BeFalse();
        (await sensors.SeesAsActiveAsync(tokens.Second)).Should().BeFalse("it stands on the first");
        (await sensors.SeesAsActiveAsync(tokens.Beside)).Should().BeTrue();
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(tokens.Root)).Should().BeTrue();
        (await feed.ReadAsync(1)).Should().BeEquivalentTo($"grant {EdgeOf(tokens.First)}", $"grant {EdgeOf(tokens.Second)}");
        (await ExchangeAsync(orchestrator, tokens.Root)).Should().BeRefusedWith("invalid_request");
        (await ExchangeAsync(planner, tokens.First)).Should().BeRefusedWith("invalid_request");
        (await ExchangeAsync(sibling, tokens.Root)).Should().HaveIssuedTokens();
        (await Server.QueryAsync<string>("select detail from audit_events where event = 'revocation' and subject = @subject",
            new { subject = alice.Subject.ToString() })).Should()
            .Equal($"by the person: the delegation {EdgeOf(tokens.First)} and what is below it");
    }

    [Test]
    public async Task Nobody_cuts_what_is_another_persons()
    {
        var (alice, tokens) = await ChainAsync();
        var mallory = Server.NewBrowser();
        await app.TokensAsync(await Server.UserAsync("mallory"), mallory, ("scope", "mcp:read"));
        var own = await mallory.FollowAsync(Paths.ConnectedApps);
        (await mallory.SubmitToAsync(Paths.ConnectedApps, own, ("grant", null), ("edge", EdgeOf(tokens.First).ToString()))).Status.Should()
            .Be(404);
        (await sensors.SeesAsActiveAsync(tokens.First)).Should().BeTrue($"it is {alice.Username}'s");
    }

    [TestCase("update delegations set ended_at = now() where id = @edge", "cut", 1)]
    [TestCase("update exchange_rules set enabled = false where id = (select rule_id from delegations where id = @edge)", "rule", 0)]
    [TestCase("update exchange_rules set scopes = '{mcp:write}' where id = (select rule_id from delegations where id = @edge)", "rule", 0)]
    [TestCase("update exchange_rules set subject_clients = '{nobody}' where id = (select rule_id from delegations where id = @edge)", "rule", 0)]
    [TestCase("update clients set enabled = false where client_id = (select actor from delegations where id = @edge)", "client", 0)]
    [TestCase("update grants set ended_at = now(), ended_reason = 'x' where id = (select grant_id from delegations where id = @edge)", "grant", 1)]
    [TestCase("update users set enabled = false where subject = (select subject from grants where id = (select grant_id from delegations where id = @edge))", "grant", 0)]
    public async Task What_ends_in_SQL_ends_the_tokens(string sql, string reason, int rows)
    {
        var (alice, agent, under) = (await Server.UserAsync(), await AgentAsync(), await AgentAsync("below"));
        await RuleAsync(agent);
        await RuleAsync(under, Cast.Sensors, Cast.Sensors);
        var root = await AliceAsync(app, alice);
        var first = (await ExchangeAsync(agent, root)).AccessToken;
        var second = (await ExchangeAsync(under, first)).AccessToken;
        var feed = new FeedReader(Server, sensors);
        await feed.ReadAsync();

        await Server.ExecuteAsync(sql, new { edge = EdgeOf(first) });

        (await sensors.SeesAsActiveAsync(first)).Should().BeFalse();
        (await sensors.SeesAsActiveAsync(second)).Should().BeFalse();
        (await feed.ReadAsync(1)).Should().Contain([$"grant {EdgeOf(first)}", $"grant {EdgeOf(second)}"]);
        (await Server.ScalarAsync<string>("select ended_reason from delegations where id = @edge", new { edge = EdgeOf(first) })).Should()
            .Be(reason);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'revocation' and subject = @subject and actor like 'sql:%'",
            new { subject = alice.Subject.ToString() })).Should().Be(rows);
        (await ExchangeAsync(agent, root)).Status.Should().BeOneOf(400, 401);
    }

    [Test]
    public async Task A_rule_that_is_enabled_again_brings_no_token_back()
    {
        var (alice, agent) = (await Server.UserAsync(), await AgentAsync());
        var rule = await RuleAsync(agent);
        var root = await AliceAsync(app, alice);
        var before = (await ExchangeAsync(agent, root)).AccessToken;
        await Server.ExecuteAsync("update exchange_rules set enabled = false where id = @rule", new { rule });
        await Server.ExecuteAsync("update exchange_rules set enabled = true where id = @rule", new { rule });

        var after = (await UntilAsync(() => ExchangeAsync(agent, root), 200)).AccessToken;
        (await sensors.SeesAsActiveAsync(before)).Should().BeFalse();
        (await sensors.SeesAsActiveAsync(after)).Should().BeTrue();
        EdgeOf(after).Should().NotBe(EdgeOf(before));

        await Server.ExecuteAsync("delete from exchange_rules where id = @rule", new { rule });
        (await sensors.SeesAsActiveAsync(after)).Should().BeFalse();
    }

    [Test]
    public async Task What_was_cut_stays_so_when_the_step_above_begins_anew_and_when_rows_are_swept()
    {
        var (alice, agent, under) = (await Server.UserAsync(), await AgentAsync(), await AgentAsync("below"));
        var rule = await RuleAsync(agent);
        await RuleAsync(under, Cast.Sensors, Cast.Sensors);
        var root = await AliceAsync(app, alice);
        var first = (await ExchangeAsync(agent, root)).AccessToken;
        var second = (await ExchangeAsync(under, first)).AccessToken;
        await Server.ExecuteAsync("update delegations set ended_at = now() where id = @edge", new { edge = EdgeOf(second) });
        await Server.ExecuteAsync("update exchange_rules set enabled = false where id = @rule", new { rule });
        await Server.ExecuteAsync("update exchange_rules set enabled = true where id = @rule", new { rule });

        var anew = (await UntilAsync(() => ExchangeAsync(agent, root), 200)).AccessToken;
        EdgeOf(anew).Should().NotBe(EdgeOf(first));
        var refused = await ExchangeAsync(under, anew);
        refused.Should().BeRefusedWith("invalid_request");
        (await Server.AuditAsync(refused)).Single().Reason.Should().Be("this delegation was cut");

        var sweep = new GrantSweepStore(Server.Get<Database>());
        await sweep.DelegationsAsync(Server.Clock.GetUtcNow().AddDays(31), CancellationToken.None);
        (await ExchangeAsync(under, anew)).Should().BeRefusedWith("invalid_request");
        await Server.ExecuteAsync("delete from delegations where id = @edge", new { edge = EdgeOf(second) });
        await sweep.DelegationsAsync(Server.Clock.GetUtcNow().AddDays(31), CancellationToken.None);
        (await Server.ScalarAsync<long>("select count(*) from delegations where id = @edge", new { edge = EdgeOf(first) })).Should().Be(0);
        (await ExchangeAsync(under, anew)).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task Those_who_end_the_same_delegations_wait_for_each_other()
    {
        var (agent, under) = (await AgentAsync(), await AgentAsync("below"));
        await RuleAsync(agent);
        await RuleAsync(under, Cast.Sensors, Cast.Sensors);
        // Below in another order than above, so that who ends these comes to them in another order than who ends those.
        var above = new List<string>();
        for (var i = 0; i < 16; i++) above.Add((await ExchangeAsync(agent, await AliceAsync(app, await Server.UserAsync()))).AccessToken);
        foreach (var token in Enumerable.Reverse(above)) (await ExchangeAsync(under, token)).Should().HaveIssuedTokens();

        foreach (var _ in Enumerable.Range(0, 10))
        {
            await Server.ExecuteAsync("""
                alter table delegations disable trigger delegations_check;
                update delegations set ended_at = null, ended_reason = null where actor in (@First, @Second);
                alter table delegations enable trigger delegations_check;
                update clients set enabled = true where client_id in (@First, @Second);
                update exchange_rules set enabled = true where actor in (@First, @Second)
                """, new { First = agent.Id, Second = under.Id });
            await Task.WhenAll(
                Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { under.Id }),
                Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { agent.Id }),
                Server.ExecuteAsync("update delegations set ended_at = now() where actor in (@First, @Second) and ended_at is null",
                    new { First = agent.Id, Second = under.Id }),
                Server.ExecuteAsync("update exchange_rules set enabled = false where actor = @Id", new { under.Id }),
                Server.ExecuteAsync("update exchange_rules set enabled = false where actor = @Id", new { agent.Id }));
            (await Server.ScalarAsync<long>("select count(*) from delegations where actor in (@First, @Second) and ended_at is null",
                new { First = agent.Id, Second = under.Id })).Should().Be(0);
        }
    }

    [Test]
    public async Task Many_exchanges_of_one_step_are_one_row()
    {
        var (alice, agent) = (await Server.UserAsync(), await AgentAsync());
        await RuleAsync(agent);
        var root = await AliceAsync(app, alice, "mcp:read mcp:write");
        var replies = await Task.WhenAll(Enumerable.Range(0, 32).Select(i =>
            ExchangeAsync(agent, root, scope: i % 2 == 0 ? "mcp:read" : "mcp:write")));
        replies.Select(reply => reply.Status).Should().AllBeEquivalentTo(200);
        replies.Select(reply => EdgeOf(reply.AccessToken)).Distinct().Should().HaveCount(1);
        (await Server.QueryAsync<string>("select array_to_string(scope, ' ') from delegations where actor = @Id",
            new { agent.Id })).Should().Equal("mcp:read mcp:write");
    }

    private async Task<(Person Alice, (string Root, string First, string Second, string Beside) Tokens)> ChainAsync()
    {
        var alice = await Server.UserAsync();
        var root = await AliceAsync(app, alice);
        var first = (await ExchangeAsync(orchestrator, root)).AccessToken;
        return (alice, (root, first, (await ExchangeAsync(planner, first)).AccessToken, (await ExchangeAsync(sibling, root)).AccessToken));
    }
}
