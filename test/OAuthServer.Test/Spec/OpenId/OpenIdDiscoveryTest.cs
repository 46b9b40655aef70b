using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>OpenID Connect Discovery 1.0, and what stands of it in RFC 8414's document.</summary>
[Behaviour(13), Parallelizable(ParallelScope.Fixtures)]
public sealed class OpenIdDiscoveryTest
{
    private const string Appended = "/.well-known/openid-configuration";

    private static readonly string[] OfIdentity =
    [
        "userinfo_endpoint", "end_session_endpoint", "claims_supported", "acr_values_supported", "prompt_values_supported",
        "ui_locales_supported", "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
        "backchannel_logout_supported", "backchannel_logout_session_supported",
    ];

    private static string[] Strings(JsonElement document, string name) =>
        [.. document.GetProperty(name).EnumerateArray().Select(value => value.GetString()!)];

    private static string[] Members(Reply reply) => [.. reply.Json.EnumerateObject().Select(member => member.Name)];

    [Test, Case("OIDC-101")]
    public async Task Oidcc_discovery_endpoint_verification()
    {
        await using var server = await TestServer.StartAsync();

        var reply = await server.GetAsync(Appended, ("Origin", "https://spa.example"));

        reply.Status.Should().Be(200);
        reply.Header("Cache-Control").Should().StartWith("public, max-age=");
        reply.Header("Access-Control-Allow-Origin").Should().Be("*");
        var document = reply.Json;
        document.GetProperty("issuer").GetString().Should().Be(server.Issuer);
        foreach (var (name, path) in new[] { ("authorization_endpoint", "/authorize"), ("token_endpoint", "/token"),
            ("userinfo_endpoint", "/userinfo"), ("end_session_endpoint", "/end-session"), ("jwks_uri", "/jwks") })
            document.GetProperty(name).GetString().Should().Be(server.Issuer + path);
        Strings(document, "response_types_supported").Should().Equal("code");
        Strings(document, "subject_types_supported").Should().Equal("public");
        Strings(document, "id_token_signing_alg_values_supported").Should().Equal("RS256", "ES256");
        Strings(document, "scopes_supported").Should().Contain(["openid", "profile", "email", "groups", "offline_access", "notes:read"]);
        Strings(document, "claims_supported").Should().Contain(["sub", "iss", "auth_time", "name", "email", "email_verified", "groups"]);
        Strings(document, "acr_values_supported").Should().Equal("aal1", "aal2");
        Strings(document, "prompt_values_supported").Should().Equal("none", "login", "consent", "select_account");
        Strings(document, "ui_locales_supported").Should().Equal("en", "ar");
        foreach (var name in new[] { "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported" })
            document.GetProperty(name).ValueKind.Should().Be(JsonValueKind.False, "{0} is said, since absent may mean true", name);
        foreach (var name in new[] { "backchannel_logout_supported", "backchannel_logout_session_supported" })
            document.GetProperty(name).GetBoolean().Should().BeTrue();
        document.EnumerateObject().Where(member => member.Name.EndsWith("alg_values_supported")).Should()
            .NotContain(member => member.Value.ToString().Contains("none") || member.Value.ToString().Contains("HS256"));
        document.EnumerateObject().Should().NotContain(member => member.Value.ValueKind == JsonValueKind.Null);
        var keys = (await server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray();
        keys.Select(key => key.GetProperty("alg").GetString()).Should().Contain("RS256");
    }

    [Test, Rfc(8414, "5")]
    public async Task RFC_8414s_document_says_the_same_and_lists_no_identity_scope()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("insert into scopes (name, access, open, identity) values ('badge', 'read', true, true)");
        await server.HearsAsync(known => known.Scopes.Any(scope => scope.Name == "badge"));

        var (openId, oauth) = (await server.GetAsync(Appended), await server.GetAsync(Paths.ServerMetadata));

        Members(oauth).Should().Equal(Members(openId));
        foreach (var member in openId.Json.EnumerateObject().Where(member => member.Name != "scopes_supported"))
            oauth.Json.GetProperty(member.Name).GetRawText().Should().Be(member.Value.GetRawText());
        Strings(openId.Json, "scopes_supported").Except(Strings(oauth.Json, "scopes_supported"))
            .Should().BeEquivalentTo("openid", "profile", "email", "groups", "badge");
    }

    [Test]
    public async Task Without_OpenID_Connect_there_is_no_such_document_and_the_other_claims_nothing_of_it()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { OpenId = false });

        (await server.GetAsync(Appended)).Should().BeRefusedWith("invalid_request", 404);
        var oauth = await server.GetAsync(Paths.ServerMetadata);
        Members(oauth).Should().NotIntersectWith(OfIdentity);
        Strings(oauth.Json, "scopes_supported").Should().NotContain(["openid", "profile", "email", "groups"]);
        // OpenID Connect Discovery §3 requires them, and the MCP TypeScript SDK refuses the document without them.
        Strings(oauth.Json, "subject_types_supported").Should().Equal("public");
        Strings(oauth.Json, "id_token_signing_alg_values_supported").Should().Equal("ES256");
    }

    [Test]
    public async Task Without_an_RS256_key_that_signs_there_is_none_either()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("update signing_keys set sealed = '\\x00' where alg = 'RS256'");
        await using var restarted = await server.StartSecondInstanceAsync();

        (await restarted.GetAsync(Appended)).Should().BeRefusedWith("invalid_request", 404);
        Members(await restarted.GetAsync(Paths.ServerMetadata)).Should().NotIntersectWith(OfIdentity);
        (await server.GetAsync(Appended)).Status.Should().Be(200, "it has the key in memory");
    }

    [Test, Behaviour(28)]
    public async Task While_the_database_has_been_away_since_the_start_the_document_is_what_it_will_be()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        cable.Pull();
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through }, waitUntilReady: false);

        var before = await server.GetAsync(Appended);
        cable.PlugIn();
        await server.WaitUntilReadyAsync();

        before.Status.Should().Be(200);
        Members(await server.GetAsync(Appended)).Should().Equal(Members(before));
    }

    [Test, Rfc(8414, "5"), Case("OIDC-101")]
    public async Task An_issuer_with_a_path_has_the_same_octets_before_and_behind_it()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { Issuer = settings.Issuer + "/tenants/one" });

        var behind = await server.GetAsync("/tenants/one" + Appended);
        var before = await server.GetAsync(Appended + "/tenants/one");

        (behind.Status, before.Status).Should().Be((200, 200));
        before.Body.Should().Be(behind.Body);
        behind.Json.GetProperty("userinfo_endpoint").GetString().Should().Be(server.Issuer + "/userinfo");
        before.Header("Access-Control-Allow-Origin").Should().Be("*");
    }
}
