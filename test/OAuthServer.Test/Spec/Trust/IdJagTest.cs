using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Trust;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Row 47: the assertion of a company about a person, brought by an app (ID-JAG, enterprise-managed authorization).</summary>
[Behaviour(47)]
public sealed class IdJagTest : TrustFixture
{
    private const string Refused = "The assertion is not valid here";

    private async Task<(AssertionIssuer Company, TestClient App, Person Alice, string Sub)> WorldAsync(string? set = null)
    {
        var (company, app, alice) = (await PeopleAsync(set), await AppAsync(), await Server.UserAsync());
        var sub = $"ext-{Guid.NewGuid():N}"[..16];
        await LinkSqlAsync(Server, company, sub, alice);
        return (company, app, alice, sub);
    }

    [Test]
    public async Task An_assertion_becomes_a_token_for_the_person_without_a_refresh_token()
    {
        var (company, app, alice, sub) = await WorldAsync();

        var reply = await BringAsync(app, Jag(company, app, sub));

        reply.Should().HaveIssuedTokens("notes:read notes:write");
        reply.RefreshToken.Should().BeNull();
        reply.Json.GetProperty("resource").GetString().Should().Be(Cast.Notes);
        reply.Json.GetProperty("expires_in").GetInt32().Should().BeInRange(400, 420);
        var token = Jwt.Read(reply.AccessToken);
        (token["sub"], token["client_id"], token["aud"]).Should().Be(($"{alice.Subject}", app.Id, Cast.Notes));
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(reply.AccessToken)).Should().BeTrue();
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should().Contain(company.Issuer).And.Contain(sub);
    }

    [Test]
    public async Task A_person_an_app_and_a_resource_have_one_grant_that_is_prolonged()
    {
        var (company, app, alice, sub) = await WorldAsync();
        var first = Jwt.Read((await BringAsync(app, Jag(company, app, sub, new() { ["scope"] = "notes:read" }))).AccessToken);
        await Server.ExecuteAsync("update grants set expires_at = now() + interval '1 minute' where subject = @Subject",
            new { alice.Subject });

        var second = Jwt.Read((await BringAsync(app, Jag(company, app, sub))).AccessToken);

        second["grant"].Should().Be(first["grant"]);
        (await Server.QueryAsync<int>("select extract(epoch from expires_at - now())::int from grants where subject = @Subject",
            new { alice.Subject })).Should().ContainSingle().Which.Should().BeGreaterThan(300);
        (await Server.QueryAsync<string>("select array_to_string(scope, ' ') from grants where subject = @Subject", new { alice.Subject }))
            .Should().ContainSingle().Which.Should().Be("notes:read notes:write");
    }

    [Test, Case("JWTB-106")]
    public async Task An_assertion_works_once()
    {
        var (company, app, _, sub) = await WorldAsync();
        var assertion = Jag(company, app, sub);

        (await BringAsync(app, assertion)).Should().HaveIssuedTokens("notes:read notes:write");
        var again = await BringAsync(app, assertion);

        again.Should().BeRefusedWith("invalid_grant", description: Refused);
        (await Server.AuditAsync(again)).Should().ContainSingle().Which.Reason.Should().Contain("used before");
    }

    [Test, Case("JWTB-107")]
    public async Task Of_64_at_once_on_two_servers_one_wins()
    {
        var (company, app, alice, sub) = await WorldAsync();
        await using var second = await Server.StartSecondInstanceAsync();
        await HeardAsync(second);
        var assertion = Jag(company, app, sub);
        // Bcrypt is behind us on both.
        await app.CredentialsAsync();
        await app.At(second).CredentialsAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(number =>
            BringAsync(number % 2 == 0 ? app : app.At(second), assertion)));

        replies.Count(reply => reply.Status == 200).Should().Be(1);
        replies.Count(reply => reply is { Status: 400, Error: "invalid_grant" }).Should().Be(63);
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", new { alice.Subject })).Should().Be(1);
        (await Server.ScalarAsync<long>(
            "select count(*) from audit_events where event = 'token' and outcome = 'ok' and subject = @subject",
            new { subject = $"{alice.Subject}" })).Should().Be(1);
    }

    [Test, Case("JWTB-109", "JWTB-110")]
    public async Task A_type_or_a_kind_of_issuer_is_not_taken_for_another()
    {
        var (company, app, _, sub) = await WorldAsync();
        foreach (var typ in (string[])["JWT", "at+jwt", "dpop+jwt", "client-authentication+jwt"])
            (await BringAsync(app, Jag(company, app, sub, typ: typ))).Should().BeRefusedWith("invalid_grant", description: Refused);

        var platform = await PlatformAsync();
        await RuleAsync(platform, await FederatedAsync(), $$"""{"sub": "{{sub}}"}""");
        foreach (var typ in (string[])[IdJag, "at+jwt", "dpop+jwt"])
        {
            (await BringAsync(app, Jag(platform, app, sub, typ: typ))).Should().BeRefusedWith("invalid_grant", description: Refused);
            (await ShowAsync(Jag(platform, app, sub, typ: typ), ("client_id", app.Id))).Status.Should().BeOneOf(400, 401);
        }

        (await ShowAsync(Jag(company, app, sub, typ: "JWT"))).Should().BeRefusedWith("invalid_grant", description: Refused);
    }

    [Test, Case("JWTB-112")]
    public async Task Nobody_is_found_by_address_or_name()
    {
        var (company, app, alice, _) = await WorldAsync();
        var people = await Server.ScalarAsync<long>("select count(*) from users");

        var reply = await BringAsync(app, Jag(company, app, alice.Username,
            new() { ["email"] = alice.Username, ["email_verified"] = true, ["preferred_username"] = alice.Username }));

        reply.Should().BeRefusedWith("invalid_grant", description: Refused);
        (await Server.ScalarAsync<long>("select count(*) from users")).Should().Be(people);
        (await Server.Get<TrustEdits>().WaitingAsync(DateTimeOffset.UtcNow.AddDays(-1), CancellationToken.None))
            .Should().ContainSingle(one => one.Issuer == company.Issuer && one.Sub == alice.Username && one.ClientId == app.Id);
    }

    [Test, Case("JWTB-113")]
    public async Task No_parameter_overrides_a_claim()
    {
        var (company, app, alice, sub) = await WorldAsync();

        var reply = await BringAsync(app, Jag(company, app, sub), ("sub", "mallory"), ("act", """{"sub":"mallory"}"""),
            ("aud", "https://other.example"), ("exp", "9999999999"), ("cnf", "x"));

        var token = Jwt.Read(reply.AccessToken);
        (token["sub"], token["aud"]).Should().Be(($"{alice.Subject}", Cast.Notes));
        token.Payload.ContainsKey("act").Should().BeFalse();
        (await BringAsync(app, Jag(company, app, sub), ("client_id", "mallory"))).Should().BeRefusedWith("invalid_request");
    }

    [Test, Case("EXT-023")]
    public async Task What_the_assertion_has_to_say_is_not_guessed()
    {
        var (company, app, _, sub) = await WorldAsync();
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        foreach (var (claim, value) in new (string, JsonNode?)[]
            { ("aud", new JsonArray(Server.Issuer, "https://other.example")), ("aud", Server.Issuer + "/token"), ("client_id", "another"),
              ("client_id", null), ("jti", null), ("iat", now - 700), ("exp", now - 40), ("sub", null), ("iss", "https://unknown.example"),
              ("tenant", "t1"), ("tenant", 7), ("aud_sub", "mallory"), ("scope", 7), ("scope", "no:such"),
              ("resource", "https://no.example"),
              ("resource", 7), ("jti", new string('j', 257)) })
            (await BringAsync(app, Jag(company, app, sub, new() { [claim] = value }))).Should()
                .BeRefusedWith("invalid_grant", description: Refused);
        await Server.ExecuteAsync("update trusted_issuers set enabled = false");
        await HeardAsync();
        (await BringAsync(app, Jag(company, app, sub))).Should().BeRefusedWith("invalid_grant", description: Refused);
    }

    [Test, Case("JWTB-116")]
    public async Task An_assertion_bound_to_a_key_needs_a_proof_by_it()
    {
        var (company, app, alice, sub) = await WorldAsync();
        var (key, other) = (new ProofKey(), new ProofKey());
        var bound = Jag(company, app, sub, new() { ["cnf"] = new JsonObject { ["jkt"] = key.Jkt } });

        (await BringAsync(app, bound)).Should().BeRefusedWith("invalid_grant", 400, Refused);
        (await BringAsync(app.Proving(other), bound)).Should().BeRefusedWith("invalid_grant", 400, Refused);
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", new { alice.Subject })).Should().Be(0);
        var reply = await BringAsync(app.Proving(key), bound);

        reply.Should().HaveIssuedTokens("notes:read notes:write", "DPoP");
        Jwt.Read(reply.AccessToken).Payload["cnf"]!["jkt"]!.ToString().Should().Be(key.Jkt);
    }

    [Test]
    public async Task An_assertion_bound_in_another_way_is_refused()
    {
        var (company, app, _, sub) = await WorldAsync();

        foreach (var cnf in new JsonNode[] { new JsonObject { ["jkt"] = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" },
            new JsonObject { ["x5t#S256"] = "abc" }, "text" })
            (await BringAsync(app, Jag(company, app, sub, new() { ["cnf"] = cnf }))).Should()
                .BeRefusedWith("invalid_grant", description: Refused);
    }

    [Test, Case("JWTB-118")]
    public async Task This_server_is_nobody_elses_issuer()
    {
        var (company, app, alice, sub) = await WorldAsync();
        var token = (await BringAsync(app, Jag(company, app, sub))).AccessToken;

        await FluentActions.Awaiting(() => Server.ExecuteAsync(
            "insert into trusted_issuers (issuer, kind, name) values (@Issuer, 'people', 'Us')", new { Server.Issuer }))
            .Should().ThrowAsync<Npgsql.PostgresException>().WithMessage("*does not trust itself*");
        (await BringAsync(app, token)).Should().BeRefusedWith("invalid_grant", description: Refused);
        (await BringAsync(app, new AssertionIssuer(Server.Issuer).Sign(new JsonObject
        {
            ["sub"] = $"{alice.Subject}",
            ["aud"] = Server.Issuer,
            ["client_id"] = app.Id,
        }, IdJag))).Should().BeRefusedWith("invalid_grant", description: Refused);
    }

    [Test, Case("JWTB-133")]
    public async Task The_resource_is_the_assertions_or_the_forms_or_the_clients_default()
    {
        var (company, app, _, sub) = await WorldAsync();
        await Server.ExecuteAsync("update clients set scopes = scopes || '{read_sensors}' where client_id = @Id", new { app.Id });
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app, Jag(company, app, sub,
            new() { ["resource"] = Cast.Sensors, ["scope"] = "read_sensors" }))).Status == 200);
        var both = new JsonArray(Cast.Notes, Cast.Sensors);
        const string wide = "notes:read read_sensors";

        async Task<string?> ForAsync(JsonNode? claim, string? form)
        {
            var reply = await BringAsync(app, Jag(company, app, sub, new() { ["resource"] = claim, ["scope"] = wide }), ("resource", form));
            if (reply.Status == 200) return Jwt.Read(reply.AccessToken)["aud"];
            reply.Should().BeRefusedWith("invalid_grant", description: Refused);
            return (await Server.AuditAsync(reply)).Single().Got;
        }

        (await ForAsync(null, Cast.Notes)).Should().Be(Cast.Notes);
        (await ForAsync(null, null)).Should().Be(Cast.Notes);
        (await ForAsync(both.DeepClone(), Cast.Sensors)).Should().Be(Cast.Sensors);
        (await ForAsync(both.DeepClone(), null)).Should().Contain(Cast.Notes).And.Contain(Cast.Sensors);
        (await ForAsync(Cast.Notes, Cast.Sensors)).Should().Be(Cast.Sensors, "that is what came, and was refused");
        await Server.ExecuteAsync("update clients set default_resource = null where client_id = @Id", new { app.Id });
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app, Jag(company, app, sub, new() { ["resource"] = null })))
            .Error == "invalid_grant");
    }

    [Test]
    public async Task The_scope_is_what_form_assertion_and_client_have_in_common()
    {
        var (company, app, _, sub) = await WorldAsync();

        async Task<string?> OfAsync(JsonNode? claim, string? form)
        {
            var reply = await BringAsync(app, Jag(company, app, sub, new() { ["scope"] = claim }), ("scope", form));
            return reply.Status == 200 ? reply.Json.GetProperty("scope").GetString() : reply.Error;
        }

        (await OfAsync("notes:read notes:delete openid", null)).Should().Be("notes:read notes:delete");
        (await OfAsync("notes:read", "notes:read notes:write")).Should().Be("notes:read");
        (await OfAsync("notes:read", "notes:write")).Should().Be("invalid_grant");
        (await OfAsync("read_sensors", null)).Should().Be("invalid_grant");
        (await OfAsync(null, "notes:read")).Should().Be("notes:read");
    }

    [Test]
    public async Task Public_and_registered_clients_come_only_where_the_row_names_them()
    {
        var (company, app, _, sub) = await WorldAsync();
        var pub = await AppAsync(await Server.PublicClientAsync());

        (await BringAsync(pub, Jag(company, pub, sub))).Should().BeRefusedWith("unauthorized_client");
        await Server.ExecuteAsync("update trusted_issuers set clients = array[@Id]", new { pub.Id });
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(pub, Jag(company, pub, sub))).Status == 200);
        (await BringAsync(app, Jag(company, app, sub))).Should().BeRefusedWith("unauthorized_client");
        (await BringAsync(await Server.ConfidentialClientAsync(), Jag(company, app, sub))).Should().BeRefusedWith("unauthorized_client");
        (await BringAsync(app, "", ("assertion", null))).Should().BeRefusedWith("invalid_request", description: "assertion is required");
    }

    [Test, Case("JWTB-130")]
    public async Task Metadata_lists_the_grant_while_an_issuer_is_enabled_and_names_none()
    {
        using var http = Server.NewHttp();
        async Task<JsonObject> ReadAsync() =>
            JsonNode.Parse(await http.GetStringAsync(Server.Settings.IssuerPath + "/.well-known/oauth-authorization-server"))!.AsObject();

        (await ReadAsync())["grant_types_supported"]!.ToJsonString().Should().NotContain("jwt-bearer");
        var company = await PeopleAsync();
        var document = await ReadAsync();
        document["grant_types_supported"]!.ToJsonString().Should().Contain(GrantType.JwtBearerName);
        document["authorization_grant_profiles_supported"]!.ToJsonString().Should()
            .Be("""["urn:ietf:params:oauth:grant-profile:id-jag"]""");
        document.ToJsonString().Should().NotContain(company.Issuer).And.NotContain("Acme").And.NotContain("federated");

        await Server.ExecuteAsync("update trusted_issuers set enabled = false");
        await HeardAsync();
        (await ReadAsync()).ContainsKey("authorization_grant_profiles_supported").Should().BeFalse();
        await PlatformAsync();
        document = await ReadAsync();
        document["grant_types_supported"]!.ToJsonString().Should().Contain("jwt-bearer");
        document.ContainsKey("authorization_grant_profiles_supported").Should().BeFalse();
    }
}
