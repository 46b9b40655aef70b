using AngleSharp.Html.Dom;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>OAuth 2.0 Form Post Response Mode: the browser posts what the client is told.</summary>
[Behaviour(2)]
public sealed class FormPostTest : ServerFixture
{
    private const string Policy = PageAssertions.WithScript;

    private TestClient client = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task MakeAsync() =>
        (client, alice) = (await Server.ConfidentialClientAsync("client_secret_post"), await Server.UserAsync());

    private string Query(string verifier, params (string Name, string? Value)[] more) =>
        client.AuthorizeQuery(verifier, [("response_mode", "form_post"), .. more]);

    // The one form of the page: where it goes, and what it posts.
    private static Dictionary<string, string> Posted(Reply page, string redirect, int status = 200)
    {
        page.Status.Should().Be(status, page.ToString());
        var form = page.Page.Forms.Should().ContainSingle().Subject;
        (form.Method, form.GetAttribute("action")).Should().Be(("post", redirect));
        form.QuerySelectorAll("button").Should().ContainSingle();
        var inputs = form.QuerySelectorAll("input").Cast<IHtmlInputElement>().ToList();
        inputs.Should().OnlyContain(input => input.Type == "hidden");
        return inputs.ToDictionary(input => input.Name!, input => input.Value);
    }

    private async Task<Reply> AllowAsync(Browser browser, string query)
    {
        var landed = await browser.ReachConsentAsync(query, alice);
        return landed.Is(Paths.Consent) ? await browser.SubmitAsync(landed, "decision", "allow") : landed.Reply;
    }

    [Test, Case("OIDC-123")]
    public async Task The_page_posts_what_came_to_the_redirect_URI_and_nothing_runs_from_it()
    {
        const string State = "\"><script>alert(1)</script> +%C3%A9é";
        var verifier = TestClient.NewVerifier();

        var page = await AllowAsync(Server.NewBrowser(), Query(verifier, ("state", State)));

        var posted = Posted(page, client.Redirect);
        posted.Keys.Should().Equal("code", "state", "iss");
        (posted["state"], posted["iss"]).Should().Be((State, Server.Issuer));
        page.Header("Content-Security-Policy").Should().Be(Policy).And.NotContain("unsafe").And.NotContain("form-action");
        page.Header("Cache-Control").Should().Contain("no-store");
        page.Header("X-Frame-Options").Should().Be("DENY");
        page.Location.Should().BeNull();
        var script = page.Page.Scripts.Should().ContainSingle().Subject;
        script.Text.Should().BeEmpty("no script is inline");
        script.GetAttribute("src").Should().StartWith("/post.js?v=");
        page.Page.QuerySelector("button#post")!.TextContent.Should().Be($"Continue to The {client.Id} app");
        (await client.RedeemAsync(new Code(posted["code"], verifier, client.Redirect))).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task The_script_is_one_line_of_ours_and_no_other_page_loads_it()
    {
        var page = await AllowAsync(Server.NewBrowser(), Query(TestClient.NewVerifier()));

        var script = await Server.GetAsync(page.Page.Scripts.Single().GetAttribute("src")!);
        script.Status.Should().Be(200);
        script.ContentHeaders.ContentType!.ToString().Should().Be("text/javascript; charset=utf-8");
        script.Header("X-Content-Type-Options").Should().Be("nosniff");
        script.Body.Should().Contain("getElementById(\"post\").click()");
        (await Server.NewBrowser().GetAsync(Paths.Login)).Should().BeAPage(200);
    }

    [Test]
    public async Task Errors_go_the_same_way()
    {
        var browser = Server.NewBrowser();

        foreach (var (error, more) in new (string, (string, string?)[])[]
        {
            ("login_required", [("prompt", "none")]), ("invalid_request", [("code_challenge", null)]),
            ("invalid_scope", [("scope", "no-such-scope")]), ("unsupported_response_type", [("response_type", "token")]),
        })
        {
            var posted = Posted(await browser.GetAsync("/authorize?" + Query(TestClient.NewVerifier(), more)), client.Redirect);
            posted.Keys.Should().Equal("error", "error_description", "state", "iss");
            (posted["error"], posted["state"], posted["iss"]).Should().Be((error, "xyz", Server.Issuer));
        }

        var asked = await browser.ReachConsentAsync(Query(TestClient.NewVerifier()), alice);
        Posted(await browser.SubmitAsync(asked, "decision", "deny"), client.Redirect)["error"].Should().Be("access_denied");
    }

    [Test]
    public async Task What_is_remembered_is_answered_by_a_form_too_and_a_double_click_gets_it_again()
    {
        var browser = Server.NewBrowser();
        var verifier = TestClient.NewVerifier();
        var asked = await browser.ReachConsentAsync(Query(verifier, ("prompt", "consent")), alice);

        var first = Posted(await browser.SubmitAsync(asked, "decision", "allow"), client.Redirect);
        var again = await browser.SubmitAsync(asked, "decision", "allow");

        Posted(again, client.Redirect).Should().Equal(first);
        again.Page.QuerySelector("button#post")!.TextContent.Should().Be($"Continue to The {client.Id} app");
        Posted(await browser.GetAsync("/authorize?" + Query(TestClient.NewVerifier())), client.Redirect).Should().ContainKey("code");
    }

    [TestCase("https://client.example/cb?tenant=1&x"), TestCase("http://localhost/cb")]
    [TestCase("http://127.0.0.1/cb"), TestCase("http://[::1]/cb")]
    public async Task A_form_is_posted_over_TLS_or_to_this_computer(string redirect)
    {
        var app = await Server.PublicClientAsync(redirect);

        var page = await AllowAsync(Server.NewBrowser(), app.AuthorizeQuery(TestClient.NewVerifier(), ("response_mode", "form_post")));

        Posted(page, redirect).Should().ContainKey("code");
    }

    [Test]
    public async Task Nothing_is_posted_to_a_private_use_scheme()
    {
        var app = await Server.PublicClientAsync("com.example.app:/cb");

        var landed = await Server.NewBrowser().GetAsync(
            "/authorize?" + app.AuthorizeQuery(TestClient.NewVerifier(), ("response_mode", "form_post")));

        landed.Location.Should().StartWith("com.example.app:/cb?error=invalid_request&");
    }

    [Test]
    public async Task A_repeated_response_mode_is_answered_by_the_query()
    {
        var landed = await Server.NewBrowser().GetAsync($"/authorize?{Query(TestClient.NewVerifier())}&response_mode=query");

        landed.Location.Should().StartWith(client.Redirect + "?error=invalid_request&");
    }

    [Test, Rfc(9700, "4.11.2")]
    public async Task A_client_nobody_vouches_for_gets_an_error_by_a_button_a_person_presses_and_no_script()
    {
        var stranger = await Server.PublicClientAsync("https://stranger.example/cb", origin: "self-registered", resource: null);
        var browser = Server.NewBrowser();

        var landed = await browser.ReachConsentAsync(
            stranger.AuthorizeQuery(TestClient.NewVerifier(), ("response_mode", "form_post"), ("scope", "bogus")), alice);

        landed.Reply.Should().BeAnErrorPage("invalid_scope");
        var posted = Posted(landed.Reply, "https://stranger.example/cb", 400);
        (posted["error"], posted["state"]).Should().Be(("invalid_scope", "xyz"));
        landed.Reply.Page.QuerySelector("form button")!.TextContent.Should().Be("Go back to stranger.example");
    }
}
