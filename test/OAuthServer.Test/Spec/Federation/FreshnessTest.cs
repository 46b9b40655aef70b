using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Who must sign in anew is asked at the company, and what that says is checked.</summary>
[Behaviour(81)]
public sealed class FreshnessTest : FederationFixture
{
    private async Task<(Browser Browser, Landing Login, TestClient Client)> AskedAsync(params (string Name, string? Value)[] more)
    {
        var (client, browser) = (await Server.ConfidentialClientAsync(), Server.NewBrowser());
        var login = await browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(),
            [("scope", "openid notes:read"), .. more]));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        return (browser, login, client);
    }

    [Test, Case("UP-133")]
    public async Task An_old_session_there_is_no_sign_in()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.SignedInAt = () => DateTimeOffset.UtcNow.AddHours(-1);
        var (browser, login, _) = await AskedAsync(("prompt", "login"));

        var reply = await ComeAsync(browser, company, id, login);

        (company.LastAsked["prompt"], company.LastAsked["max_age"]).Should().Be(("login", "0"));
        await RefusedAsync(browser, reply, 400, $"Acme {id} did not ask you again.", "auth_time is older");
    }

    [Test, Case("UP-133")]
    public async Task Where_it_does_not_say_when_this_server_asks_and_who_has_nothing_here_is_told()
    {
        var (company, id) = await CompanyAsync();
        var alice = await Server.UserAsync();
        await LinkAsync(company, alice);
        company.SignedInAt = () => null;
        var (browser, login, client) = await AskedAsync(("prompt", "login"));

        var reply = await ComeAsync(browser, company, id, login);

        reply.Should().BeAPage(200);
        reply.Page.Body!.TextContent.Should().Contain($"Acme {id} does not say when you signed in.");
        browser.Cookies.Should().NotContainKey(SessionCookie);
        reply.Page.QuerySelector("input[name=username]")!.GetAttribute("value").Should().Be(alice.Username);
        var consent = await browser.SignInAsync(new Landing(Paths.Login, reply), alice);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());

        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", alice);
        (browser, login, _) = await AskedAsync(("prompt", "login"));
        await RefusedAsync(browser, await ComeAsync(browser, company, id, login), 400,
            "does not say when you signed in; add a passkey, or ask your administrator to send auth_time.");
        client.Should().NotBeNull();
    }

    [Test]
    public async Task A_fresh_one_satisfies_prompt_and_max_age()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        foreach (var demand in new[] { ("prompt", "login"), ("max_age", "0"), ("max_age", "60"), ("prompt", "select_account") })
        {
            var (browser, login, _) = await AskedAsync(demand);

            var landed = await browser.FollowAsync(await ComeAsync(browser, company, id, login), "");

            landed.Is(Paths.Consent).Should().BeTrue($"{demand}: {landed}");
            if (demand.Item1 == "max_age") company.LastAsked["max_age"].Should().Be(demand.Item2);
            if (demand.Item2 == "select_account") company.LastAsked["prompt"].Should().Be("select_account");
        }
    }

    [Test]
    public async Task An_old_session_there_chooses_an_account_and_is_no_sign_in_for_another_request()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.SignedInAt = () => DateTimeOffset.UtcNow.AddHours(-1);
        var (browser, login, client) = await AskedAsync(("prompt", "login"));
        var choosing = await browser.FollowAsync(
            "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "select_account")));

        (await browser.FollowAsync(await ComeAsync(browser, company, id, choosing), "")).Is(Paths.Consent).Should().BeTrue();

        (await browser.FollowAsync($"{Paths.Authorize}/{login.Parameters["request"]}")).Is(Paths.Login)
            .Should().BeTrue("prompt=login wants more");
    }

    [Test]
    public async Task Max_age_takes_no_older_sign_in_there()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.SignedInAt = () => DateTimeOffset.UtcNow.AddSeconds(-120);
        var (browser, login, _) = await AskedAsync(("max_age", "60"));

        await RefusedAsync(browser, await ComeAsync(browser, company, id, login), 400, "did not ask you again.");
        (browser, login, _) = await AskedAsync(("max_age", "600"));
        (await ComeAsync(browser, company, id, login)).Status.Should().Be(303);
    }

    [Test]
    public async Task A_plain_sign_in_is_of_the_time_that_the_company_names()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.SignedInAt = () => DateTimeOffset.UtcNow.AddHours(-2);
        var browser = Server.NewBrowser();

        await ComeAsync(browser, company, id);

        (await Server.ScalarAsync<double>("select extract(epoch from now() - authenticated_at) / 3600 from sessions where idp = @id", new { id }))
            .Should().BeApproximately(2, 0.1);
    }

    [Test]
    public async Task Prompt_none_never_goes_there()
    {
        var (company, _) = await CompanyAsync();
        var client = await Server.ConfidentialClientAsync();

        var reply = await Server.NewBrowser().GetAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "none")));

        reply.Location.Should().StartWith(client.Redirect + "?error=login_required");
        company.Requests.Should().BeEmpty();
    }

    [Test]
    public async Task Reauth_local_asks_here()
    {
        var (company, id) = await CompanyAsync("reauth = 'local'");
        await LinkAsync(company, await Server.UserAsync());
        var (browser, login, _) = await AskedAsync(("prompt", "login"));

        var reply = await ComeAsync(browser, company, id, login);

        (company.LastAsked["prompt"], company.LastAsked["max_age"]).Should().Be((null, null));
        reply.Page.Body!.TextContent.Should().Contain("Enter your password to go on.");
        browser.Cookies.Should().NotContainKey(SessionCookie);
    }

    private async Task<(Browser Browser, Person Olivia, Reply Page)> StaleAdminAsync(Company company, string id, bool password = false)
    {
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await LinkAsync(company, olivia);
        await ComeAsync(browser, company, id);
        if (!password)
        {
            // One who can sign in here always stays.
            await Server.UserAsync("keeper", "admin");
            await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", olivia);
            await ComeAsync(browser, company, id, await browser.FollowAsync(Paths.Login + "?switch=1"));
        }

        await Server.ExecuteAsync("update sessions set authenticated_at = now() - interval '1 hour' where subject = @Subject", olivia);
        var page = await browser.SubmitToAsync(Paths.AdminKeysRotate, await browser.FollowAsync(Paths.AdminKeys));
        page.Status.Should().Be(401, page.ToString());
        return (browser, olivia, page);
    }

    [Test]
    public async Task Administration_asks_at_the_company_again()
    {
        var (company, id) = await CompanyAsync();
        var (browser, olivia, page) = await StaleAdminAsync(company, id);
        var before = browser.Cookies[SessionCookie];

        var reply = await browser.SubmitToAsync($"{Paths.Federation}/{id}", new Landing(Paths.AdminKeys, page));
        var back = await browser.GetAsync(company.SignIn(reply.Location!));

        (company.LastAsked["prompt"], company.LastAsked["max_age"]).Should().Be(("login", "0"));
        (back.Status, back.Location).Should().Be((303, $"{Server.Issuer}/admin"));
        browser.Cookies[SessionCookie].Should().NotBe(before);
        (await WhoAsync(browser)).Should().Be(olivia.Subject);
        (await browser.SubmitToAsync(Paths.AdminKeysRotate, await browser.FollowAsync(Paths.AdminKeys))).Status.Should().Be(303);
    }

    [Test, Case("UP-132")]
    public async Task Somebody_else_there_refreshes_nothing()
    {
        var (company, id) = await CompanyAsync();
        var (browser, olivia, page) = await StaleAdminAsync(company, id, password: true);
        var (before, bob) = (browser.Cookies[SessionCookie], await Server.UserAsync("bob"));
        company.Sub = "bob-there";
        await LinkAsync(company, bob);

        var reply = await browser.SubmitToAsync($"{Paths.Federation}/{id}", new Landing(Paths.AdminKeys, page));
        var back = await browser.GetAsync(company.SignIn(reply.Location!));

        back.Should().BeAPage(403);
        back.Page.Body!.TextContent.Should().Contain($"That is not the Acme {id} account linked to yours.");
        browser.Cookies[SessionCookie].Should().Be(before);
        (await WhoAsync(browser)).Should().Be(olivia.Subject);
        (await browser.SubmitToAsync(Paths.AdminKeysRotate, await browser.FollowAsync(Paths.AdminKeys))).Status
            .Should().Be(401, "still stale");
        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject", bob)).Should().Be(0);
    }

    [Test, Case("UP-132")]
    public async Task An_old_session_there_or_one_without_time_refreshes_nothing()
    {
        var (company, id) = await CompanyAsync();
        var (browser, _, page) = await StaleAdminAsync(company, id);
        foreach (var (at, words) in new (Func<DateTimeOffset?>, string)[]
            { (() => DateTimeOffset.UtcNow.AddHours(-1), "did not ask you again."),
                (() => null, "does not say when you signed in; add a passkey") })
        {
            company.SignedInAt = at;
            var reply = await browser.SubmitToAsync($"{Paths.Federation}/{id}", new Landing(Paths.AdminKeys, page));
            var back = await browser.GetAsync(company.SignIn(reply.Location!));

            back.Should().BeAPage(400);
            back.Page.Body!.TextContent.Should().Contain(words);
            (await browser.SubmitToAsync(Paths.AdminKeysRotate, await browser.FollowAsync(Paths.AdminKeys))).Status.Should().Be(401);
        }
    }
}
