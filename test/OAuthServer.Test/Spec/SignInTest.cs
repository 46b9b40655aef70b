using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Sessions: begun by a password, ended by a person, an operator or time.</summary>
[Behaviour(35)]
public sealed partial class SignInTest : ServerFixture
{
    [Test, Rfc(6819, "5.1.4.2.3"), Case("UI-032")]
    public async Task Unknown_and_wrong_look_the_same()
    {
        var alice = await Server.UserAsync();
        // Of the same length: the name is repeated, and counted.
        var nobody = alice with { Username = "nobdy" + alice.Username[5..] };

        var wrong = await TryAsync(alice, "wrong password");
        var unknown = await TryAsync(nobody, "wrong password");

        (wrong.Reply.Status, unknown.Reply.Status).Should().Be((401, 401));
        Comparable(wrong.Reply, alice.Username).Should().Be(Comparable(unknown.Reply, nobody.Username));
        Headers(wrong.Reply).Should().Equal(Headers(unknown.Reply)).And.Contain(header => header.StartsWith("Content-Security-Policy"));
        wrong.Reply.Body.Should().Contain(alice.Username, "what was typed is kept").And.NotContain("wrong password");
    }

    [TestCase("", "", "username password"), TestCase("  ", "a password", "username"), TestCase("alice", "", "password")]
    [Test, Case("UI-045")]
    public async Task Fields_left_empty_are_all_marked_at_once_and_no_hash_is_spent(string username, string password, string marked)
    {
        var browser = Server.NewBrowser();

        var reply = await browser.SubmitAsync(await browser.FollowAsync("/login"),
            changes: [("username", username), ("password", password)]);

        reply.Should().BeAPage(400);
        foreach (var field in new[] { "username", "password" })
            reply.Page.QuerySelectorAll($"input#{field}[aria-invalid=true][aria-describedby={field}-problem]").Should()
                .HaveCount(marked.Contains(field) ? 1 : 0, field);
        reply.Page.QuerySelectorAll("p.wrong").Where(problem => problem.TextContent.StartsWith("Enter your", StringComparison.Ordinal))
            .Select(problem => problem.Id)
            .Should().Equal(marked.Split(' ').Select(field => $"{field}-problem"));
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Reason.Should().Be("a field was left empty");
    }

    [Test, Case("UI-014")]
    public async Task The_session_id_is_new_after_a_sign_in_and_the_old_one_dead()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var before = browser.Cookies[SessionCookie];

        var (client, anew) = (await Server.PublicClientAsync(), ("prompt", (string?)"login"));
        await browser.SignInAsync(await AskAsync(browser, client, anew), alice);

