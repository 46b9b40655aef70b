using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The people who sign in: added, given passwords and roles, disabled, their access ended. An administrator always
/// stays.</summary>
public sealed class UsersTest : AdminFixture
{
    private static string Open(Guid subject) => $"{Paths.AdminUser}?subject={subject}";

    private static string PlaygroundRequest(string path, Guid subject) => $"{path}?subject={subject}";

    [Test]
    public async Task A_person_is_added_with_a_password_that_is_shown_once_and_works()
    {
        var (olivia, browser) = await OliviaAsync();
        var name = $"nora-{Guid.NewGuid():N}"[..16];

        var added = await ChangeAsync(browser, Paths.AdminUsersAdd, Paths.AdminUsersAdd, ("username", name), ("role", "user"));

        added.Should().BeAPage(200);
        var password = added.Page.QuerySelector("#password")!.TextContent;
        password.Should().MatchRegex("^([a-z2-9]{5}-){3}[a-z2-9]{5}$");
        (await ActsAsync(added)).Should().Equal($"admin:{olivia.Username} insert users {name}: enabled: true; role: user");
        var nora = new Person(name, await Server.ScalarAsync<Guid>("select subject from users where username = @name", new { name }));
        var hers = Server.NewBrowser();
        (await hers.SignInAsync(await hers.FollowAsync(Paths.Login), nora, password)).Is(Paths.Login).Should().BeFalse();
        foreach (var path in new[] { Paths.AdminUsers, Open(nora.Subject), $"{Paths.AdminAudit}?person={name}" })
            (await browser.GetAsync(path)).Body.Should().NotContain(password);
        (await Server.ScalarAsync<int>("select count(*)::int from audit_events where audit_events::text like '%' || @password || '%'",
            new { password })).Should().Be(0);
    }

    [TestCase("Olga", "This is no user name"), TestCase("", "This is no user name"),
        TestCase("<script>alert(1)</script>", "This is no user name")]
    public async Task A_name_that_is_none_stays_in_the_form_with_the_reason(string name, string problem)
    {
        var (_, browser) = await OliviaAsync();

        var reply = await ChangeAsync(browser, Paths.AdminUsersAdd, Paths.AdminUsersAdd, ("username", name), ("role", "user"));

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain($"id=\"username-problem\">{problem}");
    }

    [Test]
    public async Task A_name_that_is_taken_is_said_to_be()
    {
        var (olivia, browser) = await OliviaAsync();

        var reply = await ChangeAsync(browser, Paths.AdminUsersAdd, Paths.AdminUsersAdd, ("username", olivia.Username), ("role", "user"));

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain("There is already a user with this name.").And.NotContain("id=\"password\"");
    }

    [Test]
    public async Task The_list_finds_people_by_a_part_of_their_name_and_says_what_they_have_going_on()
    {
        var (_, browser) = await OliviaAsync();
        var (alice, bob, app) = (await Server.UserAsync("alice"), await Server.UserAsync("bob"), await Server.PublicClientAsync());
        await Server.TokensAsync(app, alice);
        await Server.TokensAsync(app, alice);

        var found = await browser.GetAsync($"{Paths.AdminUsers}?q={alice.Username[2..].ToUpperInvariant()}");
        var wild = await browser.GetAsync($"{Paths.AdminUsers}?q=%25");

        found.Should().BeAPage(200);
        found.Body.Should().Contain(alice.Username).And.NotContain(bob.Username).And.Contain("class=\"number\">2</td>")
            .And.Contain("None recorded");
        wild.Body.Should().Contain("No results");
    }

    [Test]
    public async Task Fifty_people_stand_on_a_page_which_leads_on_and_back_within_the_search()
    {
        var (_, browser) = await OliviaAsync();
        await Server.ExecuteAsync("insert into users (username, password_hash) select 'crowd-' || lpad(i::text, 3, '0'), @hash "
            + "from generate_series(1, 110) i", new { hash = Cast.SecretHashed });

        var (pages, on, back) = (new List<int>(), new List<string>(), new List<string>());
        var page = await browser.GetAsync($"{Paths.AdminUsers}?q=crowd-");
        for (string? next = ""; next is not null; page = next is null ? page : await browser.GetAsync(next))
        {
            page.Body.Should().Contain("Total: 110").And.Contain("value=\"crowd-\"");
            pages.Add(Names(page).Count);
            on.AddRange(Names(page));
            next = Link(page, "next");
        }

        for (var previous = Link(page, "prev"); previous is not null; previous = Link(page, "prev"))
        {
            page = await browser.GetAsync(previous);
            back.InsertRange(0, Names(page));
        }

        pages.Should().Equal(50, 50, 10);
        on.Should().Equal(Enumerable.Range(1, 110).Select(i => $"crowd-{i:000}"));
        back.Should().Equal(on.Take(100));

        static List<string> Names(Reply page) =>
            [.. page.Page.QuerySelectorAll("bdi").Select(name => name.TextContent)
            .Where(name => name.StartsWith("crowd-", StringComparison.Ordinal))];

        static string? Link(Reply page, string rel) => page.Page.QuerySelector($"[rel={rel}]")?.GetAttribute("href");
    }

