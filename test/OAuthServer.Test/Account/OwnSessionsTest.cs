using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Account;

/// <summary>Where a person is signed in, and what of it they end.</summary>
[Behaviour(35)]
public sealed class OwnSessionsTest : ServerFixture
{
    [Test]
    public async Task Each_session_is_listed_with_its_browser_and_this_one_is_marked()
    {
        var (alice, laptop, phone, tablet, bob) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowserFrom("127.0.0.21"),
            Server.NewBrowser(), Server.NewBrowser());
        laptop.Headers["User-Agent"] = "Laptop/1.0 <b>";
        phone.Headers["User-Agent"] = "Phone/2.0";
        tablet.Headers["User-Agent"] = "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0";
        bob.Headers["User-Agent"] = "Bobs/3.0";
        await bob.SignInAsync(await Server.UserAsync("bob"));
        await phone.SignInAsync(alice);
        await tablet.SignInAsync(alice);

        var page = await SecurityAsync(laptop, alice);

        page.Reply.Should().BeAPage(200);
        page.Reply.Body.Should()
            .MatchRegex("<strong class=\"agent\"><bdi>Laptop/1.0 &lt;b&gt;</bdi></strong>\\s*<span class=\"mark yes\">This browser")
            .And.Contain("<bdi>Phone/2.0</bdi>").And.Contain("127.0.0.21").And.NotContain("Bobs/3.0");
        page.Reply.Body.Should().Contain("<bdi>Firefox</bdi> on <bdi>Android</bdi>")
            .And.Contain($"<bdi>{tablet.Headers["User-Agent"]}</bdi></dd>");
        Browser.Form.On(page.Reply.Body, "session", Key(laptop)).Should().BeNull("this one is signed out of, not ended");
        page.Reply.Body.Should().NotContain(laptop.Cookies[SessionCookie]).And.NotContain(phone.Cookies[SessionCookie]);
    }

    [Test, Behaviour(31)]
    public async Task Sessions_activity_and_apps_are_apart()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());

        var security = await SecurityAsync(browser, alice);
        var apps = await browser.FollowAsync(Paths.ConnectedApps);

        security.Reply.Body.Should().Contain("Where you are signed in").And.Contain("Recent activity")
            .And.Contain($"href=\"{Paths.Sessions}\" aria-current=\"page\"").And.NotContain("These apps");
        apps.Reply.Body.Should().NotContain("Where you are signed in").And.NotContain("Recent activity")
            .And.Contain($"href=\"{Paths.Sessions}\"");
    }

    [Test, Rfc(9700, "4.11")]
    public async Task A_sign_in_on_the_way_to_it_leads_there()
    {
        var browser = Server.NewBrowser();

        var login = await browser.FollowAsync(Paths.Sessions);

        (await browser.SignInAsync(login, await Server.UserAsync())).Is(Paths.Sessions).Should().BeTrue();
    }

    [Test]
    public async Task Ending_one_ends_that_session_and_nothing_else()
    {
        var (alice, app, here, there, elsewhere) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            Server.NewBrowser(), Server.NewBrowser());
        var tokens = await app.TokensAsync(alice, there);
        await elsewhere.SignInAsync(alice);
        var page = await SecurityAsync(here, alice);

        var reply = await here.SubmitAsync(page, "session", Key(there));

        (await here.FollowAsync(reply, "")).Reply.Body.Should().Contain("That browser has been signed out.");
        (await SignedInAsync(there, here, elsewhere)).Should().Equal(false, true, true);
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Event.Should().Be("sign-out");
    }

    [Test]
    public async Task Another_persons_session_is_not_there_and_stays()
    {
        var (alices, bob) = (Server.NewBrowser(), Server.NewBrowser());
        await alices.SignInAsync(await Server.UserAsync());
        var bobs = await Server.UserAsync("bob");
        await bob.SignInAsync(bobs);
        var page = await bob.FollowAsync(Paths.SignOutEverywhere);

        foreach (var key in new[] { Key(alices), new string('0', 64), "nonsense", "", new string('z', 64) })
            (await bob.SubmitAsync(page, changes: ("session", key))).Status.Should().Be(404, key);

        (await SignedInAsync(alices, bob)).Should().Equal(true, true);
    }

    [Test]
    public async Task Ending_ones_own_by_its_key_signs_out()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.SignOutEverywhere);

        var reply = await browser.SubmitAsync(page, changes: ("session", Key(browser)));

        reply.Location.Should().Be($"{Server.Issuer}/logout");
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task Sign_out_everywhere_else_keeps_this_session_and_the_apps()
    {
        var (alice, app, here, one, other, bob) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            Server.NewBrowser(), Server.NewBrowser(), Server.NewBrowser());
        await bob.SignInAsync(await Server.UserAsync("bob"));
        var tokens = await app.TokensAsync(alice, one);
        await other.SignInAsync(alice);

        var reply = await here.SubmitAsync(await SecurityAsync(here, alice), "what", "others");

        (await here.FollowAsync(reply, "")).Reply.Body.Should().Contain("Every other browser has been signed out.")
            .And.NotContain("That browser");
        (await SignedInAsync(one, other, here, bob)).Should().Equal(false, false, true, true);
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7009, "2.1"), Behaviour(23)]
    public async Task Sign_out_everywhere_ends_sessions_codes_families_and_access_tokens_within_a_second()
    {
        var (alice, app, here, there, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            Server.NewBrowser(), await Server.ResourceServerAsync());
        var (bobs, bob) = (await Server.UserAsync("bob"), Server.NewBrowser());
        var reader = new FeedReader(Server, api);
        await reader.GetAsync();
        var (tokens, kept) = (await app.TokensAsync(alice, there), await app.TokensAsync(bobs, bob));
        var code = await app.CodeAsync(alice, there);
        await here.SignInAsync(alice);

        var asked = await here.FollowAsync(Paths.SignOutEverywhere);
        (await SignedInAsync(here, there)).Should().Equal([true, true], "a GET only asks");
        var stolen = here.Cookies[SessionCookie];
        var reply = await here.SubmitAsync(asked, "what", "everywhere");

        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await reader.ReadAsync()).Should().NotBeEmpty();
        reply.Location.Should().Be($"{Server.Issuer}/logout");
        here.Cookies[SessionCookie] = stolen;
        (await SignedInAsync(here, there)).Should().Equal(false, false);
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should().Be("everywhere, sessions: 2 grants: 2");
        (await app.RefreshAsync(kept.RefreshToken!)).Should().HaveIssuedTokens();
        (await bob.IsSignedInAsync()).Should().BeTrue("bob is somebody else");
    }

    [Test]
    public async Task A_grant_that_is_just_being_made_does_not_escape_signing_out_everywhere()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var asked = await browser.FollowAsync(Paths.SignOutEverywhere);

        var making = Server.ExecuteAsync(ConnectedAppsTest.InTheMaking, new { alice.Subject, app.Id });
        await Server.SleepsAsync();
        (await browser.SubmitAsync(asked, "what", "everywhere")).Status.Should().Be(303);
        await making;

        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject and ended_at is null", alice)).Should().Be(0);
    }

    [Test, Behaviour(25)]
    public async Task Recent_activity_is_told_in_words_with_its_address()
    {
        var (alice, app, denied, browser, guesser) = (await Server.UserAsync(), await Server.PublicClientAsync(),
            await Server.PublicClientAsync(), Server.NewBrowser(), Server.NewBrowserFrom("127.0.0.22"));
        await guesser.SignInAsync(await guesser.FollowAsync("/login"), alice, "a guess");
        await Server.NewBrowser().SignInAsync(await Server.UserAsync("bob"));
        var old = await app.TokensAsync(alice, browser);
        var next = await app.RefreshAsync(old.RefreshToken!);
        await app.RefreshAsync(next.RefreshToken!);
        (await app.RefreshAsync(old.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        await browser.SubmitAsync(await browser.ReachConsentAsync(denied.AuthorizeQuery(TestClient.NewVerifier()), alice), "decision",
            "deny");
        await Server.ExecuteAsync("update users set role = 'admin' where subject = @Subject", alice);

        var page = await browser.GetAsync(Paths.Sessions);

        var rows = page.Page.QuerySelectorAll("section[aria-labelledby=events] th[scope=row]").Select(row => row.InnerHtml).ToList();
        rows.Should().HaveCount(5).And.SatisfyRespectively(
            row => row.Should().Be($"You denied <bdi>The {denied.Id} app</bdi>"),
            row => row.Should().Contain("Refused").And.Contain($"Someone may have stolen the access of <bdi>The {app.Id} app</bdi>"),
            row => row.Should().Be($"You allowed <bdi>The {app.Id} app</bdi>"),
            row => row.Should().Be("You signed in"),
            row => row.Should().Contain("A sign-in attempt with a wrong password"));
        page.Body.Should().Contain("<bdi>127.0.0.22</bdi>");
        await Server.ExecuteAsync("update users set password_hash = crypt('another password', gen_salt('bf', 10)) where subject = @Subject",
            alice);
        await browser.SignInAsync(await browser.FollowAsync("/login"), alice, "another password");
        (await browser.GetAsync(Paths.Sessions)).Body.Should().Contain("An administrator set a new password")
            .And.NotContain("You changed your password");
    }

    [Test]
    public async Task Failed_sign_ins_do_not_push_the_rest_out()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome, subject) "
            + "select now() + n * interval '1 second', 'guess-' || n, 'sign-in', 'refused', @Subject::text from generate_series(1, 40) n",
            alice);

        var page = (await browser.GetAsync(Paths.Sessions)).Body;

        System.Text.RegularExpressions.Regex.Count(page, "A sign-in attempt with a wrong password").Should().Be(5);
        page.Should().Contain("You signed in");
    }

    [Test]
    public async Task An_access_ended_by_an_operator_is_named_as_such_without_an_address()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await app.TokensAsync(alice, browser);
        var grant = await Server.ScalarAsync<Guid>("select id from grants where subject = @Subject", alice);

        await Server.Get<AccessEdits>()
            .EndGrantAsync(grant, alice.Subject, new Author("admin:olivia") { RequestId = "by-olivia", Address = "127.0.0.77" },
            Server.Clock.GetUtcNow());

        var page = (await browser.GetAsync(Paths.Sessions)).Body;
        page.Should().Contain($"An administrator revoked the access of <bdi>The {app.Id} app</bdi>").And.NotContain("127.0.0.77");
    }

    private static async Task<Landing> SecurityAsync(Browser browser, Person person)
    {
        await browser.SignInAsync(person);
        return await browser.FollowAsync(Paths.Sessions);
    }

    private string SessionCookie => OAuthServer.Html.Cookies.Name("s", Server.Settings);

    private string Key(Browser browser) => Convert.ToHexStringLower(OpaqueToken.Hash(browser.Cookies[SessionCookie]));

    private static async Task<bool[]> SignedInAsync(params Browser[] browsers) =>
        await Task.WhenAll(browsers.Select(browser => browser.IsSignedInAsync()));
}