        browser.Cookies[SessionCookie].Should().NotBe(before);
        (await Server.ScalarAsync<long>("select count(*) from sessions where id_hash = @hash", new { hash = OpaqueToken.Hash(before) }))
            .Should().Be(0);
        (await Server.ScalarAsync<long>("select count(*) from sessions where id_hash = @hash",
            new { hash = OpaqueToken.Hash(browser.Cookies[SessionCookie]) })).Should().Be(1, "only its hash is stored");
    }

    [Test, Case("UI-014")]
    public async Task A_session_id_somebody_planted_is_worth_nothing()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var planted = OpaqueToken.Mint();
        browser.Cookies[SessionCookie] = planted;

        await browser.SignInAsync(alice);

        browser.Cookies[SessionCookie].Should().NotBe(planted);
        var thief = Server.NewBrowser();
        thief.Cookies[SessionCookie] = planted;
        (await thief.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Case("UI-015")]
    public async Task Cookies_are_bound_to_this_host_and_unreadable_by_scripts()
    {
        var browser = Server.NewBrowser();
        var asked = await browser.GetAsync("/authorize?" + (await Server.PublicClientAsync()).AuthorizeQuery(TestClient.NewVerifier()));
        asked.Status.Should().Be(303);
        var login = await browser.FollowAsync(asked, "/authorize");
        var reply = await browser.SubmitAsync(login,
            changes: [("username", (await Server.UserAsync()).Username), ("password", Cast.Password)]);

        reply.Status.Should().Be(303, "never 307 after a password");
        string[] set = [.. new[] { asked, login.Reply, reply }.SelectMany(answer => answer.Headers.GetValues("Set-Cookie"))];
        set.Select(cookie => cookie.Split('=')[0]).Should()
            .BeEquivalentTo(new[] { "b", "f", "s" }.Select(purpose => OAuthServer.Html.Cookies.Name(purpose, Server.Settings)),
            "the browser's at /authorize, the form's at the sign-in, the session's after it");
        foreach (var cookie in set)
            cookie.ToLowerInvariant().Should().StartWith("__host-").And.Contain("secure").And.Contain("httponly")
                .And.MatchRegex("samesite=(lax|strict)").And.Contain("path=/").And.NotContain("domain=");
        browser.Cookies.Should().HaveCount(3);
        foreach (var value in browser.Cookies.Values)
            value.Should().MatchRegex("^([A-Za-z0-9_-]{43}|CfDJ8[A-Za-z0-9_-]+)$", "random or sealed: nothing of the request is in it");
    }

    [Test, Case("UI-013")]
    public async Task Another_site_cannot_sign_a_browser_in()
    {
        var (mallory, browser) = (await Server.UserAsync("mallory"), Server.NewBrowser());

        (await browser.PostAsync("/login",
            [KeyValuePair.Create("username", mallory.Username), KeyValuePair.Create("password", mallory.Password)])).Status.Should()
            .BeOneOf(400, 403);
        var login = await browser.FollowAsync("/login");
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitAsync(login, changes: [("username", mallory.Username), ("password", mallory.Password)])).Status.Should()
            .Be(403);
        browser.Cookies.Should().NotContainKey(SessionCookie);
    }

    [TestCase("https://evil.example"), TestCase("//evil.example"), TestCase("/\\evil.example"), TestCase("\\\\evil.example"),
        TestCase("/%2f%2fevil.example")]
    [TestCase("javascript:alert(1)"), TestCase("/..//evil.example"), TestCase("/.evil.example/%2f.."),
        TestCase("https://as.example@evil.example")]
    [TestCase("/login?returnUrl=//evil.example"), TestCase("\u2044\u2044evil.example")]
    [Test, Rfc(9700, "4.11"),
        Case("UI-017", "UI-018", "UI-019", "UI-020", "UI-021", "UI-025", "UI-027", "UI-028", "UI-029", "UI-030", "UI-031")]
    public async Task No_address_in_the_query_is_returned_to(string url)
    {
        var (browser, alice) = (Server.NewBrowser(), await Server.UserAsync());
        var encoded = Uri.EscapeDataString(url);
        var login = await browser.FollowAsync($"/login?returnUrl={encoded}&ReturnUrl={encoded}&next={encoded}");
        login.Reply.Body.Should().NotContain("evil").And.NotContain("javascript");

        var form = Browser.Form.On(login.Reply.Body, null, null)!;
        KeyValuePair<string, string>[] typed = [new("username", alice.Username), new("password", alice.Password), new("returnUrl", url),
            new("next", url)];
        var reply = await browser.PostAsync($"{form.Action}?returnUrl={Uri.EscapeDataString(url)}&next={Uri.EscapeDataString(url)}",
            form.Fields.Where(field => field.Key is not ("username" or "password")).Concat(typed));
        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/connected-apps"));

        (await Server.NewBrowser().GetAsync($"/login?request={Uri.EscapeDataString(url)}")).Should().BeAnErrorPage("invalid_request");
        (await Server.NewBrowser().GetAsync($"/logout?returnUrl={Uri.EscapeDataString(url)}")).Body.Should().NotContain("evil")
            .And.NotContain("javascript");
    }

    [Test, Case("UI-041", "UI-043")]
    public async Task Signing_out_is_asked_by_GET_and_done_by_POST()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var tokens = await client.TokensAsync(alice, browser);
        var cookie = browser.Cookies[SessionCookie];

        var page = await browser.FollowAsync("/logout");
        (await browser.IsSignedInAsync()).Should().BeTrue("a GET only asks");
        (await browser.PostAsync("/logout", [])).Should().BeAnErrorPage("invalid_request");
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitAsync(page)).Should().BeAnErrorPage("invalid_request", 403);
        browser.Headers.Remove("Sec-Fetch-Site");
        (await browser.IsSignedInAsync()).Should().BeTrue("another site cannot sign people out");
        var consent = await AskAsync(browser, client, ("prompt", "consent"));
        (await browser.SubmitAsync(page)).Location.Should().Be($"{Server.Issuer}/logout");

        var thief = Server.NewBrowser();
        thief.Cookies[SessionCookie] = cookie;
        (await thief.IsSignedInAsync()).Should().BeFalse("the session is dead on the server");
        (await browser.FollowAsync(consent.Url)).Is(Paths.Login).Should().BeTrue("nothing of the account is shown on the way back");
        (await browser.SubmitAsync(consent, "decision", "allow")).Should().BeAnErrorPage("invalid_request");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [TestCase("update users set enabled = false where subject = @Subject")]
    [TestCase("update users set password_hash = crypt('another password', gen_salt('bf', 10)) where subject = @Subject")]
    [Test, Case("CODE-013", "REFRESH-014")]
    public async Task A_disabled_person_or_a_new_password_ends_everything(string edit)
    {
        var (alice, client, browser, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            await Server.ResourceServerAsync());
        var tokens = await client.TokensAsync(alice, browser);
        var code = await client.CodeAsync(alice, browser);

        await Server.ExecuteAsync(edit, alice);

        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task A_session_ends_when_idle_and_in_the_end_in_any_case()
    {
        await using var server = await TestServer.StartAsync(settings =>
            settings with { SessionIdleSeconds = 3600, SessionSeconds = 3 * 3600 });
        var (alice, idle, busy) = (await server.UserAsync(), server.NewBrowser(), server.NewBrowser());
        await idle.SignInAsync(alice);
        await busy.SignInAsync(alice);

        for (var minutes = 0; minutes < 160; minutes += 40)
        {
            (await busy.IsSignedInAsync()).Should().BeTrue($"it was used {40} minutes before");
            server.Clock.Travel(TimeSpan.FromMinutes(40));
        }

        (await idle.IsSignedInAsync()).Should().BeFalse();
        server.Clock.Travel(TimeSpan.FromMinutes(21));
        (await busy.IsSignedInAsync()).Should().BeFalse("three hours have passed");
    }

    [Test, Rfc(6749, "4.1.1")]
    public async Task Prompt_max_age_and_login_hint_are_heeded()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());

        (await AskAsync(browser, client, ("prompt", "none"))).Parameters["error"].Should().Be("login_required");
        (await AskAsync(browser, client, ("login_hint", "somebody@example.com\"><b>"))).Reply.Body.Should()
            .Contain("somebody@example.com&quot;&gt;&lt;b&gt;");
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        foreach (var anew in new[] { "login", "select_account" })
        {
            var login = await AskAsync(browser, client, ("prompt", anew));
            login.Is(Paths.Login).Should().BeTrue(anew);
            (await browser.SignInAsync(login, alice)).Parameters["code"].Should().NotBeNull("one sign-in is enough");
        }

        (await AskAsync(browser, client, ("max_age", "0"))).Is(Paths.Login).Should().BeTrue();
        (await AskAsync(browser, client, ("max_age", "1000"))).Parameters["code"].Should().NotBeNull();
        (await AskAsync(browser, client, ("max_age", "-1"))).Parameters["error"].Should().Be("invalid_request");
        (await AskAsync(browser, client, ("prompt", "none login"))).Parameters["error"].Should().Be("invalid_request");
    }

    [Test, Rfc(6749, "4.1.1")]
    public async Task A_sign_in_older_than_max_age_is_asked_for_again()
    {
        await using var server = await TestServer.StartAsync();
        var (alice, client, browser) = (await server.UserAsync(), await server.PublicClientAsync(), server.NewBrowser());
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);

        server.Clock.Travel(TimeSpan.FromSeconds(61));

        (await AskAsync(browser, client, ("max_age", "90"))).Parameters["code"].Should().NotBeNull();
        (await AskAsync(browser, client, ("max_age", "60"), ("prompt", "none"))).Parameters["error"].Should().Be("login_required");
        var login = await AskAsync(browser, client, ("max_age", "60"));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        (await browser.SignInAsync(login, alice)).Parameters["code"].Should().NotBeNull();
    }

    [Test]
    public async Task A_disabled_person_is_answered_like_a_wrong_password()
    {
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync("bob"));
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", bob);

        var (wrong, disabled) = (await TryAsync(alice, "wrong password"), await TryAsync(bob, bob.Password));

        Comparable(disabled.Reply, bob.Username).Should().Be(Comparable(wrong.Reply, alice.Username));
        disabled.Reply.Status.Should().Be(401);
        (await Server.AuditAsync(disabled.Reply)).Should().ContainSingle().Which.Reason.Should().Be("the person is disabled");
    }

    [Test, Category("Long"), Case("UI-033")]
    public async Task Unknown_takes_as_long_as_wrong()
    {
        var alice = await Server.UserAsync();
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync("/login");
        var (wrong, unknown) = (new List<double>(), new List<double>());
        for (var i = 0; i < 500; i++)
        {
            wrong.Add(await TimeAsync(alice.Username));
            unknown.Add(await TimeAsync($"nobody-{i}"));
        }

        // How often a guesser who compares two times is right: a half, when the times tell nothing.
        var right = wrong.Sum(one => unknown.Count(other => one > other)
            + (unknown.Count(other => one == other) / 2.0)) / ((double)wrong.Count * unknown.Count);
        right.Should().BeInRange(0.4, 0.6);

        async Task<double> TimeAsync(string username)
        {
            var began = Stopwatch.GetTimestamp();
            (await browser.SubmitAsync(login, changes: [("username", username), ("password", "wrong password")])).Status.Should().Be(401);
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
    }

    [Test, Behaviour(25)]
    public async Task Sign_ins_are_audited_without_the_password()
    {
        var alice = await Server.UserAsync();

        var failed = await TryAsync(alice, "a wrong secret word");

        var line = (await Server.AuditAsync(failed.Reply)).Should().ContainSingle().Subject;
        (line.Event, line.Outcome).Should().Be(("sign-in", "refused"));
        (await Server.ScalarAsync<long>("select count(*) from audit_events a where a::text like '%a wrong secret word%'")).Should().Be(0);
        await Server.NewBrowser().SignInAsync(alice);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'sign-in' and outcome = 'ok' "
            + "and subject = @subject", new { subject = alice.Subject.ToString() })).Should().Be(1);
    }

    private string SessionCookie => OAuthServer.Html.Cookies.Name("s", Server.Settings);

    private async Task<Landing> TryAsync(Person person, string password)
    {
        var browser = Server.NewBrowser();
        return await browser.SignInAsync(await browser.FollowAsync("/login"), person, password);
    }

    private static Task<Landing> AskAsync(Browser browser, TestClient client, params (string Name, string? Value)[] changes) =>
        browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), changes));

    // Apart from what differs on every page: the request id, the form's token, the name that was typed.
    private static string Comparable(Reply reply, string name) =>
        FormToken()
            .Replace(reply.Body.Replace(reply.RequestId, "ID", StringComparison.Ordinal).Replace(name, "NAME", StringComparison.Ordinal),
            "");

    // Apart from when it was, which request it was, and the random values of cookies.
    private static string[] Headers(Reply reply) =>
    [
        .. from header in reply.Headers.Concat(reply.ContentHeaders)
           where header.Key is not ("Date" or "Request-Id")
           from value in header.Value
           orderby header.Key, value.Split('=')[0]
           select $"{header.Key}: {(header.Key == "Set-Cookie" ? CookieValue().Replace(value, "=") : value)}",
    ];

    [GeneratedRegex("(?<=^[^=]*)=[^;]*")]
    private static partial Regex CookieValue();

    [GeneratedRegex("value=\"CfDJ8[^\"]*\"")]
    private static partial Regex FormToken();
}