    [Test]
    public async Task A_persons_page_tells_grants_sessions_and_events_however_hostile_their_names_are()
    {
        var (_, browser) = await OliviaAsync();
        var (alice, app, hers) = (await Server.UserAsync("alice"), await Server.PublicClientAsync(), Server.NewBrowser());
        hers.Headers["User-Agent"] = "<img src=x onerror=alert(1)>";
        await hers.SignInAsync(alice);
        await Server.TokensAsync(app, alice);
        await Server.ExecuteAsync("update clients set name = @name where client_id = @Id",
            new { name = "<script>\u202egnp.exe</script>", app.Id });

        var page = await browser.GetAsync(Open(alice.Subject));

        page.Should().BeAPage(200);
        page.Body.Should().Contain("&lt;script&gt;gnp.exe").And.Contain("&lt;img src=x").And.Contain("notes:read notes:write")
            .And.Contain("<code>sign-in</code>").And.NotContain("\u202e");
        (await browser.GetAsync(Open(Guid.NewGuid()))).Status.Should().Be(404);
        (await browser.GetAsync($"{Paths.AdminUser}?subject=nobody")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_grant_whose_code_is_not_redeemed_is_listed_counted_and_ended()
    {
        var (_, browser) = await OliviaAsync();
        var (alice, app) = (await Server.UserAsync("alice"), await Server.PublicClientAsync());
        var code = await Server.GrantAsync(app, alice);
        var grant = await Server.ScalarAsync<Guid>("select id from grants where client_id = @Id", app);

        (await browser.GetAsync(Open(alice.Subject))).Body.Should().Contain($"The {app.Id} app").And.Contain("Not used yet");
        (await browser.GetAsync(PlaygroundRequest(Paths.AdminUserState, alice.Subject))).Body.Should()
            .Contain("Live grants: <strong>1</strong>");
        var reply = await ChangeAsync(browser, $"{Paths.AdminUserGrant}?subject={alice.Subject}&grant={grant}", Paths.AdminUserGrant);

        reply.Status.Should().Be(303);
        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
    }

    [Test]
    public async Task Disabling_says_first_what_it_reaches_then_ends_it_all()
    {
        var (olivia, browser) = await OliviaAsync();
        var (alice, app, hers) = (await Server.UserAsync("alice"), await Server.PublicClientAsync(), Server.NewBrowser());
        await hers.SignInAsync(alice);
        var tokens = await Server.TokensAsync(app, alice);

        var asked = await browser.GetAsync(PlaygroundRequest(Paths.AdminUserState, alice.Subject));
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("Live grants: <strong>1</strong>").And.Contain("Browsers signed in: <strong>1</strong>")
            .And.Contain($"<pre>update users set enabled = false where username = &#x27;{alice.Username}&#x27;;</pre>");
        (await app.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(200, "a page that was opened changes nothing");

        var done = await SendAsync(browser, asked, Paths.AdminUserState);
        done.Status.Should().Be(303, done.Body);
        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} update users {alice.Username}: enabled: true → false");
        (await Server.QueryAsync<string>("select ended_reason from grants where subject = @Subject", alice)).Should()
            .Equal("user_disabled");
        (await Server.ScalarAsync<int>("select count(*)::int from sessions where subject = @Subject", alice)).Should().Be(0);

        (await ChangeAsync(browser, Open(alice.Subject), Paths.AdminUserState)).Status.Should().Be(303);
        (await Server.ScalarAsync<bool>("select enabled from users where subject = @Subject", alice)).Should().BeTrue();
    }

    [Test]
    public async Task A_new_password_is_shown_once_and_ends_sessions_and_grants()
    {
        var (olivia, browser) = await OliviaAsync();
        var (alice, app) = (await Server.UserAsync("alice"), await Server.PublicClientAsync());
        var tokens = await Server.TokensAsync(app, alice);

        var asked = await browser.GetAsync(PlaygroundRequest(Paths.AdminUserPassword, alice.Subject));
        var made = await SendAsync(browser, asked, Paths.AdminUserPassword);

        asked.Body.Should().Contain("Live grants: <strong>1</strong>");
        made.Should().BeAPage(200);
        (await ActsAsync(made)).Should().Equal($"admin:{olivia.Username} update users {alice.Username}: password changed");
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        var (old, fresh) = (Server.NewBrowser(), Server.NewBrowser());
        (await old.SignInAsync(alice)).Is(Paths.Login).Should().BeTrue("the old password is over");
        (await fresh.SignInAsync(await fresh.FollowAsync(Paths.Login), alice, made.Page.QuerySelector("#password")!.TextContent))
            .Is(Paths.Login).Should().BeFalse();
        (await SendAsync(browser, asked, Paths.AdminUserPassword)).Status.Should()
            .Be(409, "the row is another one by now: a reload makes no second password");
    }

    [Test]
    public async Task One_grant_of_a_person_ends_and_the_others_stay()
    {
        var (olivia, browser) = await OliviaAsync();
        var (alice, mallory, app, other) = (await Server.UserAsync("alice"), await Server.UserAsync("mallory"),
            await Server.PublicClientAsync(), await Server.PublicClientAsync());
        var (ended, kept, hers) = (await Server.TokensAsync(app, alice), await Server.TokensAsync(other, alice),
            await Server.TokensAsync(app, mallory));
        var grant = await Server.ScalarAsync<Guid>("select id from grants where subject = @Subject and client_id = @Id",
            new { alice.Subject, app.Id });
        var malloryGrant = await Server.ScalarAsync<Guid>("select id from grants where subject = @Subject", mallory);

        var asked = await browser.GetAsync($"{PlaygroundRequest(Paths.AdminUserGrant, alice.Subject)}&grant={grant}");
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain($"The {app.Id} app").And.Contain("notes:read notes:write")
            .And.Contain("update grants set ended_at = now()").And.Contain("delete from consents");
        (await SendAsync(browser, asked, Paths.AdminUserGrant, ("grant", $"{malloryGrant}"))).Status.Should()
            .Be(404, "it is not this person's");
        var done = await SendAsync(browser, asked, Paths.AdminUserGrant);

        done.Status.Should().Be(303);
        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} by an administrator: the grant and its tokens");
        (await app.RefreshAsync(ended.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await other.RefreshAsync(kept.RefreshToken!)).Status.Should().Be(200);
        (await app.RefreshAsync(hers.RefreshToken!)).Status.Should().Be(200);
    }

    [Test]
    public async Task A_person_is_signed_out_everywhere()
    {
        var (olivia, browser) = await OliviaAsync();
        var alice = await Server.UserAsync("alice");
        for (var i = 0; i < 2; i++) await Server.NewBrowser().SignInAsync(alice);

        var asked = await browser.GetAsync(PlaygroundRequest(Paths.AdminUserSessions, alice.Subject));
        asked.Body.Should().Contain("Browsers signed in: <strong>2</strong>").And.Contain("Live grants: <strong>0</strong>")
            .And.Contain("delete from sessions where subject = ").And.Contain("update grants set ended_at = now()");
        var done = await SendAsync(browser, asked, Paths.AdminUserSessions);

        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} everywhere, sessions: 2 grants: 0");
        (await Server.ScalarAsync<int>("select count(*)::int from sessions where subject = @Subject", alice)).Should().Be(0);
        (await Server.ScalarAsync<int>("select count(*)::int from sessions where subject = @Subject", olivia)).Should().Be(1);
    }

    [Test]
    public async Task Of_two_administrators_with_one_person_open_the_second_is_told()
    {
        var ((_, first), (_, second)) = (await OliviaAsync(), await OliviaAsync());
        var alice = await Server.UserAsync("alice");
        var (open, late) = (await first.GetAsync(PlaygroundRequest(Paths.AdminUserRole, alice.Subject)),
            await second.GetAsync(PlaygroundRequest(Paths.AdminUserState, alice.Subject)));

        (await SendAsync(first, open, Paths.AdminUserRole)).Status.Should().Be(303);
        var told = await SendAsync(second, late, Paths.AdminUserState);

        told.Should().BeAPage(409);
        told.Body.Should().Contain("Someone else changed this").And.Contain("Remove administrator role", "it shows how things stand now");
        (await Server.ScalarAsync<string>("select role || enabled from users where subject = @Subject", alice)).Should().Be("admintrue");
    }

    [Test]
    public async Task An_administrator_is_made_on_a_page_that_says_what_it_means()
    {
        var (olivia, browser) = await OliviaAsync();
        var alice = await Server.UserAsync("alice");

        var page = await browser.GetAsync(Open(alice.Subject));
        var asked = await browser.GetAsync(PlaygroundRequest(Paths.AdminUserRole, alice.Subject));
        (await Server.ScalarAsync<string>("select role from users where subject = @Subject", alice)).Should()
            .Be("user", "nothing is done by looking");
        var done = await SendAsync(browser, asked, Paths.AdminUserRole);

        page.Body.Should().NotContain($"action=\"{Paths.AdminUserRole}\"", "no single click does it")
            .And.Contain($"href=\"{Paths.AdminUserRole}?subject={alice.Subject}\"");
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("They could change everything here at once").And.Contain("update users set role = &#x27;admin&#x27;");
        done.Status.Should().Be(303);
        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} update users {alice.Username}: role: user → admin");
        (await browser.GetAsync(PlaygroundRequest(Paths.AdminUserRole, alice.Subject))).Should().BeAPage(404);
    }
}
