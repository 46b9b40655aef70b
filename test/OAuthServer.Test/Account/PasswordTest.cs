using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Account;

/// <summary>A person sets a new password; no thief's session, code or token outlives the old one.</summary>
[Behaviour(35)]
public sealed class PasswordTest : ServerFixture
{
    private const string Better = "purple monkey dishwasher";

    // Other than the cost of secrets the server makes itself.
    protected override Settings Change(Settings settings) => settings with { BcryptCost = 11 };

    [Test, Rfc(6819, "5.1.4.2.3")]
    public async Task A_new_password_ends_every_session_code_and_grant_and_this_browser_goes_on_under_a_new_id()
    {
        var (alice, app, browser, other, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            Server.NewBrowser(), await Server.ResourceServerAsync());
        var (tokens, code) = (await app.TokensAsync(alice, other), await app.CodeAsync(alice, other));
        await browser.SignInAsync(alice);
        var thief = Server.NewBrowser();
        thief.Cookies[SessionCookie] = browser.Cookies[SessionCookie];

        var reply = await ChangeAsync(browser, alice.Password, Better, Better);

        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/password?done={reply.RequestId}"));
        browser.Cookies[SessionCookie].Should().NotBe(thief.Cookies[SessionCookie]);
        (await browser.FollowAsync(reply, "")).Reply.Body.Should().Contain("Your password has been changed");
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await thief.IsSignedInAsync()).Should().BeFalse("the old id is dead");
        (await other.IsSignedInAsync()).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject", alice)).Should().Be(1);
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
    }

    [Test, Behaviour(25)]
    public async Task The_new_one_opens_the_old_one_does_not_and_the_log_names_the_person()
    {
        var (alice, browser, anew) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowser());
        await browser.SignInAsync(alice);

        var reply = await ChangeAsync(browser, alice.Password, Better, Better);

        (await anew.SignInAsync(await anew.FollowAsync("/login"), alice)).Reply.Status.Should().Be(401);
        (await anew.SignInAsync(await anew.FollowAsync("/login"), alice, Better)).Is(Paths.ConnectedApps).Should().BeTrue();
        SecretHash.Cost(await HashAsync(alice)).Should().Be(11);
        (await Server.QueryAsync<string>("select event || ' ' || coalesce(actor, '') || ' ' || address from audit_events "
            + "where request_id = @id order by event", new { id = reply.RequestId }))
            .Should().Equal($"edit user:{alice.Subject} 127.0.0.1", "sign-in  127.0.0.1");
        (await browser.GetAsync(Paths.Sessions)).Body.Should().Contain("You changed your password");
        (await browser.GetAsync("/password?done=x")).Body.Should().NotContain("has been changed");
    }

    [TestCase("short", "short", "password", "At least 15 characters.")]
    [TestCase("of 14 charact.", "of 14 charact.", "password", "At least 15 characters.")]
    [TestCase("ääääääääääääääääääääääääääääääääääääääää",
        "ääääääääääääääääääääääääääääääääääääääää", "password", "At most 72 bytes; this has 80.")]
    [TestCase(Cast.Password, Cast.Password, "password", "differs from your current one")]
    [TestCase(null, null, "password", "must not be made of your name")]
    [TestCase(Better, Better + " ", "again", "do not match")]
    public async Task A_password_that_is_no_good_is_explained_beside_the_field(string? password, string? again, string field, string words)
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var before = await HashAsync(alice);

        var name = $"{alice.Username.ToUpperInvariant()}-1!";
        var reply = await ChangeAsync(browser, alice.Password, password ?? name, again ?? name);

        reply.Should().BeAPage(400);
        reply.Body.Should().MatchRegex($"id=\"{field}\"[^>]*aria-describedby=\"[^\"]*{field}-problem\"[^>]*aria-invalid")
            .And.MatchRegex($"id=\"{field}-problem\">[^<]*{words}");
        (await HashAsync(alice)).Should().Be(before);
        (await browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test, Case("UI-045")]
    public async Task All_that_is_wrong_is_said_at_once_beside_each_field_and_above_them()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);

        var wrong = await ChangeAsync(browser, "not her password", "short", "another");
        var empty = await ChangeAsync(browser, "", "short", "short");

        wrong.Should().BeAPage(400);
        var summary = wrong.Page.QuerySelector("div.error[role=alert]")!.InnerHtml;
        foreach (var (field, label, words) in new[] { ("current", "Current password", "Incorrect password."),
            ("password", "New password", "At least 15 characters."),
            ("again", "Confirm new password", "The passwords do not match.") })
        {
            summary.Should().Contain($"<li><a href=\"#{field}\">{label}</a>: {words}</li>");
            wrong.Body.Should().Contain($"<p class=\"wrong\" id=\"{field}-problem\">{words}</p>")
                .And.MatchRegex($"id=\"{field}\"[^>]*aria-describedby=\"[^\"]*{field}-problem\"[^>]*aria-invalid=\"true\"");
        }

        wrong.Body.Should().NotContain("not her password").And.NotContain("value=\"short\"");
        empty.Should().BeAPage(400);
        empty.Body.Should().Contain("id=\"current-problem\">Enter your current password.").And.Contain("id=\"password-problem\">At least")
            .And.NotContain("again-problem");
        (await Server.AuditAsync(empty)).Should().BeEmpty("nothing was tried");
    }

    [Test]
    public async Task Fifteen_characters_are_enough_and_seventy_two_octets_still_fit()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);

        (await ChangeAsync(browser, alice.Password, "fifteen charact", "fifteen charact")).Status.Should().Be(303);
        (await ChangeAsync(browser, "fifteen charact", new string('é', 36), new string('é', 36))).Status.Should().Be(303);
        (await ChangeAsync(browser, new string('é', 36), Better, Better)).Status.Should().Be(303);
    }

    [Test, Rfc(9700, "4.16")]
    public async Task A_form_of_another_session_changes_nothing()
    {
        var (alice, browser, other) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        await other.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.Password);
        var cookie = OAuthServer.Html.Cookies.Name("f", Server.Settings);
        other.Cookies[cookie] = browser.Cookies[cookie];
        var before = await HashAsync(alice);

        (await other.SubmitAsync(page, changes: [("current", alice.Password), ("password", Better), ("again", Better)])).Should()
            .BeAnErrorPage("invalid_request");

        (await HashAsync(alice)).Should().Be(before);
    }

    [Test]
    public async Task Of_two_changes_at_once_one_wins()
    {
        var (alice, one, other) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowser());
        await one.SignInAsync(alice);
        await other.SignInAsync(alice);
        var pages = new[] { await one.FollowAsync(Paths.Password), await other.FollowAsync(Paths.Password) };

        await Task.WhenAll(
            one.SubmitAsync(pages[0], changes: [("current", alice.Password), ("password", Better), ("again", Better)]),
            other.SubmitAsync(pages[1], changes: [("current", alice.Password), ("password", Better + "!"), ("again", Better + "!")]));

        (await Task.WhenAll(one.IsSignedInAsync(), other.IsSignedInAsync())).Should().ContainSingle(signedIn => signedIn);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'edit' and subject = @subject "
            + "and detail like '%password changed%'", new { subject = alice.Subject.ToString() }))
            .Should().Be(1, "the other was proven against a password that was no more");
    }

    [Test, Rfc(9700, "4.11")]
    public async Task A_person_not_signed_in_signs_in_first_and_comes_back()
    {
        var browser = Server.NewBrowser();

        var login = await browser.FollowAsync(Paths.Password);

        login.Is(Paths.Login).Should().BeTrue();
        (await browser.SignInAsync(login, await Server.UserAsync())).Is(Paths.Password).Should().BeTrue();
    }

    private string SessionCookie => OAuthServer.Html.Cookies.Name("s", Server.Settings);

    private Task<string> HashAsync(Person person) =>
        Server.ScalarAsync<string>("select password_hash from users where subject = @Subject", person);

    private static async Task<Reply> ChangeAsync(Browser browser, string current, string password, string again) =>
        await browser.SubmitAsync(await browser.FollowAsync(Paths.Password),
            changes: [("current", current), ("password", password), ("again", again)]);
}

