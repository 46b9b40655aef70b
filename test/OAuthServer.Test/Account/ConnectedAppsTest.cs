using System.Globalization;
using System.Net;
using AngleSharp.Dom;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Account;

/// <summary>A person sees what they granted, and takes it back.</summary>
[Behaviour(31)]
public sealed class ConnectedAppsTest : ServerFixture
{
    [Test]
    public async Task The_page_lists_which_app_may_do_what_since_when_and_until_when()
    {
        var (alice, app, pending, stranger, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(),
            await Server.PublicClientAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await stranger.TokensAsync(await Server.UserAsync("bob"));
        await pending.CodeAsync(alice, browser);
        var tokens = await app.TokensAsync(alice, browser, ("scope", "notes:read notes:write offline_access"));
        var id = Grant(tokens);
        await Server.ExecuteAsync("update grants set created_at = created_at - interval '3 days', activated_at = activated_at - interval "
            + "'2 days' where id = @id", new { id });

        await app.RefreshAsync(tokens.RefreshToken!);

        var page = await browser.FollowAsync(Paths.ConnectedApps);

        page.Reply.Should().BeAPage(200);
        var (created, expires) = (await Server.ScalarAsync<DateTime>("select created_at from grants where id = @id", new { id }),
            await Server.ScalarAsync<DateTime>("select expires_at from grants where id = @id", new { id }));
        foreach (var words in new[] { $"The {app.Id} app", "Approved by", "Demo notes", Cast.Notes, "Read your notes",
            "Write and change your notes", "Stays connected", Stamp(created), Stamp(expires) })
            page.Reply.Body.Should().Contain(words);
        page.Reply.Body.Should().Contain($"<strong><bdi>The {pending.Id} app", "its code can still be redeemed")
            .And.Contain("Not used yet");
        page.Reply.Body.Should().NotContain("Delete your notes").And.NotContain(stranger.Id, "it is another person's");
        var used = await Server.ScalarAsync<DateTime>("select rotated_at from grants where id = @id", new { id });
        page.Reply.Body.Should().Contain($"Last used: <time datetime=\"{Stamp(used)}", "it got its newest refresh token then");
    }

    [Test]
    public async Task Only_an_app_that_registered_itself_has_a_small_mark_and_its_story_is_folded()
    {
        var (alice, own, stranger, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(),
            await Server.PublicClientAsync(origin: "self-registered", resource: null), Server.NewBrowser());
        await own.TokensAsync(alice, browser);
        await stranger.TokensAsync(alice, browser);

        var rows = (await browser.GetAsync(Paths.ConnectedApps)).Page.QuerySelectorAll("li:has(> details + form)");

        rows.Should().HaveCount(2);
        var (hers, mine) = (rows.Single(row => Summary(row).Contains(stranger.Id)), rows.Single(row => Summary(row).Contains(own.Id)));
        Summary(hers).Should().Contain("<span class=\"mark soon\">Unverified</span>").And.NotContain("registered itself");
        hers.QuerySelectorAll("details > :not(summary)").Should()
            .Contain(folded => folded.TextContent.Contains("its name is not verified"));
        mine.InnerHtml.Should().NotContain("Unverified").And.Contain("Approved by");

        static string Summary(IElement row) => row.QuerySelector("details > summary")!.InnerHtml;
    }

    [Test]
    public async Task An_app_that_was_allowed_several_times_is_one_row_and_each_time_can_be_revoked_alone()
    {
        var (alice, app, other, browser, api) = (await Server.UserAsync(), await Server.PublicClientAsync(
                origin: "self-registered", resource: null), await Server.PublicClientAsync(), Server.NewBrowser(),
            await Server.ResourceServerAsync());
        var first = await app.TokensAsync(alice, browser);
        var second = await app.TokensAsync(alice, browser);
        await other.TokensAsync(alice, browser);

        var landing = await browser.FollowAsync(Paths.ConnectedApps);
        var row = Row(landing.Reply, app);
        row.QuerySelectorAll(".mark.soon").Should().ContainSingle("it is unverified once");
        row.QuerySelector("summary")!.TextContent.Should().Contain("Times allowed: 2").And.Contain("Last used");
        row.QuerySelectorAll("details > ul > li dl").Should().HaveCount(2);
        row.QuerySelectorAll("details > ul > li button").Select(button => (button.GetAttribute("name"), button.GetAttribute("value")))
            .Should().BeEquivalentTo([("grant", Grant(first).ToString()), ("grant", Grant(second).ToString())]);
        row.QuerySelector(":scope > form button")!.GetAttribute("value").Should().Be(app.Id);
        Row(landing.Reply, other).QuerySelectorAll("button").Should().ContainSingle("one time needs one button")
            .Which.GetAttribute("name").Should().Be("grant");
        (await browser.GetAsync(Paths.RevokeAll)).Body.Should().Contain("Apps losing access: 2.");

        await browser.SubmitAsync(landing, "grant", Grant(first).ToString());

        (await api.SeesAsActiveAsync(first.AccessToken)).Should().BeFalse();
        (await api.SeesAsActiveAsync(second.AccessToken)).Should().BeTrue("it was allowed another time");
        Row(await browser.GetAsync(Paths.ConnectedApps), app).QuerySelectorAll("button").Should().ContainSingle()
            .Which.GetAttribute("value").Should().Be(Grant(second).ToString());
    }

    [Test, Behaviour(21)]
    public async Task Revoking_an_app_ends_every_time_it_was_allowed_and_no_other_app_or_person()
    {
        var (alice, app, other, browser, bob) = (await Server.UserAsync(), await Server.PublicClientAsync(),
            await Server.PublicClientAsync(), Server.NewBrowser(), Server.NewBrowser());
        var api = await Server.ResourceServerAsync();
        var ended = new[] { await app.TokensAsync(alice, browser), await app.TokensAsync(alice, browser) };
        var code = await app.CodeAsync(alice, browser);
        var bobs = await Server.UserAsync("bob");
        var kept = new[] { await other.TokensAsync(alice, browser), await app.TokensAsync(bobs, bob), await app.TokensAsync(bobs, bob) };
        await other.TokensAsync(bobs, bob);
        var landing = await browser.FollowAsync(Paths.ConnectedApps);

        var reply = await browser.SubmitAsync(landing, "app", app.Id);

        (await browser.FollowAsync(reply, Paths.ConnectedApps)).Reply.Body.Should()
            .Contain($"Access has ended: <bdi>The {app.Id} app</bdi>").And.NotContain("name=\"app\"");
        foreach (var tokens in ended)
        {
            (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
            (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        }

        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        foreach (var tokens in kept) (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await AskAsync(browser, app)).Is(Paths.Consent).Should().BeTrue("it is asked again");
        (await AskAsync(browser, other)).Url.Should().StartWith(Cast.Redirect, "it is remembered");
        (await AskAsync(bob, app)).Url.Should().StartWith(Cast.Redirect, "what bob allowed is bob's");
        (await Server.AuditAsync(reply)).Should().HaveCount(3).And.OnlyContain(line => line.Event == "revocation"
            && line.ClientId == app.Id && line.Subject == alice.Subject.ToString());
        (await browser.SubmitAsync(landing, "app", app.Id)).Status.Should().Be(404, "it is over");
    }

    [Test]
    public async Task An_app_allowed_very_often_hides_no_other_one()
    {
        var (alice, app, other, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.PublicClientAsync(),
            Server.NewBrowser());
        await other.TokensAsync(alice, browser);
        await Server.ExecuteAsync("""
            insert into grants
                (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at)
            select gen_random_uuid(), @Id, @Subject, 'https://client.example/cb', 'c', '{}', '{}', true,
                   now() + interval '1 minute', now() + interval '1 day'
              from generate_series(1, 1001)
            """, new { app.Id, alice.Subject });

        var page = await browser.GetAsync(Paths.ConnectedApps);

        Row(page, other).TextContent.Should().Contain("Last used");
        Row(page, app).QuerySelectorAll("details li").Should().HaveCount(20);
        Row(page, app).TextContent.Should().Contain("Times allowed: 1001").And.Contain("The 20 used last are listed here");
    }

    [Test, Behaviour(2)]
    public async Task A_grant_whose_code_is_not_redeemed_is_revoked_with_its_code()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var code = await app.CodeAsync(alice, browser);
        var id = await Server.ScalarAsync<Guid>("select id from grants where client_id = @Id", app);

        var reply = await browser.SubmitAsync(await browser.FollowAsync(Paths.ConnectedApps), "grant", id.ToString());

        (await browser.FollowAsync(reply, Paths.ConnectedApps)).Reply.Body.Should()
            .Contain($"Access has ended: <bdi>The {app.Id} app</bdi>");
        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await AskAsync(browser, app)).Is(Paths.Consent).Should().BeTrue("it is asked again");
    }

    [Test]
    public async Task Nothing_granted_is_said_in_words()
    {
        var browser = Server.NewBrowser();

        var page = await browser.SignInAsync(await Server.UserAsync());

        page.Is(Paths.ConnectedApps).Should().BeTrue();
        page.Reply.Body.Should().Contain("No apps have access to your account");
        Browser.Form.On(page.Reply.Body, "grant", null).Should().BeNull();
    }

    [Test, Rfc(7009, "2.1"), Behaviour(21, 23)]
    public async Task Revoking_ends_refresh_and_introspection_at_once_and_consent_is_asked_again()
    {
        var (alice, app, browser, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            await Server.ResourceServerAsync());
        var reader = new FeedReader(Server, api);
        await reader.GetAsync();
        var tokens = await app.TokensAsync(alice, browser);
        (await AskAsync(browser, app)).Url.Should().StartWith(Cast.Redirect, "it is remembered");

        var reply = await browser.SubmitAsync(await browser.FollowAsync(Paths.ConnectedApps), "grant", Grant(tokens).ToString());

        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/connected-apps?done={reply.RequestId}"));
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await reader.ReadAsync()).Should().Contain($"grant {Grant(tokens)}");
        (await AskAsync(browser, app)).Is(Paths.Consent).Should().BeTrue("it is asked again");
        (await Server.ScalarAsync<string>("select ended_reason from grants where id = @id", new { id = Grant(tokens) })).Should()
            .Be("revoked_by_user");
        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (line.Event, line.Outcome, line.ClientId, line.Subject).Should().Be(("revocation", "ok", app.Id, alice.Subject.ToString()));
    }

