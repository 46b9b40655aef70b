using System.Reflection;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>
/// The checklist of the OpenID Foundation's conformance suite for the Basic and Config profiles and for signing out: each module is a
/// test of its name, here or beside, with PKCE added. Nothing is claimed by it: the suite itself does not send PKCE.
/// </summary>
[Behaviour(62, 64, 65)]
public sealed class ConformanceTest : OpenIdFixture
{
    private static readonly string[] Modules =
    [
        "discovery-endpoint-verification", "server", "response-type-missing", "idtoken-signature", "userinfo-get", "userinfo-post-header",
        "ensure-request-without-nonce-succeeds-for-code-flow", "scope-profile", "scope-email", "scope-all", "alternate-happy-flow",
        "display-page", "display-popup", "prompt-login", "prompt-none-not-logged-in", "prompt-none-logged-in", "max-age-1",
        "max-age-10000", "ensure-request-with-unknown-parameter-succeeds", "id-token-hint", "login-hint", "ui-locales", "claims-locales",
        "ensure-request-with-acr-values-succeeds", "codereuse", "codereuse-30seconds", "ensure-registered-redirect-uri",
        "ensure-post-request-succeeds", "server-client-secret-post",
        "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "ensure-request-object-with-redirect-uri",
        "refresh-token", "ensure-request-with-valid-pkce-succeeds", "userinfo-post-body", "scope-address", "scope-phone",
        "claims-essential", "idtoken-unsigned", "rp-initiated-logout", "rp-initiated-logout-bad-id-token-hint",
        "rp-initiated-logout-bad-post-logout-redirect-uri", "rp-initiated-logout-discovery-endpoint-verification",
        "rp-initiated-logout-modified-id-token-hint", "rp-initiated-logout-no-id-token-hint", "rp-initiated-logout-no-params",
        "rp-initiated-logout-no-post-logout-redirect-uri", "rp-initiated-logout-no-state", "rp-initiated-logout-only-state",
        "rp-initiated-logout-query-added-to-post-logout-redirect-uri", "backchannel-logout-discovery-endpoint-verification",
        "backchannel-rp-initiated-logout",
    ];

    [Test]
    public void Every_module_is_a_test()
    {
        var tests = typeof(ConformanceTest).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttributes<NUnitAttribute>().Any())
            .Select(method => method.Name).ToList();

