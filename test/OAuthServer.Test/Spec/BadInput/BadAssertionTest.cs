using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.BadInput;

/// <summary>Assertions of issuers and tokens to exchange: every input that is refused, its answer, and that nothing came of it.</summary>
[Behaviour(47, 48, 49, 50)]
public sealed class BadAssertionTest : BadInputFixture
{
    private const string NotValid = "The assertion is not valid here", NotExchanged = "The subject token cannot be exchanged";

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static IEnumerable<TestCaseData> Assertions()
    {
        yield return Jag("unknown_issuer", t => t.Jag(by: new AssertionIssuer("https://unknown.example")));
        yield return Jag("disabled_issuer", t => t.Jag(new() { ["iss"] = "https://off.example" }));
        yield return Jag("bad_signature", t => t.Jag(by: new AssertionIssuer(t.Company.Issuer)));
        yield return Jag("aud", t => t.Jag(new() { ["aud"] = "https://other.example" }));
        yield return Jag("aud_of_two", t => t.Jag(new() { ["aud"] = new JsonArray(t.Server.Issuer, "https://other.example") }));
        yield return Jag("exp_passed", t => t.Jag(new() { ["exp"] = Now - 60 }));
        yield return Jag("iat_old", t => t.Jag(new() { ["iat"] = Now - 700 }));
        yield return Jag("iat_ahead", t => t.Jag(new() { ["iat"] = Now + 120 }));
        yield return Jag("typ", t => t.Jag(typ: "JWT"));
        yield return Jag("typ_at_jwt", t => t.Jag(typ: "at+jwt"));
        yield return Jag("client_id_claim", t => t.Jag(new() { ["client_id"] = "another" }));
        yield return Jag("unlinked", t => t.Jag(new() { ["sub"] = "ext-nobody" }));
        yield return Jag("cnf", t => t.Jag(new() { ["cnf"] = new JsonObject { ["jkt"] = t.Key.Jkt } }));
        yield return Jag("resource_not_ours", t => t.Jag(new() { ["resource"] = "https://no.example/" }));
        yield return Jag("resources_unpicked", t => t.Jag(new() { ["resource"] = new JsonArray(Cast.Notes, Cast.Sensors) }));
        yield return Jag("scope_empty", t => t.Jag(new() { ["scope"] = "read_sensors" }));
        yield return Row("workload_no_rule", t => t.ShowAsync(t.Pod(new() { ["sub"] = "pod:other" })));
        yield return Row("workload_exp", t => t.ShowAsync(t.Pod(new() { ["exp"] = Now - 60 })));
        yield return Row("workload_old", t => t.ShowAsync(t.Pod(new() { ["iat"] = Now - 4000 })));
        yield return Row("workload_typ", t => t.ShowAsync(t.Pod(typ: "at+jwt")));
        yield return Row("workload_for_another_client", t => t.ShowAsync(t.Pod(), ("client_id", t.Machine.Id)));

        static TestCaseData Jag(string name, Func<BadAssertionTest, string> make) => Row(name, t => t.BringAsync(make(t)));
        static TestCaseData Row(string name, Func<BadAssertionTest, Task<Reply>> send) => new TestCaseData(send).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Assertions)), Rfc(7523, "3.1")]
    public async Task Every_flaw_of_an_assertion_is_one_sentence_and_why_tells(Func<BadAssertionTest, Task<Reply>> send)
    {
        var reply = await RefusedAsync(() => send(this));

        reply.Should().BeRefusedWith("invalid_grant", 400, NotValid);
        await IsExplainedAsync(reply);
    }

    [Test]
    public async Task One_without_a_resource_where_the_client_has_no_default()
    {
        await Server.ExecuteAsync("update clients set default_resource = null where client_id = @Id", new { App.Id });
        await Server.HearsOfAsync(App, row => row.DefaultResource is null);

        var reply = await RefusedAsync(() => BringAsync(Jag(new() { ["resource"] = null })));

        reply.Should().BeRefusedWith("invalid_grant", 400, NotValid);
        await Server.ExecuteAsync("update clients set default_resource = @Notes where client_id = @Id", new { App.Id, Cast.Notes });
    }

    [Test]
    public async Task One_of_a_person_who_is_disabled()
    {
        var bob = await Server.UserAsync("bob");
        await Server.ExecuteAsync("""
            insert into identities (issuer, sub, subject) values (@Issuer, 'ext-bob', @Subject);
            update users set enabled = false where subject = @Subject
            """, new { Company.Issuer, bob.Subject });

        var reply = await RefusedAsync(() => BringAsync(Jag(new() { ["sub"] = "ext-bob" })));

        reply.Should().BeRefusedWith("invalid_grant", 400, NotValid);
        await IsExplainedAsync(reply);
    }

    [Test, Behaviour(42)]
    public async Task One_that_was_used()
    {
        var assertion = Jag();
        (await BringAsync(assertion)).Should().HaveIssuedTokens("notes:read");

        var reply = await RefusedAsync(() => BringAsync(assertion));

        reply.Should().BeRefusedWith("invalid_grant", 400, NotValid);
        await IsExplainedAsync(reply);
    }

    [Test]
    public async Task One_that_two_rules_fit()
    {
        var other = await Server.ScalarAsync<string>("""
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, default_scopes, resources, default_resource)
            values ('wl-second', 'machine', 'x', '{jwt-bearer}', 'federated', '{notes:read}', '{notes:read}', array[@Notes], @Notes);
            insert into assertion_rules (issuer, client_id, claims) values
                (@Issuer, 'wl-second', '{"sub": "pod:two"}'), (@Issuer, @Workload, '{"sub": "pod:two"}');
            select 'wl-second'
            """, new { Cluster.Issuer, Workload, Cast.Notes });
        await Eventually.BecomesTrueAsync(async () =>
            (await ShowAsync(Pod(new() { ["sub"] = "pod:two" }), ("client_id", other))).Status == 200);

        var reply = await RefusedAsync(() => ShowAsync(Pod(new() { ["sub"] = "pod:two" })));

        reply.Should().BeRefusedWith("invalid_grant", 400, NotValid);
        await IsExplainedAsync(reply);
    }

    private static IEnumerable<TestCaseData> Others()
    {
        yield return Row("assertion_missing", "invalid_request", "assertion is required", t => t.BringAsync("", ("assertion", null)));
        yield return Row("assertion_missing_alone", "invalid_request", "assertion is required", t => t.ShowAsync(null));
        yield return Row("not_ours", "invalid_request", NotExchanged, async t => await t.ExchangeAsync(t.Company.Sign(
            new() { ["aud"] = Cast.Notes, ["sub"] = "x", ["client_id"] = t.Machine.Id, ["scope"] = "mcp:read" }, "at+jwt")));
        yield return Row("nonsense", "invalid_request", NotExchanged, t => t.ExchangeAsync("nonsense"));
        yield return Row("foreign_aud", "invalid_request", NotExchanged, async t =>
            await ExchangeByAsync(t.foreign, await t.TokenAsync(Cast.Sensors), ("resource", Cast.Notes)));
        yield return Row("no_rule", "invalid_request", NotExchanged, async t => await ExchangeByAsync(t.ruleless, await t.TokenAsync()));
        yield return Row("bound_for_another", "invalid_request", NotExchanged, async t => await t.ExchangeAsync(
            (await t.Machine.Proving(t.Key).CredentialsAsync(("scope", "mcp:read"), ("resource", Cast.Notes))).AccessToken));
        yield return Row("subject_type", "invalid_request", "The subject token type is not supported", async t =>
            await t.ExchangeAsync(await t.TokenAsync(), ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")));
        yield return Row("refresh_token_asked", "invalid_request", "The requested token type is not supported", async t =>
            await t.ExchangeAsync(await t.TokenAsync(), ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")));
        yield return Row("actor_token", "invalid_request", "The actor token type is not supported", async t =>
            await t.ExchangeAsync(await t.TokenAsync(), ("actor_token", "x"), ("actor_token_type", AccessTokenType)));
        yield return Row("target_unknown", "invalid_target", "The requested resource is not allowed", async t =>
            await t.ExchangeAsync(await t.TokenAsync(), ("resource", "https://no.example/")));
        yield return Row("scope_wider", "invalid_scope", null, async t =>
            await t.ExchangeAsync(await t.TokenAsync(), ("scope", "mcp:read mcp:write")));
        yield return Row("by_a_public_client", "unauthorized_client", "This client may not use this grant type", async t =>
            await ExchangeByAsync(t.Pub, await t.TokenAsync()));
        yield return Row("without_the_grant", "unauthorized_client", "This client may not use this grant type", async t =>
            await ExchangeByAsync(t.Machine, await t.TokenAsync()));
        yield return Row("ID_JAG_without_the_grant", "unauthorized_client", "This client may not use this grant type", t =>
            t.Machine.TokenAsync(("grant_type", Bearer), ("assertion", t.Jag(new() { ["client_id"] = t.Machine.Id }))));
        yield return Row("ID_JAG_client_id_of_another", "invalid_request", null, t => t.BringAsync(t.Jag(), ("client_id", t.Pub.Id)));

        static TestCaseData Row(string name, string error, string? told, Func<BadAssertionTest, Task<Reply>> send) =>
            new TestCaseData(error, told, send).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Others)), Rfc(8693, "2.2.2")]
    public async Task What_else_is_refused(string error, string? told, Func<BadAssertionTest, Task<Reply>> send)
    {
        var reply = await RefusedAsync(() => send(this));

        reply.Should().BeRefusedWith(error, 400, told);
        await IsExplainedAsync(reply);
    }

    [Test]
    public async Task A_public_client_that_has_the_grant_and_is_not_named_brings_nothing()
    {
        await Server.ExecuteAsync("update clients set grant_types = grant_types || '{jwt-bearer}' where client_id = @Id", new { Pub.Id });
        await Server.HearsOfAsync(Pub, row => row.GrantTypes.Contains(Bearer));

        var reply = await RefusedAsync(() => Pub.TokenAsync(("grant_type", Bearer), ("assertion", Jag(new() { ["client_id"] = Pub.Id }))));

        reply.Should().BeRefusedWith("unauthorized_client", 400, "This client may not use this grant type");
        await IsExplainedAsync(reply);
    }

    [Test]
    public async Task A_dead_token_and_one_deeper_than_the_cap_are_not_exchanged()
    {
        var (dead, deep) = (await TokenAsync(), await TokenAsync());
        (await Machine.RevokeAsync(dead)).Status.Should().Be(200);
        (await RefusedAsync(() => ExchangeAsync(dead))).Should().BeRefusedWith("invalid_request", 400, NotExchanged);

        for (var i = 0; i < 3; i++) deep = (await ExchangeAsync(deep)).AccessToken;
        (await RefusedAsync(() => ExchangeAsync(deep))).Should().BeRefusedWith("invalid_request", 400, NotExchanged);
    }

    [Test]
    public async Task What_a_form_claims_is_ignored()
    {
        (string, string?)[] claims =
            [("sub", "mallory"), ("act", """{"sub":"m"}"""), ("aud", Cast.Sensors), ("exp", "9999999999"), ("cnf", "x")];
        foreach (var (reply, sub, aud) in new[]
        {
            (await BringAsync(Jag(), claims), $"{Alice.Subject}", Cast.Notes),
            (await ShowAsync(Pod(), claims), Workload, Cast.Notes),
            (await ExchangeAsync(await TokenAsync(), claims), Machine.Id, Cast.Sensors),
        })
        {
            reply.Status.Should().Be(200, reply.ToString());
            var token = Jwt.Read(reply.AccessToken);
            (token["sub"], token["aud"]).Should().Be((sub, aud));
            token.Payload.ContainsKey("cnf").Should().BeFalse();
            token.Payload["exp"]!.GetValue<long>().Should().BeLessThan(Now + 3600);
        }
    }

    private async Task IsExplainedAsync(Reply reply)
    {
        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (line.Outcome, line.Error).Should().Be(("refused", reply.Error));
        line.Reason.Should().NotBeNullOrEmpty();
        line.Rule.Should().NotBeNullOrEmpty();
    }

    private TestClient foreign = null!, ruleless = null!;

    [OneTimeSetUp]
    public async Task AddAgentsAsync()
    {
        foreign = await Server.AddClientAsync("foreign", "machine", "client_secret_basic", [], "", "operator", null, Cast.Secret);
        ruleless = await Server.AddClientAsync("ruleless", "machine", "client_secret_basic", [], "", "operator", null, Cast.Secret);
        await Server.ExecuteAsync("""
            update clients set grant_types = '{token-exchange}', resources = '{}' where client_id = any (array[@F, @R]);
            insert into exchange_rules (actor, from_resource, resource, scopes) values (@F, @Notes, @Notes, '{mcp:read}')
            """, new { F = foreign.Id, R = ruleless.Id, Cast.Notes });
        await Eventually.BecomesTrueAsync(async () =>
            (await ExchangeByAsync(foreign, await TokenAsync(), ("resource", Cast.Notes))).Status == 200);
    }
}
