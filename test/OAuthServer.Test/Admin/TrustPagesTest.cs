using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Trusted issuers and rules of workloads, added, edited and deleted by forms.</summary>
[Behaviour(46)]
public sealed class TrustPagesTest : AdminFixture
{
    private const string Pod = """{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": "prod"}""";

    [Test]
    public async Task An_issuer_is_added_with_every_column_edited_and_deleted()
    {
        var (olivia, browser) = await OliviaAsync();
        var issuer = NewIssuer();
        var jwks = new AssertionIssuer(issuer, "RS256").Jwks.ToJsonString();

        var added = await ChangeAsync(browser, Paths.AdminTrustIssuer, Paths.AdminTrustIssuer, ("issuer", issuer), ("kind", "workload"),
            ("name", "Cluster & Söhne"), ("jwks", jwks), ("audience", "here"), ("algs", "RS256 ES256"), ("max_age_seconds", "60"),
            ("single_use", "yes"), ("must_name", "repository_id"), ("note", "Ours"));
        added.Status.Should().Be(303, added.Body);
        (await RowAsync(issuer)).Should().Be("workload|Cluster & Söhne|here|RS256 ES256|60|true||false|repository_id|true|Ours");
        (await ActsAsync(added)).Should().ContainSingle().Which.Should().StartWith($"admin:{olivia.Username} insert trusted_issuers");

        var page = Open(issuer);
        (await browser.GetAsync(Paths.AdminTrust)).Body.Should().Contain("Cluster &amp; S");
        var saved = await ChangeAsync(browser, page, Paths.AdminTrustIssuer, ("algs", ""), ("single_use", null), ("max_age_seconds", ""));
        saved.Status.Should().Be(303, saved.Body);
        (await RowAsync(issuer)).Should().Be("workload|Cluster & Söhne|here||3600|false||false|repository_id|true|Ours");
        (await ChangeAsync(browser, page, Paths.AdminTrustIssuer, ("kind", "people"), ("audience", ""), ("must_name", ""),
            ("clients", "one two"), ("create_people", "yes"))).Status.Should().Be(303);
        (await RowAsync(issuer)).Should().Be("people|Cluster & Söhne|||3600|false|one two|true||true|Ours");

        var confirm = await browser.GetAsync($"{Paths.AdminTrustDelete}?issuer={Uri.EscapeDataString(issuer)}");
        confirm.Page.Body!.TextContent.Should().Contain($"delete from trusted_issuers where issuer = '{issuer}';")
            .And.Contain("Live grants: 0");
        (await SendAsync(browser, confirm, Paths.AdminTrustDelete)).Location.Should().EndWith("/admin/trust?done=deleted");
        (await browser.GetAsync(page)).Status.Should().Be(404);
    }

    [Test]
    public async Task What_the_database_refuses_stands_at_its_field_and_nothing_typed_is_lost()
    {
        var (_, browser) = await OliviaAsync();

        var refused = await ChangeAsync(browser, Paths.AdminTrustIssuer, Paths.AdminTrustIssuer, ("issuer", "not an issuer"),
            ("kind", "people"), ("name", ""), ("audience", "me"), ("algs", "HS256"), ("max_age_seconds", "90000"),
            ("jwks", "{\"keys\": []}"));
        var own = await ChangeAsync(browser, Paths.AdminTrustIssuer, Paths.AdminTrustIssuer, ("issuer", Server.Issuer), ("name", "We"));
        var noJson = await ChangeAsync(browser, Paths.AdminTrustIssuer, Paths.AdminTrustIssuer, ("issuer", NewIssuer()), ("name", "x"),
            ("jwks", "{"), ("max_age_seconds", "soon"));

        refused.Should().BeAPage(400);
        foreach (var (field, words) in new[] { ("issuer", "This is no issuer. Write the claim iss"), ("name", "1 to 60 characters"),
            ("jwks", "No key of this set verifies"), ("algs", "is not taken here"), ("max_age_seconds", "at most a day old"),
            ("audience", "are for workloads") })
            Problem(refused, field).Should().Contain(words);
        refused.Body.Should().Contain("value=\"not an issuer\"").And.Contain("value=\"HS256\"").And.Contain("value=\"me\"");
        Problem(own, "issuer").Should().Contain("does not trust itself");
        Problem(noJson, "jwks").Should().Be("This is no JSON.");
        Problem(noJson, "max_age_seconds").Should().Be("Write a whole number.");
        (await Server.ScalarAsync<long>("select count(*) from trusted_issuers where name in ('', 'We', 'x')")).Should().Be(0);
    }

