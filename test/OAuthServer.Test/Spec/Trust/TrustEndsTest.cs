using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Row 46: whatever a token stands on ends it within a second, and enabling revives nothing.</summary>
[Behaviour(46)]
public sealed class TrustEndsTest : TrustFixture
{
    private const string Rule = """{"sub": "system:serviceaccount:prod:etl"}""";

    private async Task<(AssertionIssuer Cluster, string Client, long Rule)> WorkloadAsync()
    {
        var (cluster, client) = (await PlatformAsync(), await FederatedAsync());
        return (cluster, client, await RuleAsync(cluster, client, Rule));
    }

    private string Pod(AssertionIssuer cluster) =>
        cluster.Sign(new() { ["sub"] = "system:serviceaccount:prod:etl", ["aud"] = Server.Issuer });

    [TestCase("update trusted_issuers set enabled = false", "update trusted_issuers set enabled = true")]
    [TestCase("update assertion_rules set enabled = false", "update assertion_rules set enabled = true")]
    [TestCase("update clients set enabled = false where client_id = @client",
        "update clients set enabled = true where client_id = @client")]
    [TestCase("update assertion_rules set scopes = '{notes:read}'", null)]
    [TestCase("""update assertion_rules set claims = '{"sub": "system:serviceaccount:prod:etl", "x": 1}'""", null)]
    [TestCase("update trusted_issuers set audience = 'sts.example'", null)]
    [TestCase("update trusted_issuers set max_age_seconds = 60", null)]
    [TestCase("update grants set ended_at = now() where kind = 'workload'", null)]
    [TestCase("delete from assertion_rules", null)]
    [TestCase("delete from trusted_issuers", null)]
    [TestCase("delete from clients where client_id = @client", null)]
    [Case("JWTB-104")]
    public async Task A_workloads_tokens_end_with_what_they_stand_on(string end, string? again)
    {
        var (cluster, client, _) = await WorkloadAsync();
        var api = await Server.ResourceServerAsync();
        var token = (await ShowAsync(Pod(cluster))).AccessToken;
        (await api.SeesAsActiveAsync(token)).Should().BeTrue();

        await Server.ExecuteAsync(end, new { client });

        (await api.SeesAsActiveAsync(token)).Should().BeFalse();
        var grant = Jwt.Read(token)["grant"];
        (await Server.ScalarAsync<long>("select count(*) from revocation_feed where kind = 'grant' and value = @grant", new { grant }))
            .Should().Be(1);
        if (again is null) return;
        await Eventually.BecomesTrueAsync(async () => (await ShowAsync(Pod(cluster))).Error == "invalid_grant");
        await Server.ExecuteAsync(again, new { client });
        await Eventually.BecomesTrueAsync(async () => (await ShowAsync(Pod(cluster))).Status == 200);
        (await api.SeesAsActiveAsync(token)).Should().BeFalse("enabling revives nothing");
        (await api.SeesAsActiveAsync((await ShowAsync(Pod(cluster))).AccessToken)).Should().BeTrue();
    }

    [Test, Case("JWTB-103")]
    public async Task A_disabled_issuer_is_refused_within_a_second_on_every_instance()
    {
        var (cluster, client, _) = await WorkloadAsync();
        await using var second = await Server.StartSecondInstanceAsync();
        await HeardAsync(second);
        var servers = new[] { Server, second };
        Task<Reply> ShowAtAsync(TestServer on) => new TestClient(on, client, null, "none", "").TokenAsync(
            ("grant_type", Grant), ("assertion", Pod(cluster)));
        foreach (var on in servers) (await ShowAtAsync(on)).Should().HaveIssuedTokens("notes:read");

        await Server.ExecuteAsync("update trusted_issuers set enabled = false where issuer = @Issuer", new { cluster.Issuer });
        var refused = servers.Select(on => Eventually.BecomesTrueAsync(
            async () => (await ShowAtAsync(on)).Status == 400, Eventually.Second, "every instance hears of it"));
        await Task.WhenAll(refused);

        foreach (var on in servers)
            (await ShowAtAsync(on)).Should().BeRefusedWith("invalid_grant", 400, "The assertion is not valid here");
    }

