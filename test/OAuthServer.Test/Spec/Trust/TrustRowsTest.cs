using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Rows of issuers and rules by SQL: what is refused, with words that repeat nothing.</summary>
[Behaviour(46, 48)]
public sealed class TrustRowsTest : TrustFixture
{
    private const string Good = """{"sub": "repo:acme/*:ref:refs/heads/main", "repository_id": "41"}""";

    [TestCase("kind = 'everybody'", "everybody")]
    [TestCase("issuer = 'http://plain.example', jwks = null", "plain")]
    [TestCase("issuer = 'spiffe://acme', jwks = null", "spiffe")]
    [TestCase("issuer = 'no uri'", "no uri")]
    [TestCase("issuer = 'https://login.microsoftonline.com/common/v2.0'", "common/v2")]
    [TestCase("jwks = null, jwks_uri = 'http://keys.example/jwks'", "keys.example")]
    [TestCase("jwks_uri = 'https://keys.example/jwks'", "keys.example")]
    [TestCase("""jwks = '{"keys": [{"kty": "oct", "k": "hunter2"}]}'""", "hunter2")]
    [TestCase("""jwks = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "hunter2"}]}'""", "hunter2")]
    [TestCase("""jwks = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "hunter2"}]}'""", "hunter2")]
    [TestCase("""jwks = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "hunter2", "y": "hunter2"}]}'""", "hunter2")]
    [TestCase("""jwks = '{"keys": []}'""", "keys\": []")]
    [TestCase("""jwks = '[]'""", "[]")]
    [TestCase("algs = '{HS256}'", "HS256")]
    [TestCase("max_age_seconds = 86401", "86401")]
    [TestCase("create_people = true", "true")]
    [TestCase("clients = '{hunter2}'", "hunter2")]
    [TestCase("must_name = '{repository_owner_id}'", "repository_owner_id")]
    [TestCase("name = ''", "''")]
    public async Task An_issuer_is_refused(string set, string value)
    {
        var platform = await PlatformAsync();
        await RuleAsync(platform, await FederatedAsync(), Good);

        await RefusedAsync(() => Server.ExecuteAsync($"update trusted_issuers set {set}"), value);
    }

    [TestCase("""{"repository_id": "41"}""", "repository_id\": \"41")]
    [TestCase("""{"sub": "*", "repository_id": "41"}""", "\"*\"")]
    [TestCase("""{"sub": "repo:acme/*:x"}""", "repo:acme")]
    [TestCase("""{"sub": "s", "exp": 1}""", "\"s\"")]
    [TestCase("""{"sub": "s", "iat": 1}""", "\"s\"")]
    [TestCase("""{"sub": {"a": 1}}""", "{\"a\"")]
    [TestCase("""{"sub": []}""", "[]")]
    [TestCase("""{"sub": null}""", ": null")]
    [TestCase("""["sub"]""", "[\"sub\"]")]
    [TestCase("""{"sub":"s","a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1}""", "\"p\":1")]
    [Case("JWTB-125")]
    public async Task A_rule_is_refused(string claims, string value)
    {
        var (platform, client) = (await PlatformAsync(), await FederatedAsync());

        await RefusedAsync(() => RuleAsync(platform, client, claims), value);
    }

    [Test, Case("JWTB-125")]
    public async Task A_rule_names_exactly_what_its_issuer_says_must_be_named()
    {
        var (forge, client) = (await PlatformAsync("must_name = '{repository_id,repository_owner_id}'"), await FederatedAsync());

        await RefusedAsync(() => RuleAsync(forge, client, Good), "41");
        await RefusedAsync(() => RuleAsync(forge, client, """{"sub": "s", "repository_id": "4*1", "repository_owner_id": "7"}"""), "4*1");
        await RuleAsync(forge, client, """{"sub": "s", "repository_id": ["41", "42"], "repository_owner_id": "7"}""");
    }

    [Test]
    public async Task A_rule_is_for_a_federated_machine_and_within_what_that_may()
    {
        var (platform, client, machine) = (await PlatformAsync(), await FederatedAsync(), await Server.MachineAsync());
        var people = await PeopleAsync();

        await RefusedAsync(() => RuleAsync(platform, machine.Id, Good), machine.Id);
        await RefusedAsync(() => RuleAsync(people, client, Good), people.Issuer);
        var rule = await RuleAsync(platform, client, Good);
        await RefusedAsync(() => Server.ExecuteAsync("update assertion_rules set scopes = '{notes:delete}' where id = @rule",
            new { rule }), "delete");
        await RefusedAsync(() => Server.ExecuteAsync("update assertion_rules set resources = array[@it] where id = @rule",
            new { rule, it = Cast.Sensors }), "sensors");
        await RefusedAsync(() => Server.ExecuteAsync("update clients set auth_method = 'federated' where client_id = @Id",
            new { machine.Id }), machine.Id);
    }

    [Test]
    public async Task An_issuer_without_a_URL_of_keys_has_them_in_its_row_and_short_names_of_grants_are_written_out()
    {
        await IssuerRowAsync(new AssertionIssuer("spiffe://acme.example"), "workload");
        var client = await FederatedAsync();

        (await Server.QueryAsync<string>("select unnest(grant_types) from clients where client_id = @client", new { client }))
            .Should().Equal(Grant);
    }

    private static async Task RefusedAsync(Func<Task> edit, string value)
    {
        var refused = (await FluentActions.Awaiting(edit).Should().ThrowAsync<PostgresException>()).Which;
        refused.SqlState.Should().Be(PostgresErrorCodes.CheckViolation);
        refused.Hint.Should().NotBeNullOrEmpty();
        $"{refused.MessageText}".Should().NotContain(value);
    }
}
