using System.Text.Json.Nodes;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Test.Spec.Federation;
using OAuthServer.Test.Support;
using OAuthServer.Trust;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Issuers of assertions with their rows, as an operator writes them.</summary>
public abstract class TrustFixture : FederationFixture
{
    protected const string Grant = GrantType.JwtBearerName;
    protected const string IdJag = "oauth-id-jag+jwt";
    private int number;

    [SetUp]
    public async Task ForgetIssuersAsync()
    {
        await Server.ExecuteAsync("delete from trusted_issuers");
        await HeardAsync();
    }

    /// <summary>A company that speaks for people, its keys in its row.</summary>
    protected async Task<AssertionIssuer> PeopleAsync(string? set = null)
    {
        var company = new AssertionIssuer($"https://idp{++number}.example");
        await IssuerRowAsync(company, "people", set);
        return company;
    }

    /// <summary>A platform, its keys in its row.</summary>
    protected async Task<AssertionIssuer> PlatformAsync(string? set = null, string alg = "RS256")
    {
        var platform = new AssertionIssuer($"https://cluster{++number}.example", alg);
        await IssuerRowAsync(platform, "workload", set);
        return platform;
    }

    protected async Task IssuerRowAsync(AssertionIssuer issuer, string kind, string? set = null)
    {
        await Server.ExecuteAsync("insert into trusted_issuers (issuer, kind, name, jwks) values (@Issuer, @kind, 'Acme', @jwks::jsonb)",
            new { issuer.Issuer, kind, jwks = issuer.Jwks.ToJsonString() });
        if (set is not null) await Server.ExecuteAsync($"update trusted_issuers set {set} where issuer = @Issuer", new { issuer.Issuer });
        await HeardAsync();
    }

    /// <summary>A machine that is whatever a rule makes of it.</summary>
    protected async Task<string> FederatedAsync(string scopes = "notes:read notes:write", string defaults = "notes:read")
    {
        var id = $"wl-{Guid.NewGuid().ToString("N")[..12]}";
        await Server.ExecuteAsync(
            """
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, default_scopes, resources, default_resource)
            values (@id, 'machine', @id, '{jwt-bearer}', 'federated', @scopes, @defaults, array[@notes], @notes)
            """, new { id, scopes = scopes.Split(' '), defaults = defaults.Split(' '), notes = Cast.Notes });
        return id;
    }

    /// <summary>A rule's number.</summary>
    protected async Task<long> RuleAsync(AssertionIssuer issuer, string client, string claims)
    {
        var id = await Server.ScalarAsync<long>(
            "insert into assertion_rules (issuer, client_id, claims) values (@Issuer, @client, @claims::jsonb) returning id",
            new { issuer.Issuer, client, claims });
        await HeardAsync();
        return id;
    }

    /// <summary>A confidential app that may bring assertions of companies.</summary>
    protected async Task<TestClient> AppAsync(TestClient? app = null)
    {
        app ??= await Server.ConfidentialClientAsync();
        await Server.ExecuteAsync("update clients set grant_types = grant_types || '{jwt-bearer}' where client_id = @Id", new { app.Id });
        await Eventually.BecomesTrueAsync(async () =>
            (await Server.Get<ClientDirectory>().FindAsync(app.Id, CancellationToken.None))!.Row.GrantTypes.Contains(Grant));
        return app;
    }

    /// <summary>Waits until the server has heard of issuers and rules as they stand.</summary>
    protected Task HeardAsync(TestServer? at = null) => Eventually.BecomesTrueAsync(async () =>
    {
        var rows = await Server.ScalarAsync<string>(
            """
            select concat_ws(' ', (select count(*) || ' ' || count(*) filter (where enabled) from trusted_issuers),
                (select count(*) || ' ' || count(*) filter (where enabled) || ' ' || coalesce(max(id), 0) from assertion_rules))
            """);
        var known = await (at ?? Server).Get<TrustDirectory>().ReadAsync(CancellationToken.None);
        var rules = known.Issuers.SelectMany(issuer => issuer.Rules).ToArray();
        return rows == $"{known.Issuers.Count} {known.Issuers.Count(one => one.Row.Enabled)} "
            + $"{rules.Length} {rules.Count(one => one.Row.Enabled)} {(rules.Length == 0 ? 0 : rules.Max(one => one.Id))}";
    });

    protected static Task LinkSqlAsync(TestServer server, AssertionIssuer issuer, string sub, Person person) => server.ExecuteAsync(
        "insert into identities (issuer, sub, subject) values (@Issuer, @sub, @Subject)", new { issuer.Issuer, sub, person.Subject });

    /// <summary>What a company says of one of its people.</summary>
    protected string Jag(AssertionIssuer company, TestClient app, string sub, JsonObject? more = null, string typ = IdJag)
    {
        var claims = new JsonObject
        {
            ["sub"] = sub,
            ["aud"] = Server.Issuer,
            ["client_id"] = app.Id,
            ["resource"] = Cast.Notes,
            ["scope"] = "notes:read notes:write",
        };
        foreach (var (name, value) in more ?? []) claims[name] = value?.DeepClone();
        return company.Sign(claims, typ);
    }

    /// <summary>POST /token with nothing but the assertion.</summary>
    protected async Task<Reply> ShowAsync(string assertion, params (string Name, string? Value)[] more)
    {
        using var http = Server.NewHttp();
        (string Name, string? Value)[] form = [("grant_type", Grant), ("assertion", assertion), .. more];
        return await Reply.ReadAsync(await http.PostAsync(Server.Settings.IssuerPath + Paths.Token, new FormUrlEncodedContent(
            form.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Name, pair.Value!)))));
    }

    protected static Task<Reply> BringAsync(TestClient app, string assertion, params (string Name, string? Value)[] more) =>
        app.TokenAsync([("grant_type", Grant), ("assertion", assertion), .. more]);
}
