using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(13)]
public sealed class DiscoveryTest : ServerFixture
{
    private async Task<JsonElement> MetadataAsync() => (await Server.GetAsync(Paths.ServerMetadata)).Json;

    private static string[] Strings(JsonElement document, string name) =>
        [.. document.GetProperty(name).EnumerateArray().Select(value => value.GetString()!)];

    [Test, Rfc(8414, "2")]
    public async Task The_issuer_is_byte_equal_and_every_url_is_built_from_it()
    {
        var document = await MetadataAsync();

        document.GetProperty("issuer").GetString().Should().Be(Server.Issuer);
        foreach (var (name, path) in new[] { ("authorization_endpoint", "/authorize"), ("token_endpoint", "/token"),
            ("revocation_endpoint", "/revoke"), ("introspection_endpoint", "/introspect"), ("jwks_uri", "/jwks") })
            document.GetProperty(name).GetString().Should().Be(Server.Issuer + path);
    }

    [Test, Rfc(8414, "2"), Case("META-004")]
    public async Task The_metadata_list_exactly_what_works()
    {
        var document = await MetadataAsync();

        Strings(document, "grant_types_supported").Should().BeEquivalentTo("authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange");
        Strings(document, "response_types_supported").Should().Equal("code");
        Strings(document, "response_modes_supported").Should().Equal("query", "form_post");
        Strings(document, "code_challenge_methods_supported").Should().Equal("S256");
        Strings(document, "token_endpoint_auth_methods_supported")
            .Should().Equal("client_secret_basic", "client_secret_post", "none", "private_key_jwt");
        Strings(document, "introspection_endpoint_auth_methods_supported")
            .Should().Equal("client_secret_basic", "client_secret_post", "private_key_jwt");
        Strings(document, "scopes_supported").Should().Contain(["notes:read", "offline_access"]).And.OnlyHaveUniqueItems();
        document.GetProperty("authorization_response_iss_parameter_supported").GetBoolean().Should().BeTrue();
        document.EnumerateObject().Should().NotContain(member => member.Value.ValueKind == JsonValueKind.Null);
        document.EnumerateObject()
            .Should().NotContain(member => member.Name.EndsWith("signing_alg_values_supported")
            && member.Value.ToString().Contains("none"));
    }

    [Test, Rfc(8414, "2"), Behaviour(33)]
    public async Task Whoever_registers_itself_may_ask_for_every_scope_it_lists()
    {
        var scopes = Strings(await MetadataAsync(), "scopes_supported");
        var client = Server.ClientOf(await Server.RegisterPublicAsync(Cast.Redirect));

        var tokens = await client.TokensAsync(await Server.UserAsync(), null, ("scope", string.Join(' ', scopes)));

        tokens.Should().HaveIssuedTokens("notes:read notes:write offline_access");
        scopes.Should().NotContain("read_sensors", "a closed scope is for clients an operator gave it to, who know");
    }

    [Test, Rfc(8414, "2"), Case("META-004")]
    public async Task Every_grant_it_lists_is_known_to_the_token_endpoint_and_no_other_is()
    {
        foreach (var grant in Strings(await MetadataAsync(), "grant_types_supported"))
            (await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString(grant)}")).Should().BeRefusedWith("invalid_client");
        foreach (var grant in new[] { "password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer" })
            (await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString(grant)}")).Should().BeRefusedWith("unsupported_grant_type");
    }