        Modules.Where(module => !tests.Exists(test => test.StartsWith("Oidcc_" + module.Replace('-', '_')))).Should().BeEmpty();
    }

    [Test]
    public async Task Oidcc_userinfo_get()
    {
        var (client, person) = (await Server.ConfidentialClientAsync(), await KnownPersonAsync());

        var info = await UserInfoAsync((await client.TokensAsync(person, null, Asks("openid"))).AccessToken);

        info.ContentHeaders.ContentType!.MediaType.Should().Be("application/json");
        info.Json.GetProperty("sub").GetString().Should().Be(person.Subject.ToString());
    }

    [Test]
    public async Task Oidcc_userinfo_post_body_is_not_taken()
    {
        var token = (await TokensAsync("openid")).AccessToken;
        using var http = Server.NewHttp();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("access_token", token)]);

        (await Reply.ReadAsync(await http.PostAsync(Paths.UserInfo, form))).Status.Should().Be(401);
    }

    [Test]
    public async Task Oidcc_ensure_request_without_nonce_succeeds_for_code_flow() =>
        Jwt.Read((await TokensAsync("openid")).IdToken!).Payload.ContainsKey("nonce").Should().BeFalse();

    [Test]
    public async Task Oidcc_scope_profile() =>
        Jwt.Read((await TokensAsync("openid profile")).IdToken!)["family_name"].Should().Be("Lovelace");

    [Test]
    public async Task Oidcc_scope_email() =>
        Jwt.Read((await TokensAsync("openid email")).IdToken!)["email"].Should().EndWith("@example.com");

    [Test]
    public async Task Oidcc_scope_address_is_ignored() => (await TokensAsync("openid address")).Should().HaveIssuedTokens("openid");

    [Test]
    public async Task Oidcc_scope_phone_is_ignored() => (await TokensAsync("openid phone")).Should().HaveIssuedTokens("openid");

    [Test]
    public async Task Oidcc_alternate_happy_flow()
    {
        var (client, person) = (await Server.ConfidentialClientAsync(), await Server.UserAsync());

        foreach (var scope in new[] { "openid", "profile openid", "openid email offline_access" })
            (await client.TokensAsync(person, null, Asks(scope, ("state", Guid.NewGuid().ToString())))).IdToken.Should().NotBeNull();
    }

    [Test]
    public Task Oidcc_display_page() => SucceedsAsync(("display", "page"));

    [Test]
    public Task Oidcc_display_popup() => SucceedsAsync(("display", "popup"));

    [Test]
    public Task Oidcc_ensure_request_with_unknown_parameter_succeeds() => SucceedsAsync(("extra", "foobar"));

    [Test]
    public Task Oidcc_ui_locales() => SucceedsAsync(("ui_locales", "se fr ar"));

    [Test]
    public Task Oidcc_claims_locales() => SucceedsAsync(("claims_locales", "se"));

    [Test]
    public Task Oidcc_claims_essential_is_ignored() => SucceedsAsync(("claims", """{"userinfo":{"name":{"essential":true}}}"""));

    [Test]
    public async Task Oidcc_ensure_request_with_acr_values_succeeds() =>
        Jwt.Read((await TokensAsync("openid", ("acr_values", "1 2"))).IdToken!)["acr"].Should().Be("aal1", "what was reached is said");

    [Test]
    public async Task Oidcc_max_age_10000()
    {
        var (client, person, browser) = (await Server.ConfidentialClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        var first = Jwt.Read((await client.TokensAsync(person, browser, Asks("openid"))).IdToken!);
        Server.Clock.Travel(TimeSpan.FromSeconds(1));

        var second = Jwt.Read((await client.TokensAsync(person, browser, Asks("openid", ("max_age", "10000")))).IdToken!);

        second["auth_time"].Should().Be(first["auth_time"], "nobody had to sign in again");
    }

    [Test]
    public async Task Oidcc_codereuse_30seconds_ends_what_the_code_brought()
    {
        var (client, person) = (await Server.ConfidentialClientAsync(), await Server.UserAsync());
        var code = await client.CodeAsync(person, null, Asks("openid offline_access"));
        var tokens = await client.RedeemAsync(code);
        Server.Clock.Travel(TimeSpan.FromSeconds(30));

        (await client.RedeemAsync(code)).Error.Should().Be("invalid_grant");

        (await UserInfoAsync(tokens.AccessToken)).Status.Should().Be(401);
        (await client.RefreshAsync(tokens.RefreshToken!)).Error.Should().Be("invalid_grant");
    }

    [Test]
    public async Task Oidcc_codereuse()
    {
        var client = await Server.ConfidentialClientAsync();
        var code = await client.CodeAsync(await Server.UserAsync(), null, Asks("openid"));
        (await client.RedeemAsync(code)).IdToken.Should().NotBeNull();

        var again = await client.RedeemAsync(code);

        again.Error.Should().Be("invalid_grant");
        again.IdToken.Should().BeNull();
    }

    [Test]
    public async Task Oidcc_server_client_secret_post()
    {
        var client = await Server.ConfidentialClientAsync("client_secret_post");

        (await client.TokensAsync(await Server.UserAsync(), null, Asks("openid"))).IdToken.Should().NotBeNull();
    }

    [Test]
    public async Task Oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported()
    {
        var client = await Server.ConfidentialClientAsync();
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), Asks("openid", ("request_uri", "https://client.example/request.jwt")));

        (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location.Should().Contain("error=request_uri_not_supported");
    }

    [Test]
    public async Task Oidcc_refresh_token()
    {
        var client = await Server.ConfidentialClientAsync();
        var tokens = await client.TokensAsync(await Server.UserAsync(), null, Asks("openid offline_access"));

        var refreshed = await client.RefreshAsync(tokens.RefreshToken!);

        Jwt.Read(refreshed.IdToken!)["sub"].Should().Be(Jwt.Read(tokens.IdToken!)["sub"]);
        refreshed.AccessToken.Should().NotBe(tokens.AccessToken);
    }

    [Test]
    public async Task Oidcc_ensure_request_with_valid_pkce_succeeds()
    {
        var client = await Server.ConfidentialClientAsync();
        var code = await client.CodeAsync(await Server.UserAsync(), null, Asks("openid"));

        (await client.RedeemAsync(code with { Verifier = TestClient.NewVerifier() })).Error.Should().Be("invalid_grant");
        (await client.RedeemAsync(code)).IdToken.Should().NotBeNull();
    }

    [Test]
    public async Task Oidcc_idtoken_unsigned_cannot_be_had()
    {
        var supported = (await Server.GetAsync(Paths.OpenIdConfiguration)).Json.GetProperty("id_token_signing_alg_values_supported");
        supported.EnumerateArray().Select(alg => alg.GetString()).Should().NotContain("none");
        var client = await Server.ConfidentialClientAsync();

        await FluentActions.Awaiting(() =>
            Server.ExecuteAsync("update clients set id_token_alg = 'none' where client_id = @Id", new { client.Id }))
            .Should().ThrowAsync<Npgsql.PostgresException>().WithMessage("*signs no id_token*");
    }

    private async Task SucceedsAsync(params (string Name, string? Value)[] more) =>
        (await TokensAsync("openid", more)).IdToken.Should().NotBeNull();

    private async Task<Reply> TokensAsync(string scope, params (string Name, string? Value)[] more) =>
        await (await Server.ConfidentialClientAsync()).TokensAsync(await KnownPersonAsync(), null, Asks(scope, more));
}
