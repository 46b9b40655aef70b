using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A browser drops the answer of the first click when the second is sent: the same decision gets the same answer again.</summary>
[Behaviour(4)]
public sealed class DoubleClickTest : ServerFixture
{
    private TestServer second = null!;
    private TestClient client = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task StartSecondServerAsync()
    {
        (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        second = await Server.StartSecondInstanceAsync();
    }

    [OneTimeTearDown]
    public async Task StopSecondServerAsync() => await second.DisposeAsync();

    [TestCase("allow", 0), TestCase("allow", 150), TestCase("deny", 0), TestCase("deny", 150)]
    [Rfc(6749, "4.1.2"), Case("UI-012")]
    public async Task The_same_decision_posted_twice_gets_one_answer_twice(string decision, int millisecondsBetween)
    {
        var (browser, _, page) = await OpenAsync("notes:read notes:write");

        var first = browser.SubmitAsync(page, "decision", decision);
        await Task.Delay(millisecondsBetween);
        var again = await browser.SubmitAsync(page, "decision", decision);

        (await first).Status.Should().Be(303);
        (again.Status, again.Location).Should().Be((303, (await first).Location));
        again.Location.Should().StartWith(Cast.Redirect).And.Contain(decision == "deny" ? "error=access_denied" : "code=").And
            .Contain("state=xyz");
    }

    [TestCase("allow"), TestCase("deny")]
    public async Task Two_server_processes_give_one_answer(string decision)
    {
        for (var round = 0; round < 5; round++)
        {
            var (browser, verifier, page) = await OpenAsync();
            var other = new Browser(second, second.NewHttp());
            foreach (var (name, value) in browser.Cookies) other.Cookies[name] = value;

            var replies =
                await Task.WhenAll(browser.SubmitAsync(page, "decision", decision), other.SubmitAsync(page, "decision", decision));

            replies.Should().OnlyContain(reply => reply.Status == 303);
            replies[1].Location.Should().Be(replies[0].Location);
            if (decision == "deny") continue;
            (await client.RedeemAsync(CodeOf(replies[1], verifier))).Should().HaveIssuedTokens("notes:read");
            (await Server.ScalarAsync<long>(
                "select count(*) from audit_events join grants on grants.id = grant_id "
                    + "where event = 'code' and code_challenge = @challenge",
                new { challenge = Pkce.Challenge(verifier) })).Should().Be(1);
        }
    }

    [Test]
    public async Task Another_decision_gets_no_answer()
    {
        var (browser, _, page) = await OpenAsync("notes:read notes:write");
        var allowed = await browser.SubmitAsync(page, "decision", "allow");

        foreach (var (decision, changes) in new (string, (string, string?)[])[]
                 { ("deny", []), ("allow", [("scope notes:write", null)]), ("allow", [("until", "hour")]) })
            (await browser.SubmitAsync(page, "decision", decision, changes))
                .Should().BeAnErrorPage("invalid_request", 400, "This request was already answered");

        (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().Be(allowed.Location);
    }

    [Test]
    public async Task Another_browser_or_session_gets_no_answer()
    {
        var (browser, _, page) = await OpenAsync();
        await browser.SubmitAsync(page, "decision", "allow");

        var other = Server.NewBrowser();
        await other.SignInAsync(alice);
        (await other.SubmitAsync(page, "decision", "allow")).Status.Should().Be(400);
        await browser.SignInAsync(await browser.FollowAsync("/login?switch=1"), await Server.UserAsync("mallory"));
        (await browser.SubmitAsync(page, "decision", "allow")).Status.Should().Be(400);
    }

    [Test]
    public async Task Another_person_at_the_same_browser_gets_no_answer_with_a_form_of_their_own()
    {
        var (browser, _, page) = await OpenAsync();
        await browser.SubmitAsync(page, "decision", "allow");
        await browser.SignInAsync(await browser.FollowAsync("/login?switch=1"), await Server.UserAsync("mallory"));
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "notes:read"), ("prompt", "consent"));
        var hers = await browser.FollowAsync($"{Paths.Authorize}?{query}");

        var refused = await browser.SubmitAsync(hers, "decision", "allow", ("request", page.Parameters["request"]));

        refused.Should().BeAnErrorPage("invalid_request", 400, "This request was already answered");
        (await browser.SubmitAsync(hers, "decision", "allow")).Status.Should().Be(303, "all else is as it should be");
    }

    [Test]
    public async Task A_session_taken_to_another_browser_gets_no_answer()
    {
        var (browser, _, page) = await OpenAsync();
        var allowed = await browser.SubmitAsync(page, "decision", "allow");
        var (other, own) = (Server.NewBrowser(), Cookies.Name("b", Server.Settings));
        await other.FollowAsync(Paths.Login);
        foreach (var (name, value) in browser.Cookies)
            if (name != own) other.Cookies[name] = value;

        other.Cookies[own].Should().NotBe(browser.Cookies[own]);
        (await other.SubmitAsync(page, "decision", "allow"))
            .Should().BeAnErrorPage("invalid_request", 400, "This request was already answered");
        other.Cookies[own] = browser.Cookies[own];
        (await other.SubmitAsync(page, "decision", "allow")).Location.Should().Be(allowed.Location, "the cookie is all that was missing");
    }

    [Test]
    public async Task After_half_a_minute_there_is_no_answer_any_more()
    {
        await using var server = await TestServer.StartAsync();
        var (app, browser) = (await server.PublicClientAsync(), server.NewBrowser());
        var page = await browser.ReachConsentAsync(app.AuthorizeQuery(TestClient.NewVerifier()), await server.UserAsync());
        var allowed = await browser.SubmitAsync(page, "decision", "allow");

        server.Clock.Travel(TimeSpan.FromSeconds(28));
        (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().Be(allowed.Location);
        server.Clock.Travel(TimeSpan.FromSeconds(3));
        (await browser.SubmitAsync(page, "decision", "allow")).Should().BeAnErrorPage("invalid_request");
    }

    [Test, Behaviour(36)]
    public async Task The_database_holds_no_readable_answer_and_the_audit_log_one_decision()
    {
        var (browser, verifier, page) = await OpenAsync();
        var allowed = await browser.SubmitAsync(page, "decision", "allow");
        var again = await browser.SubmitAsync(page, "decision", "allow");

        var code = CodeOf(allowed, verifier).Value;
        var kept = (await Server.QueryAsync<byte[]>("select answer_sealed from authorization_requests where answer_sealed is not null"))
            .Select(Encoding.Latin1.GetString);
        kept.Should().NotBeEmpty().And.NotContain(text => text.Contains(code) || text.Contains("client.example"));
        (await Server.AuditAsync(allowed)).Should().ContainSingle().Which.Event.Should().Be("code");
        var row = (await Server.AuditAsync(again)).Should().ContainSingle().Subject;
        (row.Event, row.Outcome, row.Detail).Should().Be(("consent", "ok", "the same decision was posted again: the same answer"));
    }

    private async Task<(Browser Browser, string Verifier, Landing Page)> OpenAsync(string scope = "notes:read")
    {
        var (browser, verifier) = (Server.NewBrowser(), TestClient.NewVerifier());
        var page = await browser.ReachConsentAsync(client.AuthorizeQuery(verifier, ("scope", scope), ("prompt", "consent")), alice);
        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        return (browser, verifier, page);
    }

    private Code CodeOf(Reply allowed, string verifier) => new(
        new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, client.Redirect);
}