    [Test, Rfc(8414, "2"), Case("META-004")]
    public async Task Every_authentication_method_it_lists_is_accepted()
    {
        var document = await MetadataAsync();
        var alice = await Server.UserAsync();
        foreach (var method in Strings(document, "token_endpoint_auth_methods_supported"))
        {
            if (method == "private_key_jwt")
            {
                var signer = await Server.KeyClientAsync(kind: "user-facing");
                (await signer.Bare.RedeemAsync(await Server.GrantAsync(signer.Bare, alice), signer.Proof())).Should().HaveIssuedTokens();
                (await signer.Bare.PostAsync(Paths.Revoke, [("token", "x"), .. signer.Proof()])).Status.Should().Be(200);
                continue;
            }

            var client = method == "none" ? await Server.PublicClientAsync() : await Server.ConfidentialClientAsync(method);
            var tokens = await client.RedeemAsync(await Server.GrantAsync(client, alice));
            tokens.Should().HaveIssuedTokens();
            (await client.RevokeAsync(tokens.RefreshToken!)).Status.Should().Be(200);
        }

        var resourceServer = await Server.ResourceServerAsync();
        var signing = await Server.KeyClientAsync(kind: "resource-server");
        (await signing.Bare.PostAsync(Paths.Introspect, [("token", "x"), .. signing.Proof()])).Status.Should().Be(200);
        foreach (var method in Strings(document, "introspection_endpoint_auth_methods_supported").Except(["private_key_jwt"]))
            (await resourceServer.With(Cast.Secret, method).IntrospectAsync("x")).Status.Should().Be(200);
        (await (await Server.PublicClientAsync()).IntrospectAsync("x")).Should().BeRefusedWith("invalid_client");
    }

    [Test, Rfc(9728, "2")]
    public async Task The_server_describes_its_own_bearer_protected_resource()
    {
        var document = (await Server.GetAsync(Paths.ResourceMetadata)).Json;

        document.GetProperty("resource").GetString().Should().Be(Server.Issuer);
        Strings(document, "authorization_servers").Should().Equal(Server.Issuer);
        Strings(document, "bearer_methods_supported").Should().Equal("header");
        Strings(document, "scopes_supported").Should().Equal("audit:read");
    }

    [TestCase("/.well-known/oauth-authorization-server")]
    [TestCase("/.well-known/openid-configuration")]
    [TestCase("/.well-known/oauth-protected-resource")]
    [TestCase("/jwks")]
    [Rfc(8414, "3.2")]
    public async Task Documents_may_be_cached_and_read_from_anywhere(string path)
    {
        var reply = await Server.GetAsync(path, ("Origin", "https://spa.example"));

        reply.Status.Should().Be(200);
        reply.IsJson.Should().BeTrue();
        reply.Header("Cache-Control").Should().StartWith("public, max-age=");
        reply.Header("Access-Control-Allow-Origin").Should().Be("*");
    }

