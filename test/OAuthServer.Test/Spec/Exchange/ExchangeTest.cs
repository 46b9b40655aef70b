using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>Token exchange (RFC 8693): what an actor gets, and what it never gets.</summary>
[Behaviour(49), Behaviour(50)]
public sealed class ExchangeTest : ExchangeFixture
{
    private TestClient app = null!, orchestrator = null!, planner = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task PrepareAsync()
    {
        (app, orchestrator, planner, alice) = (await AppAsync(), await AgentAsync(), await AgentAsync("planner"), await Server.UserAsync());
        await RuleAsync(orchestrator);
        await RuleAsync(orchestrator, Cast.Sensors, Cast.Sensors, subjects: orchestrator.Id);
        await RuleAsync(planner, Cast.Sensors, Cast.Sensors);
    }

    [Test, Rfc(8693, "4.1"), Case("TX-119")]
    public async Task A_chain_names_who_acts_and_who_acted_before()
    {
        var token = await AliceAsync(app, alice);
        var first = await ExchangeAsync(orchestrator, token);
        var second = await ExchangeAsync(planner, first.AccessToken);

        second.Should().HaveIssuedTokens("mcp:read");
        second.Text("issued_token_type").Should().Be(AccessTokenType);
        second.Body.Should().NotContain("refresh_token");
        var (claims, before) = (Claims(second.AccessToken), Claims(first.AccessToken));
        claims["act"]!.ToJsonString().Should().Be($$$"""{"sub":"{{{planner.Id}}}","act":{"sub":"{{{orchestrator.Id}}}"}}""");
        (claims["sub"]!.ToString(), claims["client_id"]!.ToString(), claims["aud"]!.ToString(), claims["grant"]!.ToString()).Should()
            .Be((alice.Subject.ToString(), planner.Id, Cast.Sensors, Claims(token)["grant"]!.ToString()));
        claims["via"]!.AsArray().Select(step => step!.ToString()).Should()
            .Equal($"{EdgeOf(first.AccessToken)}", $"{EdgeOf(second.AccessToken)}");
        before["act"]!.ToJsonString().Should().Be($$"""{"sub":"{{orchestrator.Id}}"}""");

        var seen = await (await Server.ResourceServerAsync(Cast.Sensors)).IntrospectAsync(second.AccessToken);
        seen.Json.GetProperty("active").GetBoolean().Should().BeTrue();
        seen.Json.GetProperty("act").GetRawText().Should().Be(claims["act"]!.ToJsonString());
        (await Server.AuditAsync(second)).Single().Detail.Should().StartWith(
            $"token-exchange chain={alice.Username} < {orchestrator.Id} < {planner.Id} scope=mcp:read resource={Cast.Sensors} rule=");
    }

    [Test]
    public async Task Only_tokens_of_this_server_are_exchanged()
    {
        var (token, stranger) = (await AliceAsync(app, alice), await AppAsync());
        var forged = token[..^6] + (token[^6] == 'A' ? 'B' : 'A') + token[^5..];
        foreach (var text in new[] { forged, "nonsense", new string('x', 5000), token + "." })
            (await ExchangeAsync(orchestrator, text)).Should()
                .BeRefusedWith("invalid_request", description: "The subject token cannot be exchanged");

        var refresh = (await stranger.TokensAsync(alice)).RefreshToken!;
        (await ExchangeAsync(orchestrator, refresh)).Should().BeRefusedWith("invalid_request");
        (await ExchangeAsync(orchestrator, forged)).Status.Should().Be(400);
    }

    [Test, Case("TX-101")]
    public async Task A_well_signed_token_of_another_issuer_is_not_exchanged()
    {
        var ours = await AliceAsync(app, alice);
        var header = Jwt.Read(ours).Header;
        var (alg, kid) = ($"{header["alg"]}", $"{header["kid"]}");
        var (company, impostor) = (new AssertionIssuer("https://idp.example", alg), new AssertionIssuer(Server.Issuer, alg) { Kid = kid });
        await Server.ExecuteAsync(
            "insert into trusted_issuers (issuer, kind, name, jwks) values (@Issuer, 'people', 'Acme', @jwks::jsonb)",
            new { company.Issuer, jwks = company.Jwks.ToJsonString() });
        await Server.ExecuteAsync("insert into identities (issuer, sub, subject) values (@Issuer, 'ext-alice', @Subject)",
            new { company.Issuer, alice.Subject });
        // All that our own says, and what a company would say of her.
        var (same, theirs) = (Claims(ours), Claims(ours));
        (same["iss"], theirs["iss"], theirs["sub"]) = (company.Issuer, company.Issuer, "ext-alice");
        var before = await Server.ScalarAsync<long>("select count(*) from delegations");

        foreach (var token in new[] { company.Sign(same, "at+jwt"), company.Sign(theirs, "at+jwt"), company.Sign(Claims(ours), "at+jwt"),
            impostor.Sign(Claims(ours), "at+jwt"), company.Sign(theirs, "oauth-id-jag+jwt") })
        {
            var reply = await ExchangeAsync(orchestrator, token);
            reply.Should().BeRefusedWith("invalid_request", 400, "The subject token cannot be exchanged");
            reply.Body.Should().NotContain("access_token");
        }

        (await Server.ScalarAsync<long>("select count(*) from delegations")).Should().Be(before);
        (await ExchangeAsync(orchestrator, ours)).Should().HaveIssuedTokens();
    }

