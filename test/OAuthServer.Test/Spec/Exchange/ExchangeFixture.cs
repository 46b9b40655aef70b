using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Stores.Grants;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>
/// A world of agents: Alice's app has notes and sensors, an orchestrator stands behind notes, a planner behind sensors. Scopes mcp:read
/// and mcp:write belong to all resources.
/// </summary>
public abstract class ExchangeFixture : ServerFixture
{
    protected const string Urn = "urn:ietf:params:oauth:grant-type:token-exchange";
    protected const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    protected const string Third = "https://third.example.test/";
    protected const string Everything = "mcp:read mcp:write read_sensors notes:read offline_access";

    [OneTimeSetUp]
    public Task AddScopesAsync() => Server.ExecuteAsync("""
        insert into resources (uri, name) values ('https://third.example.test/', 'Third');
        insert into scopes (name, resource, access, open, sensitive) values
            ('mcp:read', null, 'read', false, false), ('mcp:write', null, 'write', false, false),
            ('sensors:erase', 'https://sensors.example.test/', 'write', false, true)
        """);

    /// <summary>Alice's app: confidential, so that what it was allowed is remembered.</summary>
    protected async Task<TestClient> AppAsync() =>
        await Server.AddClientAsync("app", "user-facing", "client_secret_basic", [Cast.Redirect], Everything, "operator", Cast.Notes,
            Cast.Secret);

    /// <summary>A machine with the grant type and nothing of its own.</summary>
    protected async Task<TestClient> AgentAsync(string name = "orchestrator")
    {
        var agent = await Server.AddClientAsync(name, "machine", "client_secret_basic", [], "", "operator", null, Cast.Secret);
        await Server.ExecuteAsync("update clients set grant_types = array[@Urn], resources = '{}' where client_id = @Id",
            new { Urn, agent.Id });
        return agent;
    }

    /// <summary>A rule that the server has heard of; its id.</summary>
    protected async Task<Guid> RuleAsync(TestClient actor, string from = Cast.Notes, string to = Cast.Sensors,
        string scopes = "mcp:read mcp:write", string subjects = "", bool impersonate = false)
    {
        var id = await Server.ScalarAsync<Guid>("""
            insert into exchange_rules (actor, from_resource, resource, scopes, subject_clients, impersonate)
            values (@Id, @from, @to, string_to_array(@scopes, ' '), string_to_array(@subjects, ' '), @impersonate) returning id
            """, new { actor.Id, from, to, scopes, subjects, impersonate });
        await HearAsync(rules => rules.Any(rule => rule.Id == id));
        return id;
    }

    /// <summary>Waits until the server has heard of an edit of rules.</summary>
    protected Task HearAsync(Func<IReadOnlyList<ExchangeRuleRow>, bool> edit) => Eventually.BecomesTrueAsync(
        async () => edit(await Server.Get<ExchangeRules>().ReadAsync(CancellationToken.None)));

    /// <summary>A token of Alice's app for one resource, of a grant with notes and sensors.</summary>
    protected async Task<string> AliceAsync(TestClient app, Person alice, string scope = "mcp:read", string resource = Cast.Notes,
        string allowed = "mcp:read mcp:write read_sensors notes:read")
    {
        var query = app.AuthorizeQuery(Verifier, ("scope", allowed)) + "&resource=" + Uri.EscapeDataString(Cast.Sensors);
        var landed = await Server.NewBrowser().AllowAsync(query, alice);
        var code = new Code(landed.Parameters["code"] ?? throw new InvalidOperationException($"{landed}"), Verifier, app.Redirect);
        var reply = await app.RedeemAsync(code, ("resource", resource));
        return scope == allowed ? reply.AccessToken
            : (await app.RefreshAsync(reply.RefreshToken!, ("resource", resource), ("scope", scope))).AccessToken;
    }

    /// <summary>POST /token as RFC 8693 §2.1 says.</summary>
    protected static Task<Reply> ExchangeAsync(TestClient actor, string token, string? resource = Cast.Sensors, string? scope = "mcp:read",
        params (string Name, string? Value)[] more) =>
        actor.TokenAsync([("grant_type", Urn), ("subject_token", token), ("subject_token_type", AccessTokenType), ("resource", resource),
            ("scope", scope), .. more]);

    protected static JsonObject Claims(string token) =>
        JsonNode.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1])))!.AsObject();

    /// <summary>The last delegation of a token.</summary>
    protected static Guid EdgeOf(string token) => Guid.Parse(Claims(token)["via"]!.AsArray()[^1]!.ToString());

    /// <summary>The first reply with this status: an edit is heard in milliseconds.</summary>
    protected static async Task<Reply> UntilAsync(Func<Task<Reply>> send, int status)
    {
        var reply = await send();
        await Eventually.BecomesTrueAsync(async () => reply.Status == status || (reply = await send()).Status == status);
        return reply;
    }

    private static string Verifier { get; } = TestClient.NewVerifier();
}
