using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>exchange_rules, as operators write them.</summary>
[Behaviour(49)]
public sealed class ExchangeRowsTest : ExchangeFixture
{
    private const string Insert = "insert into exchange_rules (actor, from_resource, resource, scopes, subject_clients) values ";
    private const string Notes = "'http://localhost:9000/mcp'";
    private const string Sensors = "'https://sensors.example.test/'";

    private TestClient agent = null!, open = null!;

    [OneTimeSetUp]
    public async Task PrepareAsync() => (agent, open) = (await AgentAsync(), await Server.PublicClientAsync());

    [TestCase($"('XMARKERX', {Notes}, {Sensors}, '{{mcp:read}}', '{{}}')", "The actor of a rule is a client", "Insert it into clients")]
    [TestCase($"(@open, {Notes}, {Sensors}, '{{mcp:read}}', '{{}}')", "A public client exchanges nothing", "secret or a key")]
    [TestCase($"(@agent, 'https://XMARKERX.example/', {Sensors}, '{{mcp:read}}', '{{}}')", "The resource tokens are for does not exist",
        "insert into resources")]
    [TestCase($"(@agent, {Notes}, 'https://XMARKERX.example/', '{{mcp:read}}', '{{}}')", "The resource of this rule does not exist",
        "insert into resources")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{XMARKERX}}', '{{}}')", "A scope in this row does not belong to its resource", "scopes")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{notes:read}}', '{{}}')", "A scope in this row does not belong to its resource", "scopes")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{}}', '{{}}')", "A rule names the scopes", "calendar:read")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{offline_access}}', '{{}}')", "Who somebody is, and staying connected", "Leave out")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{mcp:read}}', array[@agent])", "An actor does not move its own tokens",
        "Leave the actor out")]
    [TestCase($"(@agent, {Notes}, {Sensors}, '{{mcp:read}}', '{{{{a}},{{b}}}}')", "The list in subject_clients has more than one dimension",
        "single pair")]
    public async Task A_rule_is_refused_with_words(string values, string message, string hint)
    {
        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync(Insert + values, new { agent = agent.Id, open = open.Id }))
            .Should().ThrowAsync<PostgresException>()).Which;
        refusal.SqlState.Should().Be(PostgresErrorCodes.CheckViolation);
        refusal.MessageText.Should().Contain(message);
        refusal.Hint.Should().Contain(hint);
        foreach (var text in new[] { refusal.MessageText, refusal.Hint, refusal.Detail ?? "" })
            text.Should().NotContainEquivalentOf("XMARKERX");
    }

    [Test]
    public async Task Who_a_rule_is_for_stays_and_an_edit_is_one_audit_row()
    {
        var rule = await RuleAsync(agent);
        foreach (var edit in new[] { "impersonate = true", $"resource = {Notes}", $"from_resource = {Sensors}" })
            (await FluentActions.Awaiting(() => Server.ExecuteAsync($"update exchange_rules set {edit} where id = @rule", new { rule }))
                .Should().ThrowAsync<PostgresException>()).Which.MessageText.Should().Contain("between which resources, stays");

        await Server.ExecuteAsync("update exchange_rules set note = 'for the night' where id = @rule", new { rule });
        (await Server.QueryAsync<string>("select detail from audit_events where event = 'edit' and detail like @like order by at",
            new { like = $"%exchange_rules {rule}%" })).Should().HaveCount(2).And.Contain(row => row.StartsWith("update"));
    }

    [Test]
    public async Task Renamed_clients_resources_and_scopes_keep_their_rules()
    {
        var (actor, subject) = (await AgentAsync("renamed"), await AgentAsync("holder"));
        await Server.ExecuteAsync("insert into resources (uri, name) values ('https://old.example.test/', 'Old')");
        await Server.ExecuteAsync("insert into scopes (name, resource) values ('old:read', 'https://old.example.test/'), "
            + "('old:gone', 'https://old.example.test/')");
        var rule = await RuleAsync(actor, to: "https://old.example.test/", scopes: "old:read old:gone", subjects: subject.Id);

        await Server.ExecuteAsync("""
            update clients set client_id = client_id || '-new' where client_id in (@Actor, @Subject);
            update resources set uri = 'https://new.example.test/' where uri = 'https://old.example.test/';
            update scopes set name = 'new:read' where name = 'old:read';
            delete from scopes where name = 'old:gone'
            """, new { Actor = actor.Id, Subject = subject.Id });

        (await Server.ScalarAsync<string>(
            "select actor || ' ' || array_to_string(subject_clients, ',') || ' ' || resource || ' ' || array_to_string(scopes, ',') "
            + "from exchange_rules where id = @rule", new { rule })).Should()
            .Be($"{actor.Id}-new {subject.Id}-new https://new.example.test/ new:read");
        await Server.ExecuteAsync("delete from scopes where name = 'new:read'");
        (await Server.ScalarAsync<long>("select count(*) from exchange_rules where id = @rule", new { rule })).Should().Be(0);
    }

    [Test]
    public async Task What_has_ended_stays_ended()
    {
        var alice = await Server.UserAsync();
        var actor = await AgentAsync();
        await RuleAsync(actor);
        var edge = EdgeOf((await ExchangeAsync(actor, await AliceAsync(await AppAsync(), alice))).AccessToken);
        await Server.ExecuteAsync("update delegations set ended_at = now() where id = @edge", new { edge });
        (await FluentActions.Awaiting(() => Server.ExecuteAsync(
            "update delegations set ended_at = null, ended_reason = null where id = @edge", new { edge })).Should().ThrowAsync<PostgresException>()).Which.MessageText.Should().Contain("stays ended");
    }
}