    [Test, Case("TX-103")]
    public async Task Without_a_rule_nothing_is_exchanged_and_why_names_the_nearest()
    {
        var (token, conf) = (await AliceAsync(app, alice), await AgentAsync());
        (await ExchangeAsync(conf, token)).Should().BeRefusedWith("invalid_request", description: "The subject token cannot be exchanged");
        var rule = await RuleAsync(conf, subjects: "somebody-else");
        var refused = await ExchangeAsync(conf, token);
        refused.Should().BeRefusedWith("invalid_request");
        (await Server.AuditAsync(refused)).Single().Should().Match<AuditLine>(line =>
            line.Reason == $"no exchange rule fits; the nearest is {rule}: subject_clients differs"
            && line.Expected == "subject_clients somebody-else" && line.Got == $"subject_clients {app.Id}");

        await Server.ExecuteAsync("update exchange_rules set subject_clients = '{}' where id = @rule", new { rule });
        (await UntilAsync(() => ExchangeAsync(conf, token), 200)).Should().HaveIssuedTokens();
        await Server.ExecuteAsync("update exchange_rules set enabled = false where id = @rule", new { rule });
        (await ExchangeAsync(conf, token)).Should().BeRefusedWith("invalid_request");
    }

    [Test, Case("TX-104")]
    public async Task A_scope_that_both_resources_have_must_be_in_the_subject_token()
    {
        var token = await AliceAsync(app, alice);
        (await ExchangeAsync(orchestrator, token, scope: "mcp:read mcp:write")).Should().BeRefusedWith("invalid_scope");
        (await ExchangeAsync(orchestrator, token, scope: "read_sensors")).Should().BeRefusedWith("invalid_scope");
        (await ExchangeAsync(orchestrator, token, scope: null)).Should().HaveIssuedTokens("mcp:read");
        (await ExchangeAsync(orchestrator, await AliceAsync(app, alice, "mcp:read mcp:write"), scope: null)).Should()
            .HaveIssuedTokens("mcp:read mcp:write");
    }

    [Test, Case("TX-106"), Case("TX-107")]
    public async Task A_loop_ends_at_the_depth_and_renews_nothing()
    {
        var token = await AliceAsync(app, alice);
        var ends = Claims(token)["exp"]!.GetValue<long>();
        var (current, exchanged) = (token, 0);
        for (var i = 0; i < 20; i++)
        {
            Server.Clock.Travel(TimeSpan.FromSeconds(2));
            var reply = await ExchangeAsync(orchestrator, current);
            if (reply.Status != 200)
            {
                reply.Should().BeRefusedWith("invalid_request");
                (await Server.AuditAsync(reply)).Single().Reason.Should().Be("the chain is as deep as it may be");
                continue;
            }

            (current, exchanged) = (reply.AccessToken, exchanged + 1);
            Claims(current)["exp"]!.GetValue<long>().Should().BeLessThanOrEqualTo(ends);
        }

        exchanged.Should().Be(3);
    }

    [Test, Case("TX-110")]
    public async Task A_public_client_exchanges_nothing()
    {
        var (token, client) = (await AliceAsync(app, alice), await Server.PublicClientAsync());
        (await ExchangeAsync(client, token)).Should().BeRefusedWith("unauthorized_client");
        await Server.ExecuteAsync("update clients set grant_types = grant_types || @Urn where client_id = @Id", new { Urn, client.Id });
        await Server.HearsOfAsync(client, row => row.GrantTypes.Contains(Urn));
        var refused = await ExchangeAsync(client, token);
        refused.Should().BeRefusedWith("unauthorized_client");
        (await Server.AuditAsync(refused)).Single().Reason.Should().Be("a public client exchanges nothing");
    }

