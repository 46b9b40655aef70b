using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.BadInput;

/// <summary>
/// A world in which each kind of request works, and what is compared before and after one that must not: the rows that a refusal may
/// not touch.
/// </summary>
public abstract class BadInputFixture : ServerFixture
{
    protected const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange", Bearer = GrantType.JwtBearerName;
    protected const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    protected const string DeviceCode = "urn:ietf:params:oauth:grant-type:device_code", JagType = "oauth-id-jag+jwt";

    // polled_at and poll_seconds may move: a poll that is refused is a poll.
    private const string Untouched = """
        select concat_ws(' ',
            (select count(*) || md5(coalesce(string_agg(g::text, '|' order by id), '')) from grants g),
            (select count(*) || md5(coalesce(string_agg(d::text, '|' order by id), '')) from delegations d),
            (select count(*) || md5(coalesce(string_agg(p::text, '|' order by reference_hash), '')) from pushed_requests p),
            (select count(*) || md5(coalesce(string_agg(i::text, '|' order by issuer, tenant, sub), '')) from identities i),
            (select count(*) || md5(coalesce(string_agg(concat(id, code_hash, expires_at, denied_at), '|' order by id), ''))
               from device_requests),
            (select count(*) from users), (select count(*) from sessions), (select count(*) from clients))
        """;

    protected KeyClient Web { get; private set; } = null!;
    protected TestClient App { get; private set; } = null!;
    protected TestClient Pub { get; private set; } = null!;
    protected TestClient Tv { get; private set; } = null!;
    protected TestClient Machine { get; private set; } = null!;
    protected TestClient Agent { get; private set; } = null!;
    protected Person Alice { get; private set; } = null!;
    protected ProofKey Key { get; } = new();
    protected AssertionIssuer Company { get; } = new("https://idp.example");
    protected AssertionIssuer Cluster { get; } = new("https://cluster.example", "RS256");
    protected string Workload { get; private set; } = "";

    [OneTimeSetUp]
    public async Task PrepareAsync()
    {
        (Web, App, Pub, Alice) = (await Server.KeyClientAsync(kind: "user-facing"), await Server.ConfidentialClientAsync(),
            await Server.PublicClientAsync(), await Server.UserAsync());
        Tv = await Server.AddClientAsync("tv", "user-facing", "none", [], "notes:read offline_access", "operator", Cast.Notes, null);
        Machine = await Server.MachineAsync(defaultScopes: "");
        Agent = await Server.AddClientAsync("agent", "machine", "client_secret_basic", [], "", "operator", null, Cast.Secret);
        Workload = $"wl-{Guid.NewGuid():N}"[..12];
        await Server.ExecuteAsync("""
            insert into scopes (name, resource, access, open, sensitive) values
                ('mcp:read', null, 'read', false, false), ('mcp:write', null, 'write', false, false);
            update clients set scopes = '{mcp:read,read_sensors}' where client_id = @Machine;
            update clients set grant_types = '{device_code,refresh_token}' where client_id = @Tv;
            update clients set grant_types = grant_types || '{jwt-bearer}' where client_id = @App;
            update clients set grant_types = '{token-exchange}', resources = '{}' where client_id = @Agent;
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, default_scopes, resources, default_resource)
            values (@Workload, 'machine', @Workload, '{jwt-bearer}', 'federated', '{notes:read}', '{notes:read}', array[@Notes], @Notes);
            insert into trusted_issuers (issuer, kind, name, jwks) values
                (@Company, 'people', 'Acme', @keysOfPeople::jsonb), (@Cluster, 'workload', 'Cluster', @keysOfCluster::jsonb),
                ('https://off.example', 'people', 'Off', @keysOfPeople::jsonb);
            update trusted_issuers set enabled = false where issuer = 'https://off.example';
            insert into assertion_rules (issuer, client_id, claims) values (@Cluster, @Workload, '{"sub": "pod:etl"}');
            insert into identities (issuer, sub, subject) values (@Company, 'ext-alice', @Subject);
            insert into exchange_rules (actor, from_resource, resource, scopes) values (@Agent, @Notes, @Sensors, '{mcp:read}');
            insert into exchange_rules (actor, from_resource, resource, scopes, subject_clients)
            values (@Agent, @Sensors, @Sensors, '{mcp:read}', array[@Agent]);
            """, new
        {
            Machine = Machine.Id,
            Tv = Tv.Id,
            App = App.Id,
            Agent = Agent.Id,
            Workload,
            Cast.Notes,
            Cast.Sensors,
            Company = Company.Issuer,
            Cluster = Cluster.Issuer,
            Alice.Subject,
            keysOfPeople = Company.Jwks.ToJsonString(),
            keysOfCluster = Cluster.Jwks.ToJsonString(),
        });
        await WorksAsync(() => BringAsync(Jag()));
        await WorksAsync(() => ShowAsync(Pod()));
        await WorksAsync(async () => await ExchangeAsync(await TokenAsync()));
    }

