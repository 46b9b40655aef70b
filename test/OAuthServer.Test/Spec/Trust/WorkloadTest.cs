using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;
using OAuthServer.Trust;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Row 48: a workload shows what its platform says of it, and is the machine that a rule makes of it.</summary>
[Behaviour(48)]
public sealed class WorkloadTest : TrustFixture
{
    private const string GitHubRule =
        """{"sub": "repo:acme/*:ref:refs/heads/main", "repository_id": 41, "repository_owner_id": 7}""";

    private JsonObject GitHub(string sub = "repo:acme/api:ref:refs/heads/main") => new()
    {
        ["sub"] = sub,
        ["aud"] = Server.Issuer,
        ["repository_id"] = "41",
        ["repository_owner_id"] = "7",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
    };

    private JsonObject Pod(string ns = "prod") => new()
    {
        ["sub"] = $"system:serviceaccount:{ns}:etl",
        ["aud"] = new JsonArray(Server.Issuer),
        ["kubernetes.io"] = new JsonObject { ["namespace"] = ns, ["serviceaccount"] = new JsonObject { ["name"] = "etl" } },
    };

    [Test, Rfc(7523, "2.1"), Case("JWTB-128")]
    public async Task A_pod_works_twice_with_one_token_and_is_the_machine_of_its_rule()
    {
        var (cluster, client) = (await PlatformAsync(), await FederatedAsync());
        var rule = await RuleAsync(cluster, client, """{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": ["prod"]}""");
        var assertion = cluster.Sign(Pod());

        foreach (var _ in Enumerable.Range(0, 2))
        {
            var reply = await ShowAsync(assertion);

            reply.Should().HaveIssuedTokens("notes:read");
            reply.RefreshToken.Should().BeNull();
            reply.Json.GetProperty("expires_in").GetInt32().Should().BeLessThanOrEqualTo(420);
            var token = Jwt.Read(reply.AccessToken);
            (token["sub"], token["client_id"], token["aud"]).Should().Be((client, client, Cast.Notes));
            (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should()
                .Contain($"rule={rule}").And.Contain(cluster.Issuer).And.Contain("sub=system:serviceaccount:prod:etl");
        }
    }

    [Test, Case("JWTB-119")]
    public async Task A_pattern_does_not_stretch()
    {
        var forge = await PlatformAsync();
        await RuleAsync(forge, await FederatedAsync(), GitHubRule);

        (await ShowAsync(forge.Sign(GitHub()))).Should().HaveIssuedTokens("notes:read");
        foreach (var sub in (string[])["repo:acme-evil/api:ref:refs/heads/main", "repo:acme/a/b:ref:refs/heads/main",
            "repo:ACME/api:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/main:x", "xrepo:acme/api:ref:refs/heads/main",
            "repo:acme/:ref:refs/heads/main", "repo:acme/api:x:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/main\n"])
            (await ShowAsync(forge.Sign(GitHub(sub)))).Should()
                .BeRefusedWith("invalid_grant", description: "The assertion is not valid here");
    }

    [Test, Case("JWTB-101")]
    public async Task A_signature_by_a_public_key_as_secret_or_none_is_refused()
    {
        var forge = await PlatformAsync();
        await RuleAsync(forge, await FederatedAsync(), GitHubRule);
        var secret = System.Text.Encoding.ASCII.GetBytes(forge.Jwk().ToJsonString());

        (await ShowAsync(forge.Sign(GitHub(), useAlg: "HS256", sign: input => HMACSHA256.HashData(secret, input)))).Should()
            .BeRefusedWith("invalid_grant");
        (await ShowAsync(forge.Sign(GitHub(), useAlg: "none", sign: _ => []))).Should().BeRefusedWith("invalid_grant");
        (await ShowAsync(new AssertionIssuer(forge.Issuer, "RS256").Sign(GitHub()))).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Case("JWTB-121")]
    public async Task A_token_without_an_end_or_that_is_old_or_lives_a_year_is_refused()
    {
        var forge = await PlatformAsync();
        await RuleAsync(forge, await FederatedAsync(), GitHubRule);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        foreach (var (claim, value) in new (string, JsonNode?)[]
            { ("exp", null), ("exp", now + 31_536_000), ("exp", now - 40), ("iat", now - 10_800), ("iat", null), ("iat", now + 60),
              ("nbf", now + 60), ("exp", (now + 300) + ".5"), ("aud", new JsonArray(Server.Issuer, "https://other.example")),
              ("aud", "https://other.example"),
              ("aud", Server.Issuer + "/"), ("sub", null) })
        {
            var claims = GitHub();
            claims[claim] = value;
            (await ShowAsync(forge.Sign(claims))).Should().BeRefusedWith("invalid_grant");
        }

        var endpoint = GitHub();
        endpoint["aud"] = Server.Issuer + "/token";
        (await ShowAsync(forge.Sign(endpoint))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Case("JWTB-122")]
    public async Task Two_rules_that_fit_need_a_client_id_and_a_third_clients_is_refused()
    {
        var (forge, one, two) = (await PlatformAsync(), await FederatedAsync(), await FederatedAsync());
        var first = await RuleAsync(forge, one, GitHubRule);
        var second = await RuleAsync(forge, two, """{"sub": "repo:acme/api:ref:refs/heads/main", "repository_owner_id": "7"}""");
        var machine = await Server.MachineAsync();

        var reply = await ShowAsync(forge.Sign(GitHub()));

        reply.Should().BeRefusedWith("invalid_grant");
        (await Server.AuditAsync(reply)).Single().Got.Should().Contain($"rule {first}").And.Contain($"rule {second}");
        Jwt.Read((await ShowAsync(forge.Sign(GitHub()), ("client_id", two))).AccessToken)["sub"].Should().Be(two);
        (await ShowAsync(forge.Sign(GitHub()), ("client_id", machine.Id))).Should().BeRefusedWith("invalid_grant");
    }

    [Test]
    public async Task The_audit_log_says_which_claim_of_the_nearest_rule_was_another()
    {
        var cluster = await PlatformAsync();
        await RuleAsync(cluster, await FederatedAsync(),
            """{"sub": "system:serviceaccount:*:etl", "/kubernetes.io/namespace": "prod", "/kubernetes.io/serviceaccount/name": "etl"}""");

        var reply = await ShowAsync(cluster.Sign(Pod("dev")));

        reply.Should().BeRefusedWith("invalid_grant");
        (await Server.AuditAsync(reply)).Single().Reason.Should().Contain("claim /kubernetes.io/namespace: expected prod, came dev")
            .And.NotContain("claim sub");
    }

    [Test]
    public async Task A_single_use_assertion_works_once_and_needs_a_jti()
    {
        var forge = await PlatformAsync("single_use = true");
        await RuleAsync(forge, await FederatedAsync(), GitHubRule);
        var assertion = forge.Sign(GitHub());

        (await ShowAsync(assertion)).Should().HaveIssuedTokens("notes:read");
        (await ShowAsync(assertion)).Should().BeRefusedWith("invalid_grant", description: "The assertion is not valid here");
        var without = GitHub();
        without["jti"] = null;
        (await ShowAsync(forge.Sign(without))).Should().BeRefusedWith("invalid_grant");
    }

    [Test]
    public async Task A_rule_narrows_scope_and_resource()
    {
        var (forge, client) = (await PlatformAsync(), await FederatedAsync());
        var rule = await RuleAsync(forge, client, GitHubRule);
        await Server.ExecuteAsync("update assertion_rules set scopes = '{notes:write}' where id = @rule", new { rule });
        await Eventually.BecomesTrueAsync(async () =>
            (await ShowAsync(forge.Sign(GitHub()))).Json.GetProperty("scope").GetString() == "notes:write");

        (await ShowAsync(forge.Sign(GitHub()), ("scope", "notes:read"))).Should().BeRefusedWith("invalid_scope");
        (await ShowAsync(forge.Sign(GitHub()), ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
    }

    [Test]
    public async Task Keys_are_discovered_and_a_new_one_is_found()
    {
        var forge = Elsewhere.NewCompany();
        await Server.ExecuteAsync("insert into trusted_issuers (issuer, kind, name) values (@Issuer, 'workload', 'GitHub')",
            new { forge.Issuer });
        var signer = new AssertionIssuer(forge.Issuer, "RS256");
        forge.KeySet = keys => keys.Add(signer.Jwk());
        await RuleAsync(signer, await FederatedAsync(), GitHubRule);

        (await ShowAsync(signer.Sign(GitHub()))).Should().HaveIssuedTokens("notes:read");
        var asked = forge.Requests.Count;
        (await ShowAsync(signer.Sign(GitHub()))).Should().HaveIssuedTokens("notes:read");
        forge.Requests.Should().HaveCount(asked, "keys are remembered");

        var next = new AssertionIssuer(forge.Issuer, "RS256");
        forge.KeySet = keys => keys.Add(next.Jwk());
        (await ShowAsync(next.Sign(GitHub()))).Should().HaveIssuedTokens("notes:read");
    }

    [Test]
    public async Task A_discovery_document_of_another_issuer_and_a_silent_host_are_not_taken()
    {
        var forge = Elsewhere.NewCompany();
        forge.Document = document => document["issuer"] = "https://other.example";
        await Server.ExecuteAsync("insert into trusted_issuers (issuer, kind, name) values (@Issuer, 'workload', 'GitHub')",
            new { forge.Issuer });
        var signer = new AssertionIssuer(forge.Issuer, "RS256");
        forge.KeySet = keys => keys.Add(signer.Jwk());
        await RuleAsync(signer, await FederatedAsync(), GitHubRule);

        var reply = await ShowAsync(signer.Sign(GitHub()));

        reply.Status.Should().Be(503);
        reply.Json.GetProperty("error").GetString().Should().Be("temporarily_unavailable");
    }

    [TestCase("ES256", "JWT", true)]
    [TestCase("ES256", "JWT", false)]
    [TestCase("ES256", "at+jwt", true)]
    [TestCase("RS256", "JWT", true)]
    public async Task How_long_a_refusal_takes_does_not_tell_which_issuers_are_trusted(string alg, string typ, bool sameKid)
    {
        const int rounds = 1000;
        var (assertions, now) = (Server.Get<Assertions>(), Server.Clock.GetUtcNow());
        var platform = await PlatformAsync("algs = '{ES256}'", "ES256");
        var forger = new AssertionIssuer(platform.Issuer, alg) { Kid = sameKid ? platform.Kid : "another" };
        var stranger = new AssertionIssuer("https://stranger.example", alg);
        var (known, unknown) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            foreach (var (times, issuer) in new[] { (known, forger), (unknown, stranger) })
            {
                var assertion = issuer.Sign(new JsonObject { ["sub"] = "repo:acme/api", ["aud"] = Server.Issuer }, typ);
                var began = TimeProvider.System.GetTimestamp();
                (await assertions.VerifyAsync(assertion, now, CancellationToken.None)).Refused(out _, out var _).Should().BeTrue();
                times.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        // Without a network between: a signature that is verified here and not there makes it 0.99.
        Timing.Separation(known, unknown).Should().BeLessThan(0.8);
    }

    [Test]
    public async Task A_federated_machine_has_no_other_way_in()
    {
        var client = await FederatedAsync();
        using var http = Server.NewHttp();

        (await new TestClient(Server, client, null, "none", "").CredentialsAsync()).Should().BeRefusedWith("invalid_client", status: 401);
        (await new TestClient(Server, client, Cast.Secret, "client_secret_basic", "").CredentialsAsync())
            .Should().BeRefusedWith("invalid_client", status: 401);
        (await ShowAsync("", ("assertion", null), ("client_id", null))).Should().BeRefusedWith("invalid_request");
        await FluentActions.Awaiting(() => Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@client, @hash)",
            new { client, hash = Cast.SecretHashed })).Should().ThrowAsync<Npgsql.PostgresException>();
    }
}
