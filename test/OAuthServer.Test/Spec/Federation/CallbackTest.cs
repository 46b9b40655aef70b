using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Who comes back, from where, and what the provider says in place of a code.</summary>
[Behaviour(76, 83)]
public sealed class CallbackTest : FederationFixture
{
    [Test, Rfc(9700, "4.7"), Case("UP-106")]
    public async Task Another_browser_comes_back_with_nothing_and_spends_nothing()
    {
        var (company, id) = await CompanyAsync();
        var (mallory, hers, alices) = (await Server.UserAsync("mallory"), Server.NewBrowser(), Server.NewBrowser());
        await LinkAsync(company, mallory);
        var back = company.SignIn(await StartAsync(hers, id));
        await alices.FollowAsync(Paths.Login);

        var reply = await alices.GetAsync(back);

        reply.Should().BeAnErrorPage("invalid_request", 400, "This sign-in was not started in this browser");
        alices.Cookies.Should().NotContainKey(SessionCookie);
        company.Requests.Should().NotContain("/token");
        (await hers.GetAsync(back)).Status.Should().Be(303, "mallory's own was not spent");
    }

    [Test, Case("UP-107")]
    public async Task A_planted_session_ends_and_is_nobodys_afterwards()
    {
        var (company, id) = await CompanyAsync();
        var (mallory, alice, client) = (await Server.UserAsync("mallory"), await Server.UserAsync(), await Server.PublicClientAsync());
        await LinkAsync(company, alice);
        var hers = Server.NewBrowser();
        var consent = await hers.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), mallory);
        var browser = Server.NewBrowser();
        browser.Cookies[SessionCookie] = hers.Cookies[SessionCookie];
        var login = await browser.FollowAsync(Paths.Login + "?switch=1");

        var reply = await ComeAsync(browser, company, id, login);

        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/connected-apps"), "nothing of mallory's is continued");
        browser.Cookies[SessionCookie].Should().NotBe(hers.Cookies[SessionCookie]);
        (await WhoAsync(browser)).Should().Be(alice.Subject);
        (await hers.IsSignedInAsync()).Should().BeFalse("the planted session has ended on the server");
        (await browser.GetAsync(consent.Url)).Status.Should().Be(400, "a request of another browser");
    }

    [Test, Rfc(9207, "2.4"), Case("UP-111", "UP-112")]
    public async Task An_answer_of_another_issuer_or_of_none_that_was_announced_goes_nowhere()
    {
        var (company, id) = await CompanyAsync();
        var (other, _) = await CompanyAsync();
        foreach (var iss in new[] { other.Issuer, company.Issuer + "/", null })
        {
            var browser = Server.NewBrowser();
            var reply = await browser.GetAsync(company.SignIn(await StartAsync(browser, id), ("iss", iss)));

            await RefusedAsync(browser, reply, 400, "gave an answer we cannot accept", "iss is");
        }

        company.Requests.Concat(other.Requests).Should().NotContain("/token", "the code went nowhere");
    }

    [Test, Rfc(9207, "2.4")]
    public async Task A_provider_that_does_not_name_itself_need_not_and_whatever_it_names_must_be_right()
    {
        var (company, id) = await CompanyAsync();
        company.NamesItself = false;
        await LinkAsync(company, await Server.UserAsync());
        var (one, other) = (Server.NewBrowser(), Server.NewBrowser());

        (await ComeAsync(one, company, id)).Status.Should().Be(303);
        (await other.GetAsync(company.SignIn(await StartAsync(other, id), ("iss", "https://evil.example")))).Status.Should().Be(400);
    }

    [Test, Rfc(9700, "4.4.2")]
    public async Task An_answer_for_one_provider_is_nothing_at_anothers_address()
    {
        var (company, id) = await CompanyAsync();
        var (_, otherId) = await CompanyAsync();
        var browser = Server.NewBrowser();
        var back = company.SignIn(await StartAsync(browser, id));

        (await browser.GetAsync(back.Replace($"/{id}/", $"/{otherId}/"))).Should().BeAnErrorPage("invalid_request");
        (await browser.GetAsync(back + "&state=again")).Should().BeAnErrorPage("invalid_request", 400, "repeated");
        company.Requests.Should().NotContain("/token");
    }

    [Test, Case("UP-124"), Behaviour(84)]
    public async Task A_provider_disabled_meanwhile_lets_nobody_in()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        var browser = Server.NewBrowser();
        var back = company.SignIn(await StartAsync(browser, id));

        await Server.ExecuteAsync("update identity_providers set enabled = false where id = @id", new { id });
        var reply = await browser.GetAsync(back);

        reply.Should().BeAnErrorPage("access_denied", 403, "This way to sign in is not offered any more");
        browser.Cookies.Should().NotContainKey(SessionCookie);
        company.Requests.Should().NotContain("/token");
    }

    [Test, Case("UP-124"), Behaviour(84)]
    public async Task A_provider_disabled_while_its_token_endpoint_is_asked_begins_no_session()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.Instead = async (_, path) =>
        {
            if (path == "/token") await Server.ExecuteAsync("update identity_providers set enabled = false where id = @id", new { id });
            return false;
        };
        var browser = Server.NewBrowser();

        await RefusedAsync(browser, await ComeAsync(browser, company, id), 403, "No account here belongs to that sign-in.", "disabled");

        (await Server.ScalarAsync<long>("select count(*) from sessions where idp = @id", new { id })).Should().Be(0);
    }

    [TestCase("access_denied", 400, "You cancelled at Acme")]
    [TestCase("login_required", 400, "needs you to do something first. Sign in there, then try again.")]
    [TestCase("interaction_required", 400, "needs you to do something first.")]
    [TestCase("consent_required", 400, "needs you to do something first.")]
    [TestCase("server_error", 502, "cannot be reached. Nothing was changed.")]
    [TestCase("invalid_client", 502, "is set up wrongly; its administrator has been told.")]
    [TestCase("made_up", 400, "gave an answer we cannot accept. Nothing was changed.")]
    public async Task What_the_provider_says_instead_is_said_plainly(string error, int status, string words)
    {
        var (company, id) = await CompanyAsync();
        var (client, browser) = (await Server.ConfidentialClientAsync(), Server.NewBrowser());
        var login = await browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier()));

        var reply = await browser.GetAsync(company.Refuse(await StartAsync(browser, id, login), error, "AADSTS50105: not assigned <b>"));

        await RefusedAsync(browser, reply, status, words);
        reply.Body.Should().NotContain("AADSTS");
        (await Server.AuditAsync(reply)).Single().Got.Should().Contain("AADSTS50105");
        reply.Page.QuerySelectorAll("button").Select(button => button.TextContent.Trim()).Should()
            .Contain("Try again").And.Contain("Sign in").And.Contain("Cancel", "the app hears nothing until then");
        reply.Page.QuerySelector("input[name=request]")!.GetAttribute("value").Should().Be(login.Parameters["request"]);
        company.SignIn((await browser.SubmitToAsync($"{Paths.Federation}/{id}", new Landing(login.Url, reply))).Location!)
            .Should().Contain("code=", "trying again goes there again");
    }

    [TestCase("silence"), TestCase("redirect"), TestCase("too much"), TestCase("fault"), TestCase("refused connection")]
    [Test, Case("UP-136")]
    public async Task A_token_endpoint_that_does_not_answer_is_said_within_12_seconds_and_nobody_else_waits(string how)
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        company.Document = document =>
        {
            if (how == "refused connection") document["token_endpoint"] = $"http://localhost:{TestServer.FreePort()}/token";
        };
        company.Instead = async (http, path) =>
        {
            if (path != "/token") return false;
            if (how == "silence") await Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted);
            else if (how == "redirect") http.Response.Redirect("http://127.0.0.1:22/");
            else if (how == "fault") http.Response.StatusCode = 500;
            else await http.Response.WriteAsync(new string(' ', 1024 * 1024));
            return true;
        };
        var back = company.SignIn(await StartAsync(browser, id));
        var watch = Stopwatch.StartNew();

        var coming = browser.GetAsync(back);
        (await Server.NewBrowser().SignInAsync(alice)).Is(Paths.ConnectedApps).Should().BeTrue("local sign-in works meanwhile");
        var reply = await coming;

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(12));
        await RefusedAsync(browser, reply, 502, "cannot be reached. Nothing was changed.", "token endpoint");
    }

    [Test]
    public async Task Wrong_credentials_of_ours_are_the_operators_business()
    {
        var (company, id) = await CompanyAsync("client_id = 'our-server', auth_method = 'client_secret_post'");
        var browser = Server.NewBrowser();

        var reply = await ComeAsync(browser, company, id);

        await RefusedAsync(browser, reply, 502, "The connection to Acme", "refused this server's credentials invalid_client");
    }

    [TestCase("""{"access_token": "x"}""", "sent no id_token"), TestCase("[]", "no JSON object"), TestCase("{", "no JSON object"),
        TestCase("""{"id_token": "a.b"}""", "id_token, form"), TestCase("""{"id_token": 7}""", "sent no id_token")]
    public async Task A_token_endpoint_that_talks_nonsense_is_not_listened_to(string body, string reason)
    {
        var (company, id) = await CompanyAsync();
        company.Instead = async (http, path) =>
        {
            if (path != "/token") return false;
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
            return true;
        };
        var browser = Server.NewBrowser();

        await RefusedAsync(browser, await ComeAsync(browser, company, id), 400, "gave an answer we cannot accept", reason);
    }

    [Test, Case("UP-118")]
    public async Task Userinfo_of_another_person_is_worth_nothing()
    {
        var (company, id) = await CompanyAsync("provisioning = 'create', allowed_claims = jsonb_build_object('iss', jsonb_build_array(issuer))");
        company.Person = [];
        company.UserInfo = new JsonObject { ["sub"] = "somebody else", ["email"] = "boss@up.example", ["email_verified"] = true };
        var browser = Server.NewBrowser();

        await RefusedAsync(browser, await ComeAsync(browser, company, id), 400, "gave an answer we cannot accept",
            "userinfo is of another person");

        (await Server.ScalarAsync<long>("select count(*) from users where email = 'boss@up.example'")).Should().Be(0);
    }

    [Test]
    public async Task Unknown_providers_and_forged_forms_go_nowhere()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Paths.Login);

        (await browser.SubmitAsync(login with { Reply = login.Reply }, changes: [("antiforgery", null)])).Status.Should().Be(400);
        (await browser.PostAsync($"{Paths.Federation}/{id}", [])).Should().BeAnErrorPage("invalid_request");
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitToAsync($"{Paths.Federation}/{id}", login)).Should().BeAnErrorPage("invalid_request", 403);
        browser.Headers.Remove("Sec-Fetch-Site");
        var form = Browser.Form.To(login.Reply.Body, $"{Paths.Federation}/{id}")!;
        (await browser.PostAsync($"{Paths.Federation}/nobody", form.Fields)).Should().BeAnErrorPage("access_denied", 403);
        (await browser.GetAsync($"{Paths.Federation}/{id}")).Status.Should().BeOneOf(404, 405);
        (await browser.GetAsync($"{Paths.Federation}/{id}/callback")).Should().BeAnErrorPage("invalid_request");
        company.Requests.Should().NotContain("/authorize");
    }
}
