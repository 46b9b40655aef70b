using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>"Keep me signed in on this device": for people, never for administrators, and not past what an app asks for.</summary>
[Behaviour(35)]
public sealed class RememberTest
{
    private TestServer server = null!;

    private string SessionCookie => OAuthServer.Html.Cookies.Name("s", server.Settings);

    [SetUp]
    public async Task StartAsync() => server = await TestServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    [Test, Case("ACC-126")]
    public async Task Who_ticked_the_box_stays_signed_in_idle_or_not_for_thirty_days()
    {
        var (alice, browser, plain) = (await server.UserAsync(), server.NewBrowser(), server.NewBrowser());
        var reply = await SignInAsync(browser, alice, "yes");
        var unticked = await SignInAsync(plain, alice, null);

        reply.Status.Should().Be(303);
        var cookie = reply.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith(SessionCookie, StringComparison.Ordinal));
        cookie.Should().StartWith("__Host-").And.Contain("max-age=2592000").And.Contain("secure").And.Contain("samesite=lax")
            .And.Contain("httponly").And.Contain("path=/").And.NotContain("domain");
        unticked.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith(SessionCookie, StringComparison.Ordinal))
            .Should().NotContain("max-age").And.NotContain("expires");

        server.Clock.Travel(TimeSpan.FromHours(9));
        (await browser.GetAsync(Paths.Sessions)).Body.Should().Contain("This browser", "it is listed, however long it was idle");
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await plain.IsSignedInAsync()).Should().BeFalse("that one idles away");
        server.Clock.Travel(TimeSpan.FromDays(20));
        (await browser.IsSignedInAsync()).Should().BeTrue();
        server.Clock.Travel(TimeSpan.FromDays(10));
        (await browser.IsSignedInAsync()).Should().BeFalse("thirty days are over");
    }

    [Test, Case("ACC-126")]
    public async Task An_administrator_is_not_remembered_although_the_box_was_ticked()
    {
        var (olivia, alice, hers, browser) = (await server.UserAsync("olivia", "admin"), await server.UserAsync(), server.NewBrowser(),
            server.NewBrowser());
        var reply = await SignInAsync(hers, olivia, "yes");
        await SignInAsync(browser, alice, "yes");

        reply.Headers.GetValues("Set-Cookie").Should().OnlyContain(cookie => !cookie.Contains("max-age"));
        (await browser.IsSignedInAsync()).Should().BeTrue();
        await server.ExecuteAsync("update users set role = 'admin' where subject = @Subject", alice);
        (await browser.IsSignedInAsync()).Should().BeFalse("an administrator's session is never a remembered one");
        server.Clock.Travel(TimeSpan.FromHours(9));
        (await hers.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Case("ACC-126")]
    public async Task An_app_that_asks_for_a_recent_sign_in_gets_one()
    {
        var (alice, app, browser) = (await server.UserAsync(), await server.PublicClientAsync(), server.NewBrowser());
        await SignInAsync(browser, alice, "yes");
        server.Clock.Travel(TimeSpan.FromMinutes(2));

        var asked = await browser.FollowAsync($"{Paths.Authorize}?{app.AuthorizeQuery(TestClient.NewVerifier(), ("max_age", "60"))}");

        asked.Is(Paths.Login).Should().BeTrue();
    }

    [Test, Case("ACC-126")]
    public async Task With_0_days_there_is_no_box_and_nobody_is_remembered()
    {
        await using var other = await TestServer.StartAsync(settings => settings with { RememberDays = 0 });
        var (alice, browser) = (await other.UserAsync(), other.NewBrowser());
        var page = await browser.FollowAsync(Paths.Login);

        page.Reply.Body.Should().NotContain("name=\"remember\"");
        var reply = await browser.SubmitAsync(page,
            changes: [("username", alice.Username), ("password", alice.Password), ("remember", "yes")]);
        reply.Headers.GetValues("Set-Cookie").Should().OnlyContain(cookie => !cookie.Contains("max-age"));
        other.Clock.Travel(TimeSpan.FromHours(9));
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task The_box_is_never_ticked_by_itself_and_a_new_password_keeps_the_choice()
    {
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        (await browser.FollowAsync(Paths.Login)).Reply.Page.QuerySelector("#remember")!.HasAttribute("checked").Should().BeFalse();
        await SignInAsync(browser, alice, "yes");

        var reply = await browser.SubmitToAsync(Paths.Password, await browser.FollowAsync(Paths.Password), ("current", alice.Password),
            ("password", "purple monkey dishwasher"), ("again", "purple monkey dishwasher"));

        reply.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith(SessionCookie, StringComparison.Ordinal))
            .Should().Contain("max-age");
    }

    private static async Task<Reply> SignInAsync(Browser browser, Person person, string? remember) =>
        await browser.SubmitAsync(await browser.FollowAsync(Paths.Login),
            changes: [("username", person.Username), ("password", person.Password), ("remember", remember)]);
}