    [Test]
    public async Task Afterwards_it_says_when_access_really_ends_and_only_to_who_ended_it()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var tokens = await app.TokensAsync(alice, browser);

        var reply = await browser.SubmitAsync(await browser.FollowAsync(Paths.ConnectedApps), "grant", Grant(tokens).ToString());
        var page = await browser.FollowAsync(reply, Paths.ConnectedApps);

        var latest = (await Server.ScalarAsync<DateTime>("select ended_at from grants where id = @id", new { id = Grant(tokens) }))
            .AddSeconds(600).AddMinutes(1).AddTicks(-1);
        page.Reply.Body.Should().Contain($"Access has ended: <bdi>The {app.Id} app</bdi>")
            .And.Contain($"until <time datetime=\"{latest:yyyy-MM-dd'T'HH:mm}:00Z\"").And.NotContain("name=\"grant\"");
        new JsonWebToken(tokens.AccessToken).ValidTo.Should().BeOnOrBefore(latest);
        var bob = Server.NewBrowser();
        await bob.SignInAsync(await Server.UserAsync("bob"));
        (await bob.GetAsync(reply.Location!)).Body.Should().NotContain("Access has ended").And.NotContain(app.Id);
    }

    [Test]
    public async Task Another_persons_grant_is_not_there_and_stays()
    {
        var (alice, app, bob, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            await Server.ResourceServerAsync());
        var tokens = await app.TokensAsync(alice);
        var own = await app.TokensAsync(await Server.UserAsync("bob"), bob);
        var page = await bob.FollowAsync(Paths.ConnectedApps);

        foreach (var grant in new[] { Grant(tokens).ToString(), Guid.NewGuid().ToString(), "nonsense", "" })
            (await PostAsync(bob, page, grant)).Status.Should().Be(404, grant);
        (await PostAsync(bob, page, (await Server.PublicClientAsync()).Id, "app")).Status.Should().Be(404, "bob never allowed it");

        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await api.SeesAsActiveAsync(own.AccessToken)).Should().BeTrue();
        (await Server.ScalarAsync<long>("select count(*) from consents where client_id = @Id", app)).Should().Be(2);
        (await bob.SubmitAsync(page, "grant", Grant(own).ToString())).Status.Should().Be(303);
        (await PostAsync(bob, page, Grant(own).ToString())).Status.Should().Be(404, "it is over");
    }

    [Test, Rfc(9700, "4.16")]
    public async Task A_form_of_another_session_or_site_revokes_nothing()
    {
        var (alice, app, browser, other, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            Server.NewBrowser(), await Server.ResourceServerAsync());
        var tokens = await app.TokensAsync(alice, browser);
        await other.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.ConnectedApps);
        var cookie = OAuthServer.Html.Cookies.Name("f", Server.Settings);
        other.Cookies[cookie] = browser.Cookies[cookie];

        foreach (var path in new[] { Paths.ConnectedApps, Paths.RevokeAll, Paths.Sessions, Paths.Password })
            (await browser.PostAsync(path,
                [KeyValuePair.Create("grant", Grant(tokens).ToString()), KeyValuePair.Create("what", "everywhere")])).Should()
                .BeAnErrorPage("invalid_request");
        (await other.SubmitAsync(page, "grant", Grant(tokens).ToString())).Should().BeAnErrorPage("invalid_request");
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitAsync(page, "grant", Grant(tokens).ToString())).Should().BeAnErrorPage("invalid_request", 403);

        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        browser.Headers.Remove("Sec-Fetch-Site");
        (await browser.SubmitAsync(page, "grant", Grant(tokens).ToString())).Status.Should().Be(303, "the session's own form works");
    }

    [Test]
    public async Task Revoke_all_asks_first_and_then_ends_everything_of_this_person()
    {
        var (alice, one, other, browser, api) = (await Server.UserAsync(), await Server.PublicClientAsync(),
            await Server.PublicClientAsync(), Server.NewBrowser(), await Server.ResourceServerAsync());
        var mine = new[] { await one.TokensAsync(alice, browser), await other.TokensAsync(alice, browser) };
        var code = await other.CodeAsync(alice, browser);
        var bobs = await one.TokensAsync(await Server.UserAsync("bob"));

        (await browser.FollowAsync(Paths.ConnectedApps)).Reply.Body.Should().Contain($"href=\"{Paths.RevokeAll}\"");
        var asked = await browser.FollowAsync(Paths.RevokeAll);
        (await api.SeesAsActiveAsync(mine[0].AccessToken)).Should().BeTrue("a GET only asks");
        var reply = await browser.SubmitAsync(asked);

        foreach (var tokens in mine)
        {
            (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
            (await one.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        }

        (await other.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await AskAsync(browser, one)).Is(Paths.Consent).Should().BeTrue();
        (await browser.FollowAsync(reply, "")).Reply.Body.Should().Contain($"The {one.Id} app").And.Contain($"The {other.Id} app")
            .And.Contain("No apps have access");
        (await Server.AuditAsync(reply)).Should().HaveCount(3)
            .And.OnlyContain(line => line.Event == "revocation" && line.Subject == alice.Subject.ToString());
        (await api.SeesAsActiveAsync(bobs.AccessToken)).Should().BeTrue();
        (await Server.ScalarAsync<long>("select count(*) from consents where client_id = @Id", one)).Should()
            .Be(1, "what bob allowed is bob's");
    }

    [Test]
    public async Task A_grant_that_is_just_being_made_does_not_escape_revoke_all()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var asked = await browser.FollowAsync(Paths.RevokeAll);

        var making = Server.ExecuteAsync(InTheMaking, new { alice.Subject, app.Id });
        await Server.SleepsAsync();
        (await browser.SubmitAsync(asked)).Status.Should().Be(303);
        await making;

        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject and ended_at is null", alice)).Should().Be(0);
    }

    [Test, Rfc(9700, "4.16")]
    public async Task A_hostile_name_is_shown_as_text()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var tokens = await app.TokensAsync(alice, browser);
        await Server.ExecuteAsync("update clients set name = @name where client_id = @Id",
            new { app.Id, name = "<script>alert(1)</script>\u202E" + new string('W', 10_000) });
        Reply page = null!;
        await Eventually.BecomesTrueAsync(async () =>
            (page = await browser.GetAsync(Paths.ConnectedApps)).Body.Contains("WWW", StringComparison.Ordinal));

        page.Should().BeAPage(200);
        page.Body.Should().NotContain("<script").And.NotContain("\u202E").And.NotContain(new string('W', 81));
        WebUtility.HtmlDecode(page.Body).Should().Contain("<script>alert(1)</script>W");
        var after = await browser.FollowAsync(await browser.SubmitAsync(new Landing(Paths.ConnectedApps, page), "grant", Grant(tokens)
            .ToString()), "");
        after.Reply.Should().BeAPage(200);
        after.Reply.Body.Should().Contain("Access has ended").And.NotContain("<script");
    }

    [Test, Rfc(9700, "4.11")]
    public async Task A_person_not_signed_in_signs_in_first_and_comes_back()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());

        var login = await browser.FollowAsync(Paths.ConnectedApps);

        login.Is(Paths.Login).Should().BeTrue();
        (await browser.SignInAsync(login, alice)).Is(Paths.ConnectedApps).Should().BeTrue();
        (await Server.NewBrowser().PostAsync(Paths.ConnectedApps, [])).Location.Should().Be($"{Server.Issuer}/login?page=apps");
    }

    /// <summary>What allowing does, slowly: a lock on the person, then a grant.</summary>
    internal const string InTheMaking = """
        begin;
        select subject from users where subject = @Subject for share;
        insert into grants
            (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at)
        values (gen_random_uuid(), @Id, @Subject, 'f', 'https://client.example/cb', 'c', '{}', '{}', true, now(), now() + interval '1 day');
        select pg_sleep(1);
        commit
        """;

    private static IElement Row(Reply page, TestClient app) =>
        page.Page.QuerySelectorAll("main .rows > li").Single(row => row.QuerySelector("summary")!.TextContent.Contains(app.Id));

    // With the form's own antiforgery token, whichever grant it names.
    private static Task<Reply> PostAsync(Browser browser, Landing page, string grant, string name = "grant") =>
        browser.PostAsync(Paths.ConnectedApps,
            [.. Browser.Form.On(page.Reply.Body, "grant", null)!.Fields, KeyValuePair.Create(name, grant)]);

    private static Guid Grant(Reply tokens) => Guid.Parse(new JsonWebToken(tokens.AccessToken).GetClaim("grant").Value);

    private static string Stamp(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Task<Landing> AskAsync(Browser browser, TestClient client) =>
        browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier()));
}