    [Test]
    public async Task Who_saves_second_is_told_and_loses_nothing()
    {
        var (_, browser) = await OliviaAsync();
        var (issuer, client) = (await IssuerAsync(), await MachineAsync());
        var rule = await RuleAsync(issuer, client);
        var (open, openRule) = (await browser.GetAsync(Open(issuer)), await browser.GetAsync($"{Paths.AdminTrustRule}?rule={rule}"));
        await Server.ExecuteAsync("update trusted_issuers set note = 'by SQL' where issuer = @issuer", new { issuer });
        await Server.ExecuteAsync("update assertion_rules set note = 'by SQL' where id = @rule", new { rule });

        var told = await SendAsync(browser, open, Paths.AdminTrustIssuer, ("name", "Typed here"));
        var toldOfRule = await SendAsync(browser, openRule, Paths.AdminTrustRule, ("note", "Typed here"));

        told.Should().BeAPage(409);
        toldOfRule.Should().BeAPage(409);
        foreach (var reply in new[] { told, toldOfRule }) reply.Body.Should().Contain("by SQL").And.Contain("Typed here");
        (await SendAsync(browser, told, Paths.AdminTrustIssuer)).Status.Should().Be(303);
        (await SendAsync(browser, toldOfRule, Paths.AdminTrustRule)).Status.Should().Be(303);
        (await Server.ScalarAsync<string>("select name from trusted_issuers where issuer = @issuer", new { issuer }))
            .Should().Be("Typed here");
    }

    [Test]
    public async Task A_rule_is_added_edited_and_deleted()
    {
        var (_, browser) = await OliviaAsync();
        var (issuer, client) = (await IssuerAsync(), await MachineAsync());

        var added = await ChangeAsync(browser, Paths.AdminTrustRule, Paths.AdminTrustRule, ("issuer", issuer), ("client_id", client),
            ("claims", Pod), ("scopes", "notes:read"), ("resources", Cast.Notes), ("note", "Nightly"));
        added.Status.Should().Be(303, added.Body);
        var rule = await Server.ScalarAsync<long>("select id from assertion_rules where client_id = @client", new { client });
        var grant = await GrantOfAsync(client);
        (await Server.ScalarAsync<string>("select scopes::text || resources::text || note from assertion_rules where id = @rule",
            new { rule })).Should().Be($"{{notes:read}}{{{Cast.Notes}}}Nightly");

        var page = $"{Paths.AdminTrustRule}?rule={rule}";
        (await ChangeAsync(browser, page, Paths.AdminTrustRule, ("note", "Still nightly"))).Status.Should().Be(303);
        (await GrantOfAsync(client)).Should().Be(grant, "a note ends nothing");
        (await ChangeAsync(browser, page, Paths.AdminTrustRule, ("scopes", ""), ("resources", ""))).Status.Should().Be(303);
        (await Server.ScalarAsync<bool>("select scopes is null and resources is null from assertion_rules where id = @rule", new { rule }))
            .Should().BeTrue();
        (await GrantOfAsync(client)).Should().NotBe(grant, "what it admits is another thing");

        var confirm = await browser.GetAsync($"{Paths.AdminTrustDelete}?rule={rule}");
        confirm.Page.Body!.TextContent.Should().Contain($"delete from assertion_rules where id = {rule};").And.Contain(client);
        (await SendAsync(browser, confirm, Paths.AdminTrustDelete)).Status.Should().Be(303);
        (await GrantOfAsync(client)).Should().BeEmpty();
        (await browser.GetAsync(page)).Status.Should().Be(404);
    }