/// <summary>Guessing passwords is slow.</summary>
[Behaviour(24)]
public sealed class SignInLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { LoginsPerMinute = 4 };

    [Test, Rfc(6819, "5.1.4.2.3")]
    public async Task Too_many_wrong_passwords_wait_and_say_so()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var replies = new List<Reply>();
        for (var i = 0; i < 6; i++)
            replies.Add((await browser.SignInAsync(await browser.FollowAsync("/login"), alice, $"guess {i}")).Reply);

        replies[0].Status.Should().Be(401);
        replies[^1].Status.Should().Be(429);
        replies[^1].Header("Retry-After").Should().NotBeNull();
        replies[^1].Body.Should().MatchRegex("(?i)wait|try again in|seconds|minute");
    }

    [Test]
    public async Task An_address_that_guesses_locks_nobody_else_out()
    {
        var (alice, guesser) = (await Server.UserAsync(), Server.NewBrowserFrom("127.0.0.9"));
        for (var i = 0; i < 6; i++) await guesser.SignInAsync(await guesser.FollowAsync("/login"), alice, $"guess {i}");

        (await guesser.SignInAsync(await guesser.FollowAsync("/login"), alice)).Reply.Status.Should()
            .Be(429, "the right password comes too late");
        (await Server.NewBrowserFrom("127.0.0.10").SignInAsync(alice)).Is(Paths.ConnectedApps).Should().BeTrue();
    }

    [Test]
    public async Task Guesses_sent_at_once_are_no_more_than_guesses_sent_in_turn()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowserFrom("127.0.0.11"));
        var login = await browser.FollowAsync("/login");

        var replies = await Task.WhenAll(Enumerable.Range(0, 40)
            .Select(i => browser.SubmitAsync(login, changes: [("username", alice.Username), ("password", $"guess {i}")])));

        replies.Count(reply => reply.Status == 401).Should().BeInRange(1, 5);
        replies.Where(reply => reply.Status != 401).Should().OnlyContain(reply => reply.Status == 429);
    }

    [Test]
    public async Task A_right_password_is_no_failure()
    {
        var (alice, address) = (await Server.UserAsync(), "127.0.0.12");

        for (var i = 0; i < 8; i++) (await Server.NewBrowserFrom(address).SignInAsync(alice)).Is(Paths.ConnectedApps).Should().BeTrue();
    }
}
