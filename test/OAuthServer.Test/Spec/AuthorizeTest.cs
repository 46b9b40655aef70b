using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>GET /authorize: what comes back to the client, and what never leaves this server.</summary>
[Behaviour(1, 2)]
public sealed class AuthorizeTest : ServerFixture
{
    private Browser signedIn = null!;
    private Person alice = null!;
    private TestClient client = null!;

    [OneTimeSetUp]
    public async Task SignInAsync()
    {
        (alice, client) = (await Server.UserAsync(), await Server.PublicClientAsync());
        signedIn = Server.NewBrowser();
        await signedIn.SignInAsync(alice);
    }

    [Test, Rfc(6749, "4.1.2"), Rfc(9207, "2"), Case("AZ-001", "CODE-019", "META-010")]
    public async Task Code_state_and_iss_come_back_once_each()
    {
        var landed = await signedIn.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);

        landed.Reply.Status.Should().Be(303);
        landed.Url.Should().StartWith(Cast.Redirect + "?").And.NotContain("#").And.NotContain("access_token");
        foreach (var name in new[] { "code=", "state=", "iss=" }) Count(landed.Url, name).Should().Be(1);
        landed.Parameters["state"].Should().Be("xyz");
        landed.Parameters["iss"].Should().Be(Server.Issuer);
        landed.Reply.Header("Referrer-Policy").Should().Be("no-referrer");
        landed.Reply.Header("Cache-Control").Should().Contain("no-store");
        landed.Reply.Body.Should().NotContain(landed.Parameters["code"]);
    }

    [Test, Rfc(6749, "4.1.2.1"), Case("AZ-002")]
    public async Task An_unknown_client_is_a_page_and_goes_nowhere()
    {
        var reply = await signedIn.GetAsync("/authorize?"
            + client.AuthorizeQuery(TestClient.NewVerifier(), ("client_id", "no-such\"><script>")));

        ShouldBeAPage(reply);
        reply.Body.Should().NotContain("<script>");
    }

    [TestCase("token")]
    [TestCase("none")]
    [TestCase("code code")]
    [TestCase("code token")]
    [Test, Rfc(6749, "3.1.1"), Case("AZ-005", "AZ-009", "AZ-011")]
    public async Task Only_the_code_response_type_exists(string type)
    {
        var landed = await GoAsync(("response_type", type));

        ShouldBeToldTo(landed, "unsupported_response_type");
    }

    [TestCase("state"), TestCase("code_challenge"), TestCase("response_type"), TestCase("nonce"), TestCase("scope")]
    [Test, Rfc(6749, "3.1"), Case("AZ-015", "AZ-016", "AZ-017", "AZ-018")]
    public async Task A_repeated_parameter_is_refused_wherever_it_stands(string name)
    {
        var query = client.AuthorizeQuery(TestClient.NewVerifier());
        if (!query.Contains($"{name}=", StringComparison.Ordinal)) query += $"&{name}=once";

        foreach (var repeated in new[] { $"{query}&{name}=evil", $"{name}=evil&{query}", $"{query}&{name}=" })
            ShouldBeToldTo(await signedIn.FollowAsync("/authorize?" + repeated), "invalid_request");
    }

    [TestCase("client_id"), TestCase("redirect_uri")]
    [Test, Rfc(6749, "3.1"), Case("AZ-012", "AZ-013")]
    public async Task A_repeated_client_or_redirect_URI_goes_nowhere(string name)
    {
        var query = client.AuthorizeQuery(TestClient.NewVerifier());

        foreach (var repeated in new[] { $"{query}&{name}=https://evil.example/cb", $"{name}=https://evil.example/cb&{query}" })
            ShouldBeAPage(await signedIn.GetAsync("/authorize?" + repeated));
    }

    [Test, Rfc(6749, "3.1"), Case("AZ-021", "AZ-022")]
    public async Task An_empty_parameter_is_absent_and_an_unknown_one_ignored()
    {
        ShouldBeToldTo(await GoAsync(("code_challenge_method", ""), ("nonce", "")), "invalid_request");

        (await signedIn.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("foo", "bar")), alice)).Parameters["code"].Should()
            .NotBeNull();
    }

    [Test, Rfc(6749, "3.1"), Case("AZ-024")]
    public async Task A_page_is_for_browsers_that_navigate()
    {
        var preflight = await Server.SendAsync(HttpMethod.Options, "/authorize", null, ("Origin", "https://evil.example"),
            ("Access-Control-Request-Method", "GET"));
        preflight.Header("Access-Control-Allow-Origin").Should().BeNull();
        (await Server.GetAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier()), ("Origin", "https://evil.example")))
            .Header("Access-Control-Allow-Origin").Should().BeNull();
    }

    [Test, Rfc(6749, "3.3"), Case("AZ-026")]
    public async Task A_scope_outside_the_grammar_is_refused()
    {
        foreach (var scope in new[] { "notes:read \"quote\"", "back\\slash", "tab\there", "caf\u00e9" })
            ShouldBeToldTo(await GoAsync(("scope", scope)), "invalid_scope");
        ShouldBeToldTo(await GoAsync(("scope", "notes:read\0")), "invalid_request");
    }

    [Test, Rfc(6749, "3.3"), Case("AZ-029")]
    public async Task A_scope_nobody_knows_is_told_with_state_and_iss_and_no_code() =>
        ShouldBeToldTo(await GoAsync(("scope", "nope:nope")), "invalid_scope");

    [Test, Rfc(9101, "5"), Case("AZ-032")]
    public async Task A_request_object_is_neither_read_nor_fetched()
    {
        using var bait = new TcpListener(IPAddress.Loopback, 0);
        bait.Start();

        ShouldBeToldTo(await GoAsync(("request", "eyJhbGciOiJub25lIn0.e30.")), "invalid_request");
        ShouldBeToldTo(await GoAsync(("request_uri", $"http://127.0.0.1:{((IPEndPoint)bait.LocalEndpoint).Port}/request.jwt")),
            "invalid_request");

        await Task.Delay(100);
        bait.Pending().Should().BeFalse("nobody came for it");
    }

    [TestCase("fragment"), TestCase("query.jwt"), TestCase("form_post.jwt")]
    [Test, Rfc(9700, "2.1"), Case("REDIR-048")]
    public async Task Only_the_query_and_a_posted_form_carry_an_answer(string mode) =>
        ShouldBeToldTo(await GoAsync(("response_mode", mode)), "invalid_request");

    [Test, Rfc(6749, "4.1.2.1"), Behaviour(12), Case("AZ-036")]
    public async Task A_disabled_client_is_a_page()
    {
        var disabled = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { disabled.Id });

        var reply = await signedIn.GetAsync("/authorize?" + disabled.AuthorizeQuery(TestClient.NewVerifier()));

        ShouldBeAPage(reply);
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Error.Should().Be("unauthorized_client");
    }

    [Test, Rfc(6749, "2.1"), Behaviour(12)]
    public async Task A_machine_cannot_ask_a_person()
    {
        var machine = await Server.MachineAsync();

        ShouldBeAPage(await signedIn.GetAsync("/authorize?"
            + machine.AuthorizeQuery(TestClient.NewVerifier(), ("redirect_uri", Cast.Redirect))));
    }

    [Test, Rfc(9700, "4.11.2"), Case("AZ-038")]
    public async Task A_client_that_registered_itself_cannot_bounce_people_with_an_error()
    {
        var stranger = await Server.PublicClientAsync("https://phish.example/", origin: "self-registered", resource: null);
        var browser = Server.NewBrowser();

        var first = await browser.FollowAsync("/authorize?" + stranger.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "bogus")));
        first.Is(Paths.Login).Should().BeTrue("people sign in first");

        var then = await browser.SignInAsync(first, alice);
        then.Url.Should().NotStartWith("https://phish.example");
        then.Reply.Status.Should().Be(400);
        then.Reply.Body.Should().Contain("href=\"https://phish.example/").And.Contain("phish.example").And.NotContain("http-equiv");
    }

    [Test, Rfc(9110, "15.5.15"), Case("AZ-040")]
    public async Task A_very_long_request_line_is_refused_with_a_status()
    {
        var reply =
            await Server.SendRawAsync($"GET /authorize?{client.AuthorizeQuery(TestClient.NewVerifier())}&pad={new string('A', 20000)} "
                + $"HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\n\r\n");

        reply.Status.Should().BeOneOf(400, 413, 414, 431);
        (await GoAsync(("state", "next"))).Reply.Status.Should().BeOneOf([200, 303], "the next one is answered");
    }

    [TestCase("code_challenge", "invalid_request"), TestCase("code_challenge_method", "invalid_request"),
        TestCase("scope", "invalid_scope"), TestCase("response_type", "unsupported_response_type")]
    [Test, Rfc(9700, "4.11.2"), Behaviour(1), Case("AZ-038", "PKCE-001")]
    public async Task Whoever_registered_itself_is_answered_by_a_link_a_person_clicks(string parameter, string error)
    {
        var stranger = await Server.PublicClientAsync("https://stranger.example/cb", origin: "self-registered", resource: null);
        var query = "/authorize?"
            + stranger.AuthorizeQuery(TestClient.NewVerifier(), (parameter, parameter is "scope" or "response_type" ? "bogus" : null));
        var browser = Server.NewBrowser();

        var silent = await browser.FollowAsync(query + "&prompt=none");
        var login = await browser.FollowAsync(query);
        var page = await browser.SignInAsync(login, alice);

        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        foreach (var landed in new[] { silent, page })
        {
            landed.Reply.Should().BeAnErrorPage(error);
            var link = landed.Reply.Page.QuerySelectorAll("a.way[rel=noreferrer]")
                .Single(way => way.TextContent == "Go back to stranger.example").GetAttribute("href")!;
            link.Should().StartWith("https://stranger.example/cb?");
            var told = Parameters.OfQuery(link[link.IndexOf('?')..]);
            (told["error"], told["state"], told["iss"], told["code"]).Should().Be((error, "xyz", Server.Issuer, null));
        }
    }

    [Test, Rfc(6749, "3.3"), Behaviour(19, 34)]
    public async Task A_scope_left_out_is_the_clients_default()
    {
        var modest = await Server.AddClientAsync("pub", "user-facing", "none", [Cast.Redirect], "notes:read notes:write", "operator",
            Cast.Notes, null, defaultScopes: "notes:write");

        var tokens = await modest.RedeemAsync(await modest.CodeAsync(alice, signedIn, ("scope", null), ("resource", null)));

        tokens.Should().HaveIssuedTokens("notes:write");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(6749, "3.3"), Behaviour(33, 34)]
    public async Task Open_scopes_are_for_anybody_and_others_for_whom_they_are_listed()
    {
        var narrow = await Server.PublicClientAsync(scopes: "notes:read");

        (await narrow.TokensAsync(alice, signedIn, ("scope", "notes:write"))).Should().HaveIssuedTokens("notes:write");
        ShouldBeToldTo(await signedIn.FollowAsync("/authorize?"
            + narrow.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "read_sensors"), ("resource", Cast.Sensors))), "invalid_scope");
        (await narrow.TokensAsync(alice, signedIn, ("scope", "notes:read offline_access"))).Should()
            .HaveIssuedTokens("notes:read offline_access");
    }

    [TestCase(null, "code_challenge is required"), TestCase("", "code_challenge is required")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", null)]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", null)]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", null)]
    [Test, Rfc(7636, "4.4.1"), Case("PKCE-001", "PKCE-008", "PKCE-011")]
    public async Task A_challenge_is_43_base64url_characters_for_every_client(string? challenge, string? words)
    {
        var confidential = await Server.ConfidentialClientAsync();
        foreach (var asks in new[] { client, confidential })
        {
            var landed = await signedIn.FollowAsync("/authorize?"
                + asks.AuthorizeQuery(TestClient.NewVerifier(), ("code_challenge", challenge)));
            ShouldBeToldTo(landed, "invalid_request");
            if (words is not null) landed.Parameters["error_description"].Should().Be(words);
        }
    }

    [TestCase(null), TestCase("plain"), TestCase("S512"), TestCase("s256"), TestCase("S256 ")]
    [Test, Rfc(7636, "4.3"), Case("PKCE-004", "PKCE-005", "PKCE-006", "PKCE-007")]
    public async Task The_challenge_method_is_S256_and_nothing_else(string? method)
    {
        var landed = await GoAsync(("code_challenge_method", method));

        ShouldBeToldTo(landed, "invalid_request");
        landed.Parameters["error_description"].Should().Be("code_challenge_method must be S256");
    }

    [Test, Rfc(8707, "2.2"), Behaviour(19), Case("RES-002", "RES-004")]
    public async Task No_resource_means_the_default_and_a_token_request_cannot_add_one()
    {
        var code = await client.CodeAsync(alice, signedIn, ("resource", null));

        (await client.RedeemAsync(code, ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
        var tokens = await client.RedeemAsync(code);
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
        (await client.RefreshAsync(tokens.RefreshToken!, ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
    }

    [Test, Rfc(8707, "2"), Behaviour(19), Case("RES-003")]
    public async Task A_resource_is_a_registered_one_in_any_tolerated_spelling()
    {
        foreach (var resource in new[] { "https://other.example/", "not-a-uri", Cast.Notes + "#fragment", "https://closed.example.test/" })
            ShouldBeToldTo(await GoAsync(("resource", resource)), "invalid_target");

        var code = await client.CodeAsync(alice, signedIn, ("resource", "HTTP://LOCALHOST:9000/mcp/"));
        Jwt.Read((await client.RedeemAsync(code)).AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(8707, "2"), Behaviour(19)]
    public async Task Several_resources_are_granted_and_a_token_is_for_one()
    {
        var (both, verifier) = (await Server.PublicClientAsync(scopes: "notes:read read_sensors"), TestClient.NewVerifier());
        var query = both.AuthorizeQuery(verifier, ("scope", "notes:read read_sensors")) + "&resource=" + Uri.EscapeDataString(Cast.Sensors);
        var landed = await signedIn.AllowAsync(query, alice);
        var tokens = await both.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, Cast.Redirect), ("resource", Cast.Sensors));

        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Sensors);
        var next = await both.RefreshAsync(tokens.RefreshToken!, ("resource", Cast.Notes));
        Jwt.Read(next.AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(6749, "4.1.2.1"), Behaviour(25)]
    public async Task A_refusal_is_audited_and_found_by_its_request_id()
    {
        var reply = await signedIn.GetAsync("/authorize?"
            + client.AuthorizeQuery(TestClient.NewVerifier(), ("code_challenge_method", "plain")));

        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (line.Event, line.Outcome, line.ClientId, line.Rule, line.Expected, line.Got).Should()
            .Be(("authorize", "refused", client.Id, "RFC 7636 §4.3", "S256", "plain"));
    }

    private Task<Landing> GoAsync(params (string Name, string? Value)[] changes) =>
        signedIn.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), changes));

    private void ShouldBeToldTo(Landing landed, string error)
    {
        landed.Url.Should().StartWith(Cast.Redirect + "?", landed.ToString());
        landed.Reply.Status.Should().Be(303);
        landed.Parameters["error"].Should().Be(error);
        landed.Parameters["iss"].Should().Be(Server.Issuer);
        landed.Parameters["code"].Should().BeNull();
        Count(landed.Url, "iss=").Should().Be(1);
    }

    internal static void ShouldBeAPage(Reply reply)
    {
        reply.Status.Should().Be(400, reply.ToString());
        reply.Location.Should().BeNull();
        reply.ContentHeaders.ContentType!.MediaType.Should().Be("text/html");
        reply.Body.Should().NotContain("http-equiv").And.Contain(reply.RequestId);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
