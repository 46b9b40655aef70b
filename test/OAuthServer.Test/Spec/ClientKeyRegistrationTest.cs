using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Clients that register with keys in place of a secret (RFC 7591 §2).</summary>
[Behaviour(44)]
public sealed class ClientKeyRegistrationTest : ServerFixture
{
    private const string Web = "https://client.example/cb";
    private static readonly SigningPair Key = SigningPair.Ec();

    [Test, Rfc(7591, "2")]
    public async Task A_client_registers_its_keys_and_gets_no_secret()
    {
        var reply = await Server.RegisterAsync(Body(Key));

        reply.ShouldBeRegistered();
        reply.Text("token_endpoint_auth_signing_alg").Should().Be("ES256");
        reply.Json.GetProperty("jwks").GetProperty("keys")[0].GetProperty("x").GetString().Should().Be(Key.Jwk()["x"]!.ToString());
        var client = new KeyClient(Server, Server.ClientOf(reply).With(null), Key);
        (await client.Bare.RedeemAsync(await Server.GrantAsync(client.Bare, await Server.UserAsync(), "notes:read"), client.Proof()))
            .Should().HaveIssuedTokens();
        (await client.Bare.RefreshAsync("x")).Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
        var read = await Server.ManageAsync(HttpMethod.Get, client.Id, reply.Text("registration_access_token"));
        read.Json.GetProperty("jwks").ToString().Should().Be(reply.Json.GetProperty("jwks").ToString());
    }

    [Test]
    public async Task Its_keys_may_be_replaced_and_not_its_way_to_prove_itself()
    {
        var (reply, next) = (await Server.RegisterAsync(Body(Key)), SigningPair.Rsa());
        var (id, token) = (reply.Text("client_id")!, reply.Text("registration_access_token"));
        var body = Body(next);
        body["client_id"] = id;
        body["token_endpoint_auth_signing_alg"] = "RS256";

        (await Server.ManageAsync(HttpMethod.Put, id, token, body)).Status.Should().Be(200);
        var client = new KeyClient(Server, Server.ClientOf(reply).With(null), next);
        (await client.Bare.RefreshAsync("x", client.Proof())).Should().BeRefusedWith("invalid_grant");

        foreach (var method in new[] { "none", "client_secret_basic" })
        {
            body["token_endpoint_auth_method"] = method;
            (await Server.ManageAsync(HttpMethod.Put, id, token, body)).Should().BeRefusedWith("invalid_client_metadata");
        }
    }

    [Test]
    public async Task A_machine_registers_with_keys_by_invitation()
    {
        var body = new JsonObject
        {
            ["grant_types"] = new JsonArray("client_credentials"),
            ["token_endpoint_auth_method"] = "private_key_jwt",
            ["jwks"] = JsonNode.Parse(SigningPair.Jwks(Key)),
        };
        (await Server.RegisterAsync(body)).Should().BeRefusedWith("invalid_token");

        var reply = await Server.RegisterAsync(body, await Server.InviteAsync());

        reply.ShouldBeRegistered();
        var client = new KeyClient(Server, Server.ClientOf(reply).With(null), Key);
        (await client.Bare.CredentialsAsync([("scope", "notes:read"), ("resource", Cast.Notes), .. client.Proof()]))
            .Should().HaveIssuedTokens();
    }

    private static IEnumerable<TestCaseData> Refused()
    {
        yield return Case("no_keys", body => body.Remove("jwks"), "jwks or jwks_uri is required");
        yield return Case("both", body => body["jwks_uri"] = "https://client.example/jwks", "jwks and jwks_uri exclude each other");
        yield return Case("a_private_key", body => body["jwks"] = new JsonObject { ["keys"] = new JsonArray(Key.Jwk(withPrivate: true)) });
        yield return Case("a_symmetric_key", body => body["jwks"] = JsonNode.Parse("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"""));
        yield return Case("NUL_in_a_kid", body => body["jwks"]!["keys"]![0]!["kid"] = "a\0b");
        yield return Case("eleven_keys", body => body["jwks"] = JsonNode.Parse(
            SigningPair.Jwks([.. Enumerable.Range(0, 11).Select(i => SigningPair.Ec($"k{i}"))])));
        yield return Case("a_list", body => body["jwks"] = new JsonArray());
        yield return Case("http", body => (_, body["jwks_uri"]) = (body.Remove("jwks"), "http://client.example/jwks"),
            "jwks_uri must be https with a domain name");
        yield return Case("an_address", body => (_, body["jwks_uri"]) = (body.Remove("jwks"), "https://10.0.0.1/jwks"),
            "jwks_uri must be https with a domain name");
        yield return Case("EdDSA", body => body["token_endpoint_auth_signing_alg"] = "EdDSA",
            "token_endpoint_auth_signing_alg must be ES256, PS256 or RS256");
        yield return Case("federated", body => body["token_endpoint_auth_method"] = "federated",
            "token_endpoint_auth_method must be client_secret_basic, client_secret_post, none or private_key_jwt");

        static TestCaseData Case(string name, Action<JsonObject> change, string? told = null) =>
            new TestCaseData(change, told ?? "jwks must hold public keys that verify ES256, PS256 or RS256, ten at most")
                .SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Refused)), Case("PKJ-123")]
    public async Task What_cannot_be_keys_of_a_client_is_refused(Action<JsonObject> change, string told)
    {
        var body = Body(Key);
        change(body);

        var reply = await Server.RegisterAsync(body);

        reply.Should().BeRefusedWith("invalid_client_metadata", description: told);
        var secret = Key.Jwk(withPrivate: true)["d"]!.ToString();
        reply.Body.Should().NotContain(secret).And.NotContain("client_id\"");
        (await Server.QueryAsync<string>("select 'found' from audit_events where position(@secret in audit_events::text) > 0", new { secret }))
            .Should().BeEmpty();
    }

    [Test, Rfc(8414, "2"), Case("PKJ-132")]
    public async Task Metadata_says_where_and_by_which_algorithms()
    {
        var metadata = (await Server.GetAsync(Paths.ServerMetadata)).Json;

        foreach (var endpoint in new[] { "token", "revocation", "introspection" })
        {
            Texts($"{endpoint}_endpoint_auth_methods_supported").Should().StartWith("client_secret_basic").And.EndWith("private_key_jwt");
            Texts($"{endpoint}_endpoint_auth_signing_alg_values_supported").Should().Equal("ES256", "PS256", "RS256");
        }

        IEnumerable<string> Texts(string member) => metadata.GetProperty(member).EnumerateArray().Select(one => one.GetString()!);
    }

    private static JsonObject Body(SigningPair key) => new()
    {
        ["client_name"] = "Case client",
        ["redirect_uris"] = new JsonArray(Web),
        ["token_endpoint_auth_method"] = "private_key_jwt",
        ["token_endpoint_auth_signing_alg"] = "ES256",
        ["jwks"] = JsonNode.Parse(SigningPair.Jwks(key)),
    };
}