    /// <summary>Sends it, and compares what a refusal may not touch before and after.</summary>
    protected async Task<Reply> RefusedAsync(Func<Task<Reply>> send)
    {
        var before = await Server.ScalarAsync<string>(Untouched);
        var reply = await send();
        (await Server.ScalarAsync<string>(Untouched)).Should().Be(before, $"nothing is consumed by {reply}");
        return reply;
    }

    protected string Jag(JsonObject? more = null, string typ = JagType, AssertionIssuer? by = null)
    {
        var claims = new JsonObject
        {
            ["sub"] = "ext-alice",
            ["aud"] = Server.Issuer,
            ["client_id"] = App.Id,
            ["resource"] = Cast.Notes,
            ["scope"] = "notes:read",
        };
        foreach (var (name, value) in more ?? []) claims[name] = value?.DeepClone();
        return (by ?? Company).Sign(claims, typ);
    }

    protected string Pod(JsonObject? more = null, string? typ = null)
    {
        var claims = new JsonObject { ["sub"] = "pod:etl", ["aud"] = Server.Issuer };
        foreach (var (name, value) in more ?? []) claims[name] = value?.DeepClone();
        return Cluster.Sign(claims, typ);
    }

    protected Task<Reply> BringAsync(string assertion, params (string Name, string? Value)[] more) =>
        App.TokenAsync([("grant_type", Bearer), ("assertion", assertion), .. more]);

    protected Task<Reply> ShowAsync(string? assertion, params (string Name, string? Value)[] more) =>
        FormAsync([("grant_type", Bearer), ("assertion", assertion), .. more]);

    /// <summary>A machine's token for notes.</summary>
    protected async Task<string> TokenAsync(string resource = Cast.Notes) =>
        (await Machine.CredentialsAsync(("scope", "mcp:read"), ("resource", resource))).AccessToken;

    protected Task<Reply> ExchangeAsync(string token, params (string Name, string? Value)[] change) =>
        ExchangeByAsync(Agent, token, change);

    protected static Task<Reply> ExchangeByAsync(TestClient actor, string token, params (string Name, string? Value)[] change)
    {
        var form = new List<(string Name, string? Value)>
        {
            ("grant_type", Exchange), ("subject_token", token), ("subject_token_type", AccessTokenType), ("resource", Cast.Sensors),
            ("scope", "mcp:read"),
        };
        form.RemoveAll(pair => change.Any(one => one.Name == pair.Name));
        return actor.TokenAsync([.. form, .. change]);
    }

    /// <summary>A form with nothing added to it.</summary>
    protected async Task<Reply> FormAsync((string Name, string? Value)[] form)
    {
        using var body = new FormUrlEncodedContent(
            form.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Name, pair.Value!)));
        return await Server.SendAsync(HttpMethod.Post, Paths.Token, body);
    }

    private static async Task WorksAsync(Func<Task<Reply>> send)
    {
        var reply = await send();
        await Eventually.BecomesTrueAsync(
            async () => reply.Status == 200 || (reply = await send()).Status == 200, because: "a good one works");
    }
}
