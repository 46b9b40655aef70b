using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>"Cancel" at the sign-in of a request: the app learns it, and nobody is signed out.</summary>
[Behaviour(2)]
public sealed class SignInCancelledTest : ServerFixture
{
    private TestClient client = null!;

    [OneTimeSetUp]
    public async Task MakeAsync() => client = await Server.ConfidentialClientAsync("client_secret_basic");

    private string Query(params (string Name, string? Value)[] more) =>
        "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), [("scope", "openid notes:read"), .. more]);

    private static Task<Reply> CancelAsync(Browser browser, Landing login) => browser.SubmitAsync(login, "decision", "cancel");

    [Test, Rfc(6749, "4.1.2.1")]
    public async Task The_app_is_told_access_denied_once_and_the_request_is_over()
    {
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Query());
        login.Reply.Page.QuerySelector("button[name=decision]")!.TextContent.Should().Be("Cancel");

        var reply = await CancelAsync(browser, login);

        reply.Status.Should().Be(303);
        reply.Location.Should().StartWith(client.Redirect + "?error=access_denied&").And.Contain("&state=xyz&iss=");
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (row.Error, row.Reason, row.ClientId, row.Subject)
            .Should().Be(("access_denied", "the person pressed Cancel at the sign-in", client.Id, null));
        (await CancelAsync(browser, login)).Location.Should().Be(reply.Location, "a double click gets the same answer");
        (await browser.GetAsync(login.Url)).Should().BeAnErrorPage("invalid_request");
        (await browser.SignInAsync(login, await Server.UserAsync())).Reply.Should().BeAnErrorPage("invalid_request");
    }

    [Test]
    public async Task Whoever_was_signed_in_stays_so()
    {
        var (browser, alice) = (Server.NewBrowser(), await Server.UserAsync());
        await browser.SignInAsync(alice);
        var login = await browser.FollowAsync(Query(("prompt", "login")));

        var reply = await CancelAsync(browser, login);

        reply.Location.Should().StartWith(client.Redirect + "?error=access_denied&");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Subject.Should().Be(alice.Subject.ToString());
        (await browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test]
    public async Task A_form_is_posted_where_the_app_has_it_so()
    {
        var browser = Server.NewBrowser();

        var reply = await CancelAsync(browser, await browser.FollowAsync(Query(("response_mode", "form_post"))));

        reply.Status.Should().Be(200);
        reply.Page.QuerySelector("form input[name=error]")!.GetAttribute("value").Should().Be("access_denied");
    }

    [Test, Rfc(9700, "4.7")]
    public async Task Nobody_else_cancels_it()
    {
        var (browser, other) = (Server.NewBrowser(), Server.NewBrowser());
        var (login, theirs) = (await browser.FollowAsync(Query()), await other.FollowAsync(Query()));
        var request = login.Parameters["request"];

        (await other.SubmitAsync(theirs, "decision", "cancel", ("request", request))).Status.Should().Be(400, "another browser's");
        (await browser.SubmitAsync(login, "decision", "cancel", ("antiforgery", null))).Status.Should().Be(400, "no form of ours");
        (await browser.GetAsync(login.Url)).Should().BeAPage(200);
    }

    [Test]
    public async Task There_is_nothing_to_cancel_without_a_request()
    {
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Paths.Login);

        login.Reply.Page.QuerySelectorAll("button[name=decision]").Should().BeEmpty();
        (await browser.SubmitAsync(login, changes: [("decision", "cancel")])).Status.Should().Be(400);
    }
}