    [Test, Case("TX-112")]
    public async Task Other_types_of_token_are_neither_taken_nor_given()
    {
        var token = await AliceAsync(app, alice);
        foreach (var type in new[] { "refresh_token", "id_token", "saml2" })
        {
            (await ExchangeAsync(orchestrator, token, more: ("requested_token_type", $"urn:ietf:params:oauth:token-type:{type}"))).Should()
                .BeRefusedWith("invalid_request", description: "The requested token type is not supported");
            (await orchestrator.TokenAsync(("grant_type", Urn), ("subject_token", token),
                ("subject_token_type", $"urn:ietf:params:oauth:token-type:{type}"), ("resource", Cast.Sensors))).Should()
                .BeRefusedWith("invalid_request", description: "The subject token type is not supported");
        }

        (await ExchangeAsync(orchestrator, token, more: [("actor_token", token), ("actor_token_type", AccessTokenType)])).Should()
            .BeRefusedWith("invalid_request", description: "The actor token type is not supported");
        (await ExchangeAsync(orchestrator, token, more: ("requested_token_type", "urn:ietf:params:oauth:token-type:jwt"))).Should()
            .HaveIssuedTokens();
    }

    [Test, Case("TX-113")]
    public async Task A_token_for_another_resource_is_not_the_actors_to_exchange()
    {
        var agent = await AgentAsync();
        await RuleAsync(agent);
        var refused = await ExchangeAsync(agent, await AliceAsync(app, alice, resource: Cast.Sensors));
        refused.Should().BeRefusedWith("invalid_request", description: "The subject token cannot be exchanged");
        (await Server.AuditAsync(refused)).Single().Got.Should().Be($"from_resource {Cast.Sensors}");
    }

    [Test, Case("TX-115"), Rfc(9449, "5")]
    public async Task A_bound_token_is_exchanged_by_its_own_client_with_its_key_and_the_answer_is_bound_too()
    {
        var (key, other) = (new ProofKey(), new ProofKey());
        var agent = await AgentAsync("own");
        await Server.ExecuteAsync("""
            update clients set scopes = '{mcp:read}', default_scopes = '{mcp:read}', resources = array[@Notes], default_resource = @Notes,
                   grant_types = grant_types || '{client_credentials}' where client_id = @Id
            """, new { agent.Id, Cast.Notes });
        await Server.HearsOfAsync(agent, row => row.DefaultResource is not null);
        var foreign = await AgentAsync("foreign");
        await RuleAsync(agent, Cast.Notes, Cast.Notes, "mcp:read", subjects: agent.Id);
        await RuleAsync(foreign, Cast.Notes, Cast.Notes, "mcp:read");
        var bound = (await agent.Proving(key).CredentialsAsync()).AccessToken;

        foreach (var actor in new[] { agent, agent.Proving(other), foreign, foreign.Proving(other), foreign.Proving(key) })
        {
            var refused = await ExchangeAsync(actor, bound, Cast.Notes);
            refused.Should().BeRefusedWith("invalid_request", 400, "The subject token cannot be exchanged");
            (await Server.AuditAsync(refused)).Single().Reason.Should().Be("the subject token is bound to a key");
        }

        var reply = await ExchangeAsync(agent.Proving(key), bound, Cast.Notes);
        reply.Should().HaveIssuedTokens("mcp:read", "DPoP");
        Claims(reply.AccessToken)["cnf"]!["jkt"]!.ToString().Should().Be(key.Jkt);
        // A chain stays bound.
        (await ExchangeAsync(agent, reply.AccessToken, Cast.Notes)).Should().BeRefusedWith("invalid_request");
        (await ExchangeAsync(foreign.Proving(key), reply.AccessToken, Cast.Notes)).Should().BeRefusedWith("invalid_request");
    }

