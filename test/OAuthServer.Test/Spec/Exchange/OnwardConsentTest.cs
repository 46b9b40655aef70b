using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>A person sees who else would act with what they allow, and may leave each out.</summary>
[Behaviour(4), Behaviour(49)]
public sealed class OnwardConsentTest : ExchangeFixture
{
    private const string OnwardSql = "select onward::text from grants where client_id = @Id order by id desc limit 1";

    private TestClient app = null!, agent = null!;
    private Guid rule;

    [SetUp]
    public async Task PrepareAsync()
    {
        (app, agent) = (await AppAsync(), await AgentAsync());
        rule = await RuleAsync(agent, scopes: "read_sensors", subjects: app.Id);
    }

    [Test, Case("TX-120")]
    public async Task What_was_left_ticked_may_be_passed_on()
    {
        var reply = await app.TokensAsync(await Server.UserAsync(), null, ("scope", "mcp:read"));
        var exchanged = await ExchangeAsync(agent, reply.AccessToken, scope: "read_sensors");

        exchanged.Should().HaveIssuedTokens("read_sensors");
        exchanged.Body.Should().NotContain("refresh_token");
        var claims = Claims(exchanged.AccessToken);
        (claims["aud"]!.ToString(), claims["act"]!["sub"]!.ToString()).Should().Be((Cast.Sensors, agent.Id));
        (await Server.ScalarAsync<string>(OnwardSql, new { app.Id })).Should().Be(
            $$"""[{"rule": "{{rule}}", "actor": "{{agent.Id}}", "scopes": ["read_sensors"], "resource": "{{Cast.Sensors}}"}]""");
        (await ExchangeAsync(agent, reply.AccessToken, scope: null)).Should().HaveIssuedTokens("read_sensors");

        await Server.ExecuteAsync("update exchange_rules set scopes = '{read_sensors,sensors:erase}' where id = @rule", new { rule });
        await HearAsync(rules => rules.Any(one => one.Id == rule && one.Scopes.Length == 2));
        (await ExchangeAsync(agent, reply.AccessToken, scope: "sensors:erase")).Should().BeRefusedWith("invalid_scope");
        (await ExchangeAsync(agent, reply.AccessToken, scope: null)).Should().HaveIssuedTokens("read_sensors");
        // A second hop ends in what the app itself was allowed.
        var second = await AgentAsync("second");
        await RuleAsync(second, Cast.Sensors, Third, "mcp:read");
        (await ExchangeAsync(second, exchanged.AccessToken, Third, null)).Should().BeRefusedWith("invalid_scope");
    }

