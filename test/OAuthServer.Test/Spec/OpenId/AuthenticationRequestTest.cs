using System.Net;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>The authentication request (OpenID Connect Core §3.1.2.1), beside what every authorization request is held to.</summary>
[Behaviour(2)]
public sealed class AuthenticationRequestTest : ServerFixture
{
    private const string OpenId = "openid notes:read";

    private TestClient client = null!;
    private Person alice = null!;
    private Browser signedIn = null!;

    [OneTimeSetUp]
    public async Task SignInAsync()
    {
        (client, alice, signedIn) = (await Server.ConfidentialClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        await signedIn.SignInAsync(alice);
    }

    private string Query(params (string Name, string? Value)[] more) =>
        client.AuthorizeQuery(TestClient.NewVerifier(), [("scope", OpenId), ("nonce", "n-0S6_WzA2Mj"), .. more]);

    private Task<Landing> GoAsync(params (string Name, string? Value)[] more) => signedIn.FollowAsync("/authorize?" + Query(more));

    private static void ShouldBeToldTo(Landing landed, string error)
    {
        landed.Url.Should().StartWith(Cast.Redirect + "?", landed.ToString());
        (landed.Parameters["error"], landed.Parameters["state"], landed.Parameters["code"]).Should().Be((error, "xyz", null));
    }

    private async Task<Reply> PostAsync(string form, string query = "", string? type = "application/x-www-form-urlencoded") =>
        await Server.SendAsync(HttpMethod.Post, "/authorize" + query, Requests.Form(form, type), ("Accept", "text/html"));

    [Test, Case("AZ-023")]
    public async Task Oidcc_ensure_post_request_succeeds()
    {
        var query = Query(("state", "a b+c&d=\u00e9"));

        var reply = await PostAsync(query);

        reply.Status.Should().Be(303);
        reply.Location.Should().Be($"{Server.Issuer}/authorize?{query}");
        var landed = await signedIn.AllowAsync(reply.Location![(Server.Issuer + "/authorize?").Length..], alice);
        landed.Parameters["code"].Should().NotBeNull(landed.ToString());
        landed.Url.Should().Contain("&state=" + query.Split("state=")[1].Split('&')[0]);
    }

    [Test]
    public async Task What_is_posted_can_end_no_header_and_adds_nothing_to_the_address()
    {
        var reply = await PostAsync("client_id=x&state=\r\nSet-Cookie: a=b#<\u00e9>%zz'\"\\");

        reply.Status.Should().Be(303);
        reply.Location.Should().Be($"{Server.Issuer}/authorize?client_id=x&state=%0D%0ASet-Cookie:%20a=b%23%3C%C3%A9%3E%25zz%27%22%5C");
        reply.Header("Set-Cookie").Should().BeNull();
    }

    [Test]
    public async Task Parameters_in_query_and_body_are_refused_together()
    {
        foreach (var query in new[] { "?client_id=" + client.Id, "?state=other", "?x" })
        {
            var reply = await PostAsync(Query(), query);

            reply.Should().BeAnErrorPage("invalid_request");
            (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Reason.Should().Be("parameters in query and body");
        }
    }

    [Test]
    public async Task A_form_is_as_long_as_a_request_line_at_most_and_of_no_other_type()
    {
        var most = 8 * 1024 - "GET /authorize? HTTP/1.1\r\n".Length;
        var fits = await PostAsync("state=" + new string('s', most - 6));
        fits.Status.Should().Be(303);
        (await signedIn.GetAsync(fits.Location!)).Status.Should().Be(400, "there is no client, and the address is not too long");

        (await PostAsync("state=" + new string('s', most - 5))).Should().BeAnErrorPage("invalid_request", 413);
        (await PostAsync("state=" + new string('#', most / 2))).Should().BeAnErrorPage("invalid_request", 413);
        (await PostAsync(Query(), type: "application/json")).Should().BeAnErrorPage("invalid_request", 415);
        (await PostAsync(Query(), type: null)).Should().BeAnErrorPage("invalid_request", 415);
        var empty = await PostAsync("");
        (empty.Status, empty.Location).Should().Be((303, $"{Server.Issuer}/authorize?"));
    }

    [Test, Case("OIDC-121")]
    public async Task Oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported()
    {
        using var bait = new TcpListener(IPAddress.Loopback, 0);
        bait.Start();
        var uri = $"http://127.0.0.1:{((IPEndPoint)bait.LocalEndpoint).Port}/r.jwt";

        ShouldBeToldTo(await GoAsync(("request", "eyJhbGciOiJub25lIn0.e30.")), "request_not_supported");
        ShouldBeToldTo(await GoAsync(("request_uri", uri)), "request_uri_not_supported");
        ShouldBeToldTo(await GoAsync(("request", "x"), ("request_uri", uri)), "request_not_supported");
        ShouldBeToldTo(await GoAsync(("request_uri", uri), ("scope", "notes:read")), "invalid_request");

        await Task.Delay(100);
        bait.Pending().Should().BeFalse("nobody came for it");
    }

    [Test, Case("OIDC-121")]
    public async Task Oidcc_ensure_request_object_with_redirect_uri()
    {
        var claims = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"redirect_uri":"https://evil.example/cb"}""")).TrimEnd('=');

        ShouldBeToldTo(await GoAsync(("request", $"eyJhbGciOiJub25lIn0.{claims}.")), "request_not_supported");
    }

    [Test]
    public async Task Oidcc_response_type_missing()
    {
        ShouldBeToldTo(await GoAsync(("response_type", null)), "invalid_request");
    }

    [Test]
    public async Task Oidcc_ensure_registered_redirect_uri()
    {
        (await signedIn.GetAsync("/authorize?" + Query(("redirect_uri", Cast.Redirect + "x")))).Should().BeAnErrorPage("invalid_request");
    }

    [Test]
    public async Task An_unknown_prompt_is_ignored() =>
        (await signedIn.AllowAsync(Query(("prompt", "create")), alice)).Parameters["code"].Should().NotBeNull();

    [Test, Case("OIDC-103")]
    public async Task A_nonce_has_512_characters_at_most_and_comes_once()
    {
        (await signedIn.AllowAsync(Query(("nonce", new string('n', 512))), alice)).Parameters["code"].Should().NotBeNull();
        ShouldBeToldTo(await GoAsync(("nonce", new string('n', 513))), "invalid_request");
        ShouldBeToldTo(await signedIn.FollowAsync($"/authorize?{Query()}&nonce=other"), "invalid_request");
        (await signedIn.AllowAsync(Query(("nonce", new string('n', 513)), ("scope", "notes:read")), alice)).Parameters["code"]
            .Should().NotBeNull("without openid it means nothing, as before");
    }

    [Test]
    public async Task Oidcc_prompt_none_not_logged_in()
    {
        var landed = await Server.NewBrowser().FollowAsync("/authorize?" + Query(("prompt", "none")));

        ShouldBeToldTo(landed, "login_required");
    }

    [Test]
    public async Task Oidcc_prompt_none_logged_in()
    {
        await signedIn.AllowAsync(Query(), alice);

        (await GoAsync(("prompt", "none"))).Parameters["code"].Should().NotBeNull();
    }

    [Test]
    public async Task Oidcc_prompt_login()
    {
        var browser = Server.NewBrowser();
        await browser.AllowAsync(Query(), alice);

        var login = await browser.FollowAsync("/authorize?" + Query(("prompt", "login")));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        (await browser.SignInAsync(login, alice)).Parameters["code"].Should().NotBeNull();
    }

    [Test, Case("OIDC-119")]
    public async Task Oidcc_max_age_1()
    {
        await using var server = await TestServer.StartAsync();
        var (person, app, browser) = (await server.UserAsync(), await server.PublicClientAsync(), server.NewBrowser());
        string Ask(string age) => app.AuthorizeQuery(TestClient.NewVerifier(), ("scope", OpenId), ("max_age", age));
        await browser.AllowAsync(Ask("10000"), person);

        server.Clock.Travel(TimeSpan.FromSeconds(5));

        (await browser.AllowAsync(Ask("10000"), person)).Parameters["code"].Should().NotBeNull("Oidcc_max_age_10000");
        var login = await browser.FollowAsync("/authorize?" + Ask("1"));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        (await browser.SignInAsync(login, person)).Parameters["code"].Should().NotBeNull();
    }

    [Test]
    public async Task A_max_age_of_0_is_a_prompt_for_a_sign_in()
    {
        await signedIn.AllowAsync(Query(), alice);

        ShouldBeToldTo(await GoAsync(("max_age", "0"), ("prompt", "none")), "login_required");
        const string MoveSql = "update sessions set authenticated_at = authenticated_at + @by where subject = @Subject";
        await Server.ExecuteAsync(MoveSql, new { alice.Subject, by = TimeSpan.FromMinutes(1) });
        ShouldBeToldTo(await GoAsync(("max_age", "0"), ("prompt", "none")), "login_required");
        await Server.ExecuteAsync(MoveSql, new { alice.Subject, by = TimeSpan.FromMinutes(-1) });
        var login = await GoAsync(("max_age", "0"));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        (await signedIn.SignInAsync(login, alice)).Parameters["code"].Should().NotBeNull("one sign-in is enough");
    }

    [Test]
    public async Task The_clients_own_max_age_holds_where_its_request_has_none()
    {
        await using var server = await TestServer.StartAsync();
        var (person, app, browser) = (await server.UserAsync(), await server.ConfidentialClientAsync(), server.NewBrowser());
        await server.ExecuteAsync("update clients set default_max_age = 60 where client_id = @Id", new { app.Id });
        await server.HearsOfAsync(app, row => row.DefaultMaxAge == 60);
        string Ask(string? age = null) => app.AuthorizeQuery(TestClient.NewVerifier(), ("scope", OpenId), ("max_age", age));
        await browser.AllowAsync(Ask(), person);

        server.Clock.Travel(TimeSpan.FromSeconds(61));

        (await browser.FollowAsync("/authorize?" + Ask("90"))).Parameters["code"].Should().NotBeNull("its request says otherwise");
        (await browser.FollowAsync("/authorize?" + Ask())).Is(Paths.Login).Should().BeTrue();
    }

    [TestCase(true), TestCase(false)]
    public async Task Oidcc_login_hint(bool exists)
    {
        var hint = exists ? alice.Username : "nobody-of-that-name";

        var login = await Server.NewBrowser().FollowAsync("/authorize?" + Query(("login_hint", hint)));

        login.Reply.Page.QuerySelector("#username")!.GetAttribute("value").Should().Be(hint, "whether there is such a person is not told");
    }
}