    [Test, Case("TX-118"), Rfc(8693, "2.1")]
    public async Task Resource_and_audience_agree()
    {
        var token = await AliceAsync(app, alice);
        (await ExchangeAsync(orchestrator, token, more: ("audience", Third))).Should().BeRefusedWith("invalid_target");
        (await ExchangeAsync(orchestrator, token, null, more: [("audience", Cast.Sensors), ("audience", Cast.Sensors)])).Should()
            .BeRefusedWith("invalid_request");
        (await ExchangeAsync(orchestrator, token, more: ("resource", Third))).Should().BeRefusedWith("invalid_target");
        (await ExchangeAsync(orchestrator, token, null, more: ("audience", Cast.Sensors))).Should().HaveIssuedTokens();
        (await ExchangeAsync(orchestrator, token, null)).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task Claims_in_the_form_change_nothing()
    {
        var reply = await ExchangeAsync(orchestrator, await AliceAsync(app, alice), more:
            [("sub", "mallory"), ("act", """{"sub":"nobody"}"""), ("aud", Third), ("exp", "9999999999"), ("via", "x"), ("scp", "all")]);
        var claims = Claims(reply.AccessToken);
        (claims["sub"]!.ToString(), claims["aud"]!.ToString(), claims["act"]!["sub"]!.ToString()).Should()
            .Be((alice.Subject.ToString(), Cast.Sensors, orchestrator.Id));
    }

    [Test]
    public async Task A_rule_that_impersonates_names_no_actor_but_the_audit_log_does()
    {
        var ghost = await AgentAsync("ghost");
        await RuleAsync(ghost, impersonate: true);
        var reply = await ExchangeAsync(ghost, await AliceAsync(app, alice));
        var claims = Claims(reply.AccessToken);
        claims.ContainsKey("act").Should().BeFalse();
        claims["via"]!.AsArray().Should().HaveCount(1);
        (await Server.AuditAsync(reply)).Single().Detail.Should().Contain($"chain={alice.Username} < {ghost.Id} (impersonating)");
    }

    [Test]
    public async Task What_was_taken_from_the_app_since_is_not_exchanged()
    {
        var (app, agent) = (await AppAsync(), await AgentAsync());
        await RuleAsync(agent);
        var root = await AliceAsync(app, await Server.UserAsync(), "mcp:read mcp:write");
        (await ExchangeAsync(agent, root, scope: null)).Should().HaveIssuedTokens("mcp:read mcp:write");

        await Server.ExecuteAsync("update clients set scopes = array_remove(scopes, 'mcp:write') where client_id = @Id", new { app.Id });
        (await ExchangeAsync(agent, root, scope: "mcp:write")).Should().BeRefusedWith("invalid_scope");
        (await ExchangeAsync(agent, root, scope: null)).Should().HaveIssuedTokens("mcp:read");
        await Server.ExecuteAsync("update clients set resources = array_remove(resources, @Sensors) where client_id = @Id",
            new { app.Id, Cast.Sensors });
        (await ExchangeAsync(agent, root)).Should().BeRefusedWith("invalid_target");
    }

    [Test]
    public async Task Of_a_dead_token_nothing_else_is_told()
    {
        var (app, agent) = (await AppAsync(), await AgentAsync());
        await RuleAsync(agent);
        var root = await AliceAsync(app, await Server.UserAsync());
        (await ExchangeAsync(agent, root, "https://nowhere.example/")).Should().BeRefusedWith("invalid_target");
        (await ExchangeAsync(agent, root, scope: "sensors:erase")).Should().BeRefusedWith("invalid_scope");

        await Server.ExecuteAsync("update grants set ended_at = now(), ended_reason = 'x' where client_id = @Id", new { app.Id });
        (await ExchangeAsync(agent, root, "https://nowhere.example/")).Should().BeRefusedWith("invalid_request");
        (await ExchangeAsync(agent, root, scope: "sensors:erase")).Should().BeRefusedWith("invalid_request");
    }

    [Test]
    public async Task A_machines_token_is_exchanged_within_what_the_machine_has()
    {
        var machine = await Server.MachineAsync(scopes: "mcp:read read_sensors", defaultScopes: "mcp:read");
        var agent = await AgentAsync();
        await RuleAsync(agent, scopes: "mcp:read read_sensors mcp:write");
        await RuleAsync(agent, to: Third, scopes: "mcp:read");
        var token = (await machine.CredentialsAsync(("scope", "mcp:read"))).AccessToken;

        var reply = await ExchangeAsync(agent, token, scope: null);
        reply.Should().HaveIssuedTokens("mcp:read read_sensors");
        (Claims(reply.AccessToken)["sub"]!.ToString(), Claims(reply.AccessToken)["client_id"]!.ToString()).Should()
            .Be((machine.Id, agent.Id));
        var server = await Server.ResourceServerAsync(Cast.Sensors);
        (await server.SeesAsActiveAsync(reply.AccessToken)).Should().BeTrue();
        (await ExchangeAsync(agent, token, Third)).Should().BeRefusedWith("invalid_target");

        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { machine.Id });
        (await server.SeesAsActiveAsync(reply.AccessToken)).Should().BeFalse();
        (await ExchangeAsync(agent, token)).Should().BeRefusedWith("invalid_request");
    }
}
