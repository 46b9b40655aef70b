using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>What operators and people see of trust: why, the command line, the administration, connected apps.</summary>
[Behaviour(46, 47, 48)]
public sealed class TrustOperatedTest : TrustFixture
{
    private const string Rule = """{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": "prod"}""";

    private string Pod(AssertionIssuer cluster, string space) => cluster.Sign(new()
    {
        ["sub"] = "system:serviceaccount:prod:etl",
        ["aud"] = Server.Issuer,
        ["kubernetes.io"] = new System.Text.Json.Nodes.JsonObject { ["namespace"] = space },
    });

    [Test, Case("JWTB-127")]
    public async Task Why_names_the_claim_and_the_assertion_is_nowhere()
    {
        var cluster = await PlatformAsync();
        var rule = await RuleAsync(cluster, await FederatedAsync(), Rule);
        var assertion = Pod(cluster, "dev");

        var refused = await ShowAsync(assertion);

        var why = await Server.RunBinaryAsync(null, "why", refused.RequestId);
        why.Out.Should().Contain($"rule {rule}").And.Contain("claim /kubernetes.io/namespace: expected prod, came dev");
        foreach (var part in assertion.Split('.'))
        {
            why.Out.Should().NotContain(part);
            refused.Body.Should().NotContain(part);
            (await Server.ScalarAsync<long>("select count(*) from audit_events a where a::text like '%' || @part || '%'", new { part }))
                .Should().Be(0);
        }
    }

    [Test]
    public async Task Commands_add_try_disable_and_link()
    {
        var (cluster, client) = (new AssertionIssuer("https://cli.example", "RS256"), await FederatedAsync());
        var (jwks, token) = (Path.GetTempFileName(), Path.GetTempFileName());
        await File.WriteAllTextAsync(jwks, cluster.Jwks.ToJsonString());
        await File.WriteAllTextAsync(token, Pod(cluster, "prod"));

        (await RunAsync("trust", "add", cluster.Issuer, "--kind", "workload", "--name", "Cluster", "--jwks", jwks)).Should().Be(0);
        (await RunAsync("trust", "add", cluster.Issuer, "--kind", "workload")).Should().Be(1);
        (await RunAsync("trust", "add", Server.Issuer, "--kind", "people")).Should().Be(1);
        (await RunAsync("trust", "rule", cluster.Issuer, client, "--claims", Rule)).Should().Be(0);
        (await RunAsync("trust", "rule", cluster.Issuer, client, "--claims", "{\"sub\": \"*\"}")).Should().Be(1);
        (await RunAsync("trust", "test", token)).Should().Be(0);
        (await Server.RunBinaryAsync(null, "trust", "list", "--json")).Out.Should().Contain(cluster.Issuer);
        (await Server.RunBinaryAsync(null, "trust", "show", cluster.Issuer)).Out.Should().Contain(client);
        (await RunAsync("trust", "disable", cluster.Issuer)).Should().Be(1, "nobody said yes");
        (await RunAsync("trust", "disable", cluster.Issuer, "--yes")).Should().Be(0);
        (await RunAsync("trust", "test", token)).Should().Be(1);
        (await RunAsync("trust", "enable", cluster.Issuer)).Should().Be(0);
        var alice = await Server.UserAsync();
        (await RunAsync("trust", "link", "https://idp.example", "ext-7", alice.Username)).Should().Be(0);
        (await Server.ScalarAsync<Guid>("select subject from identities where issuer = 'https://idp.example' and sub = 'ext-7'"))
            .Should().Be(alice.Subject);
        File.Delete(jwks);
        File.Delete(token);

        async Task<int> RunAsync(params string[] words) => (await Server.RunBinaryAsync(null, words)).Code;
    }

    [Test]
    public async Task The_administration_tries_disables_and_links_who_waits()
    {
        var (company, app, alice) = (await PeopleAsync(), await AppAsync(), await Server.UserAsync());
        var sub = $"ext-{Guid.NewGuid():N}"[..16];
        (await BringAsync(app, Jag(company, app, sub))).Should().BeRefusedWith("invalid_grant");
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync("olivia", "admin"));

        var page = await browser.FollowAsync(Paths.AdminTrust);
        page.Reply.Body.Should().Contain(sub).And.Contain(company.Issuer);
        await browser.SubmitToAsync(Paths.AdminTrustLink, page, ("username", alice.Username));
        (await BringAsync(app, Jag(company, app, sub))).Status.Should().Be(200);
        page = await browser.FollowAsync(Paths.AdminTrust);
        page.Reply.Body.Should().NotContain("Waiting to be linked");

        var assertion = Jag(company, app, sub);
        var tried = await browser.SubmitToAsync(Paths.AdminTrustTest, page, ("assertion", assertion));
        tried.Body.Should().Contain(alice.Username).And.NotContain(assertion.Split('.')[1]);
        (await BringAsync(app, assertion)).Status.Should().Be(200, "a test spends nothing");

        var confirm = await browser.FollowAsync($"{Paths.AdminTrustState}?issuer={Uri.EscapeDataString(company.Issuer)}");
        confirm.Reply.Body.Should().Contain("update trusted_issuers set enabled = false");
        await browser.SubmitToAsync(Paths.AdminTrustState, confirm);
        (await Server.ScalarAsync<bool>("select enabled from trusted_issuers")).Should().BeFalse();
    }

    [Test]
    public async Task A_person_sees_who_manages_an_app_and_ends_it()
    {
        var (company, app, alice) = (await PeopleAsync(), await AppAsync(), await Server.UserAsync());
        await LinkSqlAsync(Server, company, "ext-9", alice);
        var token = (await BringAsync(app, Jag(company, app, "ext-9"))).AccessToken;
        var browser = Server.NewBrowser();
        await browser.SignInAsync(alice);

        var page = await browser.FollowAsync(Paths.ConnectedApps);

        page.Reply.Page.Body!.TextContent.Should().Contain("Managed by Acme; it may open this again.");
        await Server.ExecuteAsync("update grants set ended_at = now(), ended_reason = 'revoked_by_user' where subject = @Subject",
            new { alice.Subject });
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeFalse();
        (await BringAsync(app, Jag(company, app, "ext-9"))).Status.Should().Be(200);
    }
}