    [Test]
    public async Task What_was_unticked_or_came_later_is_no_target()
    {
        var browser = Server.NewBrowser();
        var verifier = TestClient.NewVerifier();
        var page = await browser.ReachConsentAsync(app.AuthorizeQuery(verifier, ("scope", "mcp:read")), await Server.UserAsync());
        page.Reply.Body.Should().Contain("may pass this on to").And.Contain($"The {agent.Id} app");
        var landed = await browser.FollowAsync(
            await browser.SubmitAsync(page, "decision", "allow", ($"onward {rule}", null)), page.Url);
        var token = (await app.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, app.Redirect))).AccessToken;

        var refused = await ExchangeAsync(agent, token, scope: "read_sensors");
        refused.Should().BeRefusedWith("invalid_target");
        (await Server.AuditAsync(refused)).Single().Expected.Should().Be($"a consent that shows rule {rule}");
        await RuleAsync(agent, scopes: "read_sensors mcp:read", subjects: app.Id);
        (await ExchangeAsync(agent, token, scope: "read_sensors")).Should().BeRefusedWith("invalid_target");
        (await Server.ScalarAsync<string>(OnwardSql, new { app.Id })).Should().Be("[]");
    }

    [TestCase("onward = '[]'")]
    [TestCase("scope = '{read_sensors}'")]
    public async Task What_was_taken_back_in_another_tab_a_moment_ago_is_not_remembered(string taken)
    {
        var (browser, alice) = (Server.NewBrowser(), await Server.UserAsync());
        await browser.AllowAsync(Query(), alice);
        await using var psql = new NpgsqlConnection(Server.Settings.Database);
        await psql.OpenAsync();
        await using var other = await psql.BeginTransactionAsync();
        await psql.ExecuteAsync($"update consents set {taken} where client_id = @Id", new { app.Id });

        // It has read what was remembered, and waits for the row.
        var again = browser.ReachConsentAsync(Query(), alice);
        await Eventually.BecomesTrueAsync(async () => await Server.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%remembered as%'") > 0);
        await other.CommitAsync();

        (await again).Url.Should().NotStartWith(Cast.Redirect);
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { app.Id })).Should().Be(1);
    }

    [Test, Case("TX-122")]
    public async Task A_new_rule_is_asked_about_and_a_made_up_one_is_refused()
    {
        await Server.ExecuteAsync("update exchange_rules set enabled = false where id = @rule", new { rule });
        await HearAsync(rules => rules.Any(one => one.Id == rule && !one.Enabled));
        var (browser, alice) = (Server.NewBrowser(), await Server.UserAsync());
        var first = await browser.ReachConsentAsync(Query(), alice);
        first.Reply.Body.Should().NotContain("may pass this on to").And.NotContain(rule.ToString());
        await browser.FollowAsync(await browser.SubmitAsync(first, "decision", "allow"), first.Url);
        (await browser.ReachConsentAsync(Query(), alice)).Url.Should().StartWith(Cast.Redirect, "it is remembered");

        var sensitive = await RuleAsync(agent, scopes: "sensors:erase", subjects: app.Id);
        var third = await browser.ReachConsentAsync(Query(), alice);
        third.Is(Paths.Consent).Should().BeTrue("the new rule is wider");
        third.Reply.Body.Should().Contain("may pass this on to");
        Browser.Form.On(third.Reply.Body, "decision", "allow")!.Fields.Should().NotContain(field => field.Key.StartsWith("onward "));

        var madeUp = await browser.SubmitAsync(third, "decision", "allow", ($"onward {Guid.NewGuid()}", "yes"));
        madeUp.Status.Should().Be(400);
        madeUp.Body.Should().Contain("This page has changed since you opened it");
        (await browser.SubmitAsync(third, "decision", "allow", ($"onward {rule}", "yes"))).Status.Should().Be(400, "it is disabled");
        var allowed = await browser.FollowAsync(
            await browser.SubmitAsync(third, "decision", "allow", ($"onward {sensitive}", "yes")), third.Url);
        allowed.Parameters["code"].Should().NotBeNull();
        (await Server.ScalarAsync<string>(OnwardSql, new { app.Id })).Should().Contain(sensitive.ToString());

        (await browser.ReachConsentAsync(Query(), alice)).Url.Should().StartWith(Cast.Redirect, "now it is remembered, with the rule");
        (await Server.ScalarAsync<string>(OnwardSql, new { app.Id })).Should().Contain(sensitive.ToString());
        await Server.ExecuteAsync("update exchange_rules set scopes = '{sensors:erase,read_sensors}' where id = @sensitive", new { sensitive });
        await HearAsync(rules => rules.Any(one => one.Id == sensitive && one.Scopes.Length == 2));
        (await browser.ReachConsentAsync(Query(), alice)).Is(Paths.Consent).Should().BeTrue("it gives more than was shown");
    }

    [Test]
    public async Task A_rule_that_changed_while_the_page_was_open_is_shown_again()
    {
        var browser = Server.NewBrowser();
        var page = await browser.ReachConsentAsync(Query(), await Server.UserAsync());
        var later = await RuleAsync(agent, scopes: "mcp:read", subjects: app.Id);
        var again = await browser.SubmitAsync(page, "decision", "allow");
        again.Status.Should().Be(400);
        again.Body.Should().Contain(later.ToString());
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { app.Id })).Should().Be(0);
    }

    private string Query() => app.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "mcp:read"));
}