    [Test]
    public async Task The_algorithms_it_names_are_those_of_the_keys_it_publishes()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { OpenId = false });
        await server.Get<KeyRing>().RotateAsync(CancellationToken.None);
        await using var changed = await server.StartSecondInstanceAsync(settings => settings with { Algorithm = "RS256" });

        foreach (var one in new[] { server, changed })
        {
            var keys = (await one.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray()
                .Select(key => key.GetProperty("alg").GetString()!).Distinct();
            Strings((await one.GetAsync(Paths.ServerMetadata)).Json, "id_token_signing_alg_values_supported").Should().BeEquivalentTo(keys);
        }
    }

    [TestCase("/.well-known/oauth-authorization-server")]
    [TestCase("/.well-known/openid-configuration")]
    [TestCase("/.well-known/oauth-protected-resource")]
    [TestCase("/jwks")]
    [Rfc(9110, "9.3.2"), Case("META-011")]
    public async Task HEAD_has_no_body_and_OPTIONS_is_answered(string path)
    {
        var head = await Server.SendAsync(HttpMethod.Head, path);
        head.Status.Should().BeOneOf(200, 405);
        head.Body.Should().BeEmpty();

        var preflight =
            await Server.SendAsync(HttpMethod.Options, path, null, ("Origin", "https://spa.example"),
                ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "mcp-protocol-version"));
        preflight.Status.Should().Be(204);
        preflight.Header("Access-Control-Allow-Origin").Should().Be("*");
        preflight.Header("Access-Control-Allow-Headers").Should().Be("mcp-protocol-version");
        (await Server.SendAsync(HttpMethod.Options, path)).Status.Should().BeOneOf(204, 405);
    }

    [Test, Rfc(9700, "4.13"), Case("META-005")]
    public async Task A_foreign_Host_changes_nothing_and_is_not_served()
    {
        var spoofed = await Server.GetAsync(Paths.ServerMetadata, ("Host", "evil.example"));
        var forwarded =
            await Server.GetAsync(Paths.ServerMetadata, ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
                ("Forwarded", "host=evil.example;proto=https"), ("X-Original-URL", "/evil.example"));

        spoofed.Should().BeRefusedWith("invalid_request", 400);
        (spoofed + spoofed.Headers.ToString()).Should().NotContain("evil.example");
        forwarded.Status.Should().Be(200);
        forwarded.Body.Should().NotContain("evil.example");
        forwarded.Json.GetProperty("token_endpoint").GetString().Should().Be(Server.Issuer + "/token");
    }

    [Test, Rfc(9116, "2.5"), Case("META-014")]
    public async Task Whom_to_tell_about_a_weakness_is_published_and_not_expired()
    {
        var reply = await Server.GetAsync(Paths.SecurityText);

        reply.Status.Should().Be(200);
        reply.Header("Content-Type").Should().Be("text/plain; charset=utf-8");
        var fields = reply.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(": ", 2))
            .ToLookup(field => field[0], field => field[1]);
        fields["Contact"].Single().Should().StartWith("mailto:");
        fields["Canonical"].Single().Should().Be(Server.Issuer + Paths.SecurityText);
        var expires = DateTimeOffset.Parse(fields["Expires"].Single(), System.Globalization.CultureInfo.InvariantCulture);
        expires.Should().BeAfter(Server.Clock.GetUtcNow()).And.BeBefore(Server.Clock.GetUtcNow().AddYears(1));
    }
}

/// <summary>An issuer with a path.</summary>
[Behaviour(13)]
public sealed class PathIssuerTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { Issuer = settings.Issuer + "/tenants/one" };

    [Test, Rfc(8414, "3.1"), Rfc(9728, "3.1")]
    public async Task Metadata_is_found_between_host_and_path()
    {
        var document = await Server.GetAsync("/.well-known/oauth-authorization-server/tenants/one");

        document.Json.GetProperty("issuer").GetString().Should().Be(Server.Issuer).And.EndWith("/tenants/one");
        document.Json.GetProperty("token_endpoint").GetString().Should().Be(Server.Issuer + "/token");
        (await Server.GetAsync("/.well-known/oauth-protected-resource/tenants/one")).Json.GetProperty("resource").GetString()
            .Should().Be(Server.Issuer);
        (await Server.GetAsync("/.well-known/oauth-authorization-server")).Should().BeRefusedWith("invalid_request", 404);
        (await Server.GetAsync("/.well-known/openid-configuration")).Should().BeRefusedWith("invalid_request", 404);
        (await Server.GetAsync("/tenants/one/.well-known/oauth-authorization-server")).Should().BeRefusedWith("invalid_request", 404);
    }

    [Test, Rfc(8414, "2")]
    public async Task Every_endpoint_lives_below_the_path()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;

        Jwt.Read(token)["iss"].Should().Be(Server.Issuer);
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeTrue();
        (await Server.GetAsync("/tenants/one/jwks")).Status.Should().Be(200);
        (await Server.GetAsync("/jwks")).Should().BeRefusedWith("invalid_request", 404);
        (await Server.SendAsync(HttpMethod.Post, "/token", Requests.Form("grant_type=client_credentials")))
            .Should().BeRefusedWith("invalid_request", 404);
        (await Server.GetAsync("/tenants/one/token", ("Origin", "https://spa.example"))).Header("Access-Control-Allow-Origin")
            .Should().Be("*");
    }
}
