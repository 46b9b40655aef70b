using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Company accounts on one's account page: linked and unlinked by who is very surely there.</summary>
[Behaviour(79)]
public sealed class LinkingTest : FederationFixture
{
    private static Task<Landing> AccountAsync(Browser browser) => browser.FollowAsync(Paths.Account);

    private static async Task<Reply> LinkAsync(Browser browser, string id) =>
        await browser.SubmitToAsync($"{Paths.Federation}/{id}", await AccountAsync(browser));

    private Task<List<Guid>> LinkedAsync(Company company) =>
        Server.QueryAsync<Guid>("select subject from identities where issuer = @Issuer and sub = @Sub", company);

    [Test]
    public async Task A_person_links_an_account_and_signs_in_by_it()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var session = browser.Cookies[SessionCookie];

        var reply = await browser.GetAsync(company.SignIn((await LinkAsync(browser, id)).Location!));

        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/account"));
        browser.Cookies[SessionCookie].Should().Be(session, "linking is no sign-in");
        (await LinkedAsync(company)).Should().Equal(alice.Subject);
        (await AccountAsync(browser)).Reply.Body.Should().Contain($"<bdi>Acme {id}</bdi>").And.Contain(company.Sub);
        (await Server.AuditAsync(reply)).Should().ContainSingle(one => one.Event == "identity").Which.Detail
            .Should().StartWith("linked issuer=");

        var other = Server.NewBrowser();
        await ComeAsync(other, company, id);
        (await WhoAsync(other)).Should().Be(alice.Subject);
    }

    [Test]
    public async Task An_account_of_somebody_else_stays_theirs_and_whose_is_not_said()
    {
        var (company, id) = await CompanyAsync();
        var (alice, bob, browser) = (await Server.UserAsync(), await Server.UserAsync("bob"), Server.NewBrowser());
        await LinkAsync(company, bob);
        await browser.SignInAsync(alice);

        var reply = await browser.GetAsync(company.SignIn((await LinkAsync(browser, id)).Location!));

        reply.Should().BeAPage(409);
        reply.Page.Body!.TextContent.Should().Contain($"That Acme {id} account is linked to another account here.").And.NotContain("bob");
        (await LinkedAsync(company)).Should().Equal(bob.Subject);
        (await WhoAsync(browser)).Should().Be(alice.Subject);
    }

    [Test, Case("UP-129")]
    public async Task Another_session_or_none_links_nothing()
    {
        var (company, id) = await CompanyAsync();
        var (alice, mallory, browser) = (await Server.UserAsync(), await Server.UserAsync("mallory"), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var (first, second) = (company.SignIn((await LinkAsync(browser, id)).Location!),
            company.SignIn((await LinkAsync(browser, id)).Location!));
        await browser.SignInAsync(await browser.FollowAsync(Paths.Login + "?switch=1"), mallory);

        var reply = await browser.GetAsync(first);

        reply.Should().BeAnErrorPage("invalid_request", 400);
        await browser.SubmitAsync(await browser.FollowAsync(Paths.Logout));
        (await browser.GetAsync(second)).Should().BeAnErrorPage("invalid_request", 400);
        (await LinkedAsync(company)).Should().BeEmpty();
        company.Requests.Should().NotContain("/token");
    }

    [Test, Case("UP-130")]
    public async Task Linking_needs_a_form_of_this_session_and_a_fresh_sign_in()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        var page = await AccountAsync(browser);
        var form = Browser.Form.To(page.Reply.Body, $"{Paths.Federation}/{id}")!;

        browser.Headers["Origin"] = "https://evil.example";
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.PostAsync($"{Paths.Federation}/{id}", [KeyValuePair.Create("purpose", "link")])).Status.Should().BeOneOf(400, 403);
        (await browser.PostAsync($"{Paths.Federation}/{id}", form.Fields)).Status.Should().Be(403);
        browser.Headers.Remove("Origin");
        browser.Headers.Remove("Sec-Fetch-Site");
        // The token of the sign-in page, which is of the browser, is none of the session.
        var login = await browser.FollowAsync(Paths.Login + "?switch=1");
        (await browser.SubmitToAsync($"{Paths.Federation}/{id}", login, ("purpose", "link"))).Status.Should().Be(400);

        await Server.ExecuteAsync("update sessions set authenticated_at = now() - interval '6 minutes' where subject = @Subject", alice);
        var stale = await browser.PostAsync($"{Paths.Federation}/{id}", form.Fields);
        stale.Status.Should().Be(401);
        stale.Page.QuerySelector("h1")!.TextContent.Should().Be("Confirm that it is you");
        company.LastAsked["state"].Should().BeNull("nobody was sent there");

        var confirmed = await browser.SubmitAsync(new Landing($"{Paths.Federation}/{id}", stale),
            changes: [("your_password", alice.Password)]);
        await browser.GetAsync(company.SignIn(confirmed.Location!));
        (await LinkedAsync(company)).Should().Equal(alice.Subject);
    }

    [Test]
    public async Task Unlinking_is_not_for_the_last_way_in_and_signs_out_other_browsers()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser, other) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowser());
        await LinkAsync(company, alice);
        await ComeAsync(browser, company, id);
        await ComeAsync(other, company, id);
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", alice);
        await ComeAsync(browser, company, id, await browser.FollowAsync(Paths.Login + "?switch=1"));
        await ComeAsync(other, company, id, await other.FollowAsync(Paths.Login + "?switch=1"));

        var kept = await browser.FollowAsync(await UnlinkAsync(browser), "");
        kept.Reply.Body.Should().Contain("This is your last way to sign in. Set up another one first.");
        (await LinkedAsync(company)).Should().Equal(alice.Subject);

        await Server.ExecuteAsync("update users set password_hash = @Hash where subject = @Subject",
            new { Hash = Cast.PasswordHash, alice.Subject });
        await ComeAsync(browser, company, id, await browser.FollowAsync(Paths.Login + "?switch=1"));
        await ComeAsync(other, company, id, await other.FollowAsync(Paths.Login + "?switch=1"));
        (await UnlinkAsync(browser)).Location.Should().Be($"{Server.Issuer}/account");
        (await LinkedAsync(company)).Should().BeEmpty();
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await other.IsSignedInAsync()).Should().BeFalse();

        async Task<Reply> UnlinkAsync(Browser one) => await one.SubmitToAsync(Paths.AccountUnlink, await AccountAsync(one));
    }

    [Test]
    public async Task Nobody_unlinks_what_is_not_theirs()
    {
        var (company, id) = await CompanyAsync();
        var (alice, mallory, browser) = (await Server.UserAsync(), await Server.UserAsync("mallory"), Server.NewBrowser());
        await LinkAsync(company, alice);
        var own = Elsewhere.NewCompany();
        await LinkAsync(own, mallory);
        await browser.SignInAsync(mallory);

        var reply = await browser.SubmitToAsync(Paths.AccountUnlink, await AccountAsync(browser), ("issuer", company.Issuer),
            ("sub", company.Sub));

        reply.Status.Should().Be(404);
        (await LinkedAsync(company)).Should().Equal(alice.Subject);
    }
}
