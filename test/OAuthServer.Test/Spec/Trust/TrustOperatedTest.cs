using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>What operators and people see of trust: why, the command line, the administration, connected apps.</summary>
[Behaviour(46, 47, 48)]
public sealed class TrustOperatedTest : TrustFixture
{
    private const string Rule = """{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": "prod"}""";

    private readonly CapturedLog log = new();

    protected override void Register(IServiceCollection services)
    {
        log.AddTo(services);
        // All that the server's filters let through.
        services.PostConfigure<LoggerFilterOptions>(filters => filters.MinLevel = LogLevel.Debug);
    }

    private string Pod(AssertionIssuer cluster, string space) => cluster.Sign(new()
    {
        ["sub"] = "system:serviceaccount:prod:etl",
        ["aud"] = Server.Issuer,
        ["kubernetes.io"] = new System.Text.Json.Nodes.JsonObject { ["namespace"] = space },
    });

    [Test, Case("JWTB-127")]
    public async Task Why_names_the_claim_and_the_assertion_is_nowhere()
    {
        var (cluster, company, app, alice) = (await PlatformAsync("single_use = true"), await PeopleAsync(), await AppAsync(),
            await Server.UserAsync());
        var rule = await RuleAsync(cluster, await FederatedAsync(), Rule);
        await LinkSqlAsync(Server, company, "ext-logged", alice);
        var (dev, prod, stranger) = (Pod(cluster, "dev"), Pod(cluster, "prod"), Pod(new AssertionIssuer(cluster.Issuer, "RS256"), "prod"));
        var (linked, unlinked) = (Jag(company, app, "ext-logged"), Jag(company, app, "ext-unlinked"));
        using var http = Server.NewHttp();

        var refused = await ShowAsync(dev);
        Reply[] replies =
        [
            refused, await ShowAsync(prod), await ShowAsync(prod), await ShowAsync(stranger), await ShowAsync(prod + "x"),
            await BringAsync(app, linked), await BringAsync(app, linked), await BringAsync(app, unlinked),
            // Where it does not belong.
            await BringAsync(app, linked, ("scope", prod)), await ShowAsync(dev, ("client_id", dev)),
            await ShowAsync(dev, ("resource", dev)), await app.RefreshAsync(dev),
            await Reply.ReadAsync(await http.GetAsync($"{Server.Settings.IssuerPath}{Paths.Token}?assertion={dev}")),
            await Server.GetAsync("/nothing", ("Authorization", $"Bearer {linked}")),
        ];

        replies.Select(reply => reply.Status).Take(8).Should().Equal(400, 200, 400, 400, 400, 200, 400, 400);
        var why = await Server.RunBinaryAsync(null, "why", refused.RequestId);
        why.Out.Should().Contain($"rule {rule}").And.Contain("claim /kubernetes.io/namespace: expected prod, came dev");
        var audit = string.Join('\n', await Server.QueryAsync<string>("select a::text from audit_events a"));
        audit.Should().Contain("came dev").And.Contain("ext-logged");
        var dump = await Server.DumpAsync();
        dump.Should().Contain("came dev").And.Contain(app.Id);
        Server.Get<ILogger<TrustOperatedTest>>().LogDebug("it is heard");
        log.Text.Should().Contain("it is heard");
        var kept = new[] { why.Out, audit, dump, log.Text, string.Join('\n', replies.Select(reply => reply.Body)) };
        foreach (var part in new[] { dev, prod, stranger, linked, unlinked }.SelectMany(one => one.Split('.')))
        {
            var hex = Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(part));
            foreach (var text in kept)
            {
                var at = Math.Max(text.IndexOf(part, StringComparison.Ordinal), text.IndexOf(hex, StringComparison.Ordinal));
                (at < 0 ? "" : text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 200)]).Should().BeEmpty();
            }
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