/// <summary>The password until now cannot be guessed here either.</summary>
[Behaviour(24)]
public sealed class PasswordLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { LoginsPerMinute = 4 };

    [Test, Rfc(6819, "5.1.4.2.3")]
    public async Task A_wrong_current_password_is_a_failed_sign_in()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var replies = new List<Reply>();
        for (var i = 0; i < 6; i++)
            replies.Add(await browser.SubmitAsync(await browser.FollowAsync(Paths.Password),
                changes: [("current", $"guess {i}"), ("password", "purple monkey dishwasher"), ("again", "purple monkey dishwasher")]));

        replies[0].Should().BeAPage(401);
        replies[0].Body.Should().Contain("Incorrect password.").And.NotContain("guess 0");
        (await Server.AuditAsync(replies[0])).Should().ContainSingle().Which.Event.Should().Be("sign-in");
        replies[^1].Status.Should().Be(429);
        replies[^1].Header("Retry-After").Should().NotBeNull();
        replies[^1].Body.Should().Contain("Too many attempts");
        var login = Server.NewBrowser();
        (await login.SignInAsync(await login.FollowAsync("/login"), alice)).Reply.Status.Should().Be(429, "one limit for both");
        (await browser.IsSignedInAsync()).Should().BeTrue();
    }
}