    [Test]
    public async Task Everything_that_is_wrong_with_a_rule_is_said_at_once()
    {
        var (_, browser) = await OliviaAsync();
        var (issuer, client) = (await IssuerAsync(), await MachineAsync());

        var nobody = await ChangeAsync(browser, Paths.AdminTrustRule, Paths.AdminTrustRule, ("issuer", issuer), ("client_id", "nobody"),
            ("claims", "{\"sub\": \"*\"}"));
        var wider = await ChangeAsync(browser, Paths.AdminTrustRule, Paths.AdminTrustRule, ("issuer", issuer), ("client_id", client),
            ("claims", Pod), ("scopes", "all:of:it"), ("resources", "https://elsewhere.example/"));
        var noJson = await ChangeAsync(browser, Paths.AdminTrustRule, Paths.AdminTrustRule, ("issuer", issuer), ("client_id", client),
            ("claims", "{sub: x}"));

        nobody.Should().BeAPage(400);
        Problem(nobody, "claims").Should().Contain("A * alone admits everything");
        Problem(nobody, "client_id").Should().Contain("A rule is for an enabled machine");
        nobody.Body.Should().NotContain("foreign key").And.Contain("value=\"nobody\"");
        Problem(wider, "scopes").Should().Contain("is not the client's");
        Problem(wider, "resources").Should().Contain("is not the client's");
        Problem(noJson, "claims").Should().Be("This is no JSON.");
        (await Server.ScalarAsync<long>("select count(*) from assertion_rules where issuer = @issuer", new { issuer })).Should().Be(0);
    }

    [Test]
    public async Task Nobody_but_administrators_finds_any_of_it()
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync());

        foreach (var path in new[] { Paths.AdminTrustIssuer, Paths.AdminTrustRule, Paths.AdminTrustIdentities, Paths.AdminDelegationRule,
            Paths.AdminUserUnlink })
            (await browser.GetAsync(path)).Status.Should().Be(404, path);
        foreach (var path in new[] { Paths.AdminTrustIssuer, Paths.AdminTrustRule, Paths.AdminTrustDelete, Paths.AdminDelegationRule,
            Paths.AdminClientKeys })
            (await browser.PostAsync(path, [])).Status.Should().Be(404, path);
    }

    private static string NewIssuer() => $"https://{Guid.NewGuid():N}.example";

    private static string Open(string issuer) => $"{Paths.AdminTrustIssuer}?issuer={Uri.EscapeDataString(issuer)}";

    private static string Problem(Reply reply, string field) =>
        reply.Page.QuerySelector($"#{field}-problem")?.TextContent ?? throw new InvalidOperationException($"nothing at {field}: {reply}");

    private Task<string> RowAsync(string issuer) => Server.ScalarAsync<string>(
        """
        select concat_ws('|', kind, name, coalesce(audience, ''), array_to_string(algs, ' '), max_age_seconds, single_use::text,
                         array_to_string(clients, ' '), create_people::text, array_to_string(must_name, ' '), enabled::text, note)
          from trusted_issuers where issuer = @issuer
        """, new { issuer })!;

    private async Task<string> IssuerAsync()
    {
        var issuer = NewIssuer();
        await Server.ExecuteAsync("insert into trusted_issuers (issuer, kind, name) values (@issuer, 'workload', 'Cluster')",
            new { issuer });
        return issuer;
    }

    private async Task<string> MachineAsync()
    {
        var id = $"wl-{Guid.NewGuid().ToString("N")[..12]}";
        await Server.ExecuteAsync(
            """
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, resources, default_resource)
            values (@id, 'machine', @id, '{jwt-bearer}', 'federated', '{notes:read}', array[@Notes], @Notes)
            """, new { id, Cast.Notes });
        return id;
    }

    private Task<long> RuleAsync(string issuer, string client) => Server.ScalarAsync<long>(
        "insert into assertion_rules (issuer, client_id, claims) values (@issuer, @client, @Pod::jsonb) returning id",
        new { issuer, client, Pod });

    private Task<string> GrantOfAsync(string client) =>
        Server.ScalarAsync<string>("select coalesce(max(id::text), '') from grants where client_id = @client and ended_at is null",
            new { client });
}