    [TestCase("update trusted_issuers set enabled = false", "update trusted_issuers set enabled = true")]
    [TestCase("update clients set enabled = false where client_id = @client",
        "update clients set enabled = true where client_id = @client")]
    [TestCase("update users set enabled = false where subject = @subject", "update users set enabled = true where subject = @subject")]
    [TestCase("delete from identities where subject = @subject",
        "insert into identities (issuer, sub, subject) values (@issuer, @sub, @subject)")]
    [TestCase("update trusted_issuers set clients = '{other}'", "update trusted_issuers set clients = '{}'")]
    [TestCase("update trusted_issuers set max_age_seconds = 60", null)]
    [TestCase("delete from trusted_issuers", null)]
    [TestCase("delete from users where subject = @subject", null)]
    [Case("JWTB-115")]
    public async Task A_persons_tokens_end_with_what_they_stand_on(string end, string? again)
    {
        var (company, app, alice) = (await PeopleAsync(), await AppAsync(), await Server.UserAsync());
        var sub = $"ext-{Guid.NewGuid():N}"[..16];
        await LinkSqlAsync(Server, company, sub, alice);
        var api = await Server.ResourceServerAsync();
        var token = (await BringAsync(app, Jag(company, app, sub))).AccessToken;
        (await api.SeesAsActiveAsync(token)).Should().BeTrue();
        var values = new { client = app.Id, subject = alice.Subject, issuer = company.Issuer, sub };

        await Server.ExecuteAsync(end, values);

        (await api.SeesAsActiveAsync(token)).Should().BeFalse();
        await Eventually.BecomesTrueAsync(async () =>
            (await BringAsync(app, Jag(company, app, sub))).Error is "invalid_grant" or "invalid_client" or "unauthorized_client"
            || end.Contains("max_age", StringComparison.Ordinal));
        if (again is null) return;
        await Server.ExecuteAsync(again, values);
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app, Jag(company, app, sub))).Status == 200);
        (await api.SeesAsActiveAsync(token)).Should().BeFalse("enabling revives nothing");
    }

    [Test]
    public async Task An_issuer_off_in_the_database_but_not_in_memory_gets_nothing()
    {
        var (company, app, alice, sub) = (await PeopleAsync(), await AppAsync(), await Server.UserAsync(), "ext-alice-1");
        await LinkSqlAsync(Server, company, sub, alice);
        // Without a word to the servers.
        await Server.ExecuteAsync(
            "set session_replication_role = replica; update trusted_issuers set enabled = false; set session_replication_role = default");

        (await BringAsync(app, Jag(company, app, sub))).Should().BeRefusedWith("invalid_grant");
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", new { alice.Subject })).Should().Be(0);
    }

    [Test]
    public async Task A_key_comes_and_goes_without_ending_anything_and_an_edit_is_one_row()
    {
        var (cluster, _, rule) = await WorkloadAsync();
        var api = await Server.ResourceServerAsync();
        var token = (await ShowAsync(Pod(cluster))).AccessToken;
        var next = new AssertionIssuer(cluster.Issuer, "RS256");

        await Server.ExecuteAsync("update trusted_issuers set jwks = @jwks::jsonb, note = 'new key'",
            new { jwks = next.Jwks.ToJsonString() });
        await Eventually.BecomesTrueAsync(async () => (await ShowAsync(Pod(next))).Status == 200);
        (await api.SeesAsActiveAsync(token)).Should().BeTrue();
        (await ShowAsync(Pod(cluster))).Should().BeRefusedWith("invalid_grant");

        var before = await Server.ScalarAsync<long>("select count(*) from audit_events where event in ('edit', 'revocation')");
        await Server.ExecuteAsync("update assertion_rules set enabled = false where id = @rule", new { rule });
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event in ('edit', 'revocation')")).Should().Be(before + 1);
    }

    [Test]
    public async Task A_sweep_leaves_what_rules_stand_on()
    {
        var (cluster, _, _) = await WorkloadAsync();
        var token = (await ShowAsync(Pod(cluster))).AccessToken;
        await Server.ExecuteAsync("update grants set created_at = now() - interval '25 hours' where kind = 'workload'");
        var sweep = Server.Get<OAuthServer.Stores.Grants.GrantSweepStore>();

        foreach (var days in (int[])[0, 1, 400])
        {
            await sweep.ExpiredAsync(DateTimeOffset.UtcNow.AddDays(days), CancellationToken.None);
            await sweep.EndedAsync(DateTimeOffset.UtcNow.AddDays(days), CancellationToken.None);
            await sweep.NeverRedeemedAsync(DateTimeOffset.UtcNow.AddDays(days), CancellationToken.None);
        }

        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeTrue();
    }

    [Test, Case("JWTB-131")]
    public async Task A_company_sign_in_makes_assertions_work_and_an_unlink_ends_both()
    {
        var (upa, id) = await CompanyAsync("provisioning = 'create', allowed_claims = '{\"email\": [\"alice@up.example\"]}'");
        var company = new AssertionIssuer(upa.Issuer);
        await IssuerRowAsync(company, "people");
        var app = await AppAsync();
        (await BringAsync(app, Jag(company, app, upa.Sub))).Should().BeRefusedWith("invalid_grant");

        var browser = Server.NewBrowser();
        await ComeAsync(browser, upa, id);
        var ada = (await WhoAsync(browser))!.Value;
        var token = (await BringAsync(app, Jag(company, app, upa.Sub))).AccessToken;
        Jwt.Read(token)["sub"].Should().Be($"{ada}");

        await Server.ExecuteAsync("delete from identities where subject = @ada; update identity_providers set provisioning = 'existing'",
            new { ada });
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeFalse();
        (await BringAsync(app, Jag(company, app, upa.Sub))).Should().BeRefusedWith("invalid_grant");
        (await WhoAsync(browser)).Should().BeNull();
    }

    [Test]
    public async Task Sign_in_and_assertions_of_one_issuer_are_switched_apart()
    {
        var (upa, id) = await CompanyAsync("on_disable = 'access'");
        var company = new AssertionIssuer(upa.Issuer);
        await IssuerRowAsync(company, "people");
        var (app, alice) = (await AppAsync(), await Server.UserAsync());
        await LinkAsync(upa, alice);
        var api = await Server.ResourceServerAsync();
        var token = (await BringAsync(app, Jag(company, app, upa.Sub))).AccessToken;

        await Server.ExecuteAsync("update identity_providers set enabled = false where id = @id", new { id });
        (await api.SeesAsActiveAsync(token)).Should().BeTrue();
        await Server.ExecuteAsync("update identity_providers set enabled = true where id = @id", new { id });
        await HeardAsync(id);
        var browser = Server.NewBrowser();
        await ComeAsync(browser, upa, id);
        await Server.ExecuteAsync("update trusted_issuers set enabled = false");
        (await api.SeesAsActiveAsync(token)).Should().BeFalse();
        (await WhoAsync(browser)).Should().Be(alice.Subject);
    }

    [Test]
    public async Task People_are_made_only_where_the_row_and_the_provider_say_so()
    {
        var (upa, id) = await CompanyAsync("provisioning = 'create', allowed_claims = '{\"hd\": [\"up.example\"]}'");
        var company = new AssertionIssuer(upa.Issuer);
        await IssuerRowAsync(company, "people");
        var app = await AppAsync();
        string New(string sub, string hd) => Jag(company, app, sub, new() { ["hd"] = hd, ["preferred_username"] = "neu" });

        (await BringAsync(app, New("n1", "up.example"))).Should().BeRefusedWith("invalid_grant");
        await Server.ExecuteAsync("update trusted_issuers set create_people = true");
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app, New("n2", "up.example"))).Status == 200);
        (await BringAsync(app, New("n3", "else.example"))).Should().BeRefusedWith("invalid_grant");
        await Server.ExecuteAsync("update identity_providers set provisioning = 'invited' where id = @id", new { id });
        await HeardAsync(id);
        (await BringAsync(app, New("n4", "up.example"))).Should().BeRefusedWith("invalid_grant");
    }
}
