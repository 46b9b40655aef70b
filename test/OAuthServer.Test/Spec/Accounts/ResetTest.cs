using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>A link to a new password ends everything, and gives nothing but the password.</summary>
[Behaviour(92, 93)]
public sealed class ResetTest : AccountFixture
{
    [Test, Case("ACC-115")]
    public async Task A_reset_ends_every_session_code_and_grant_and_signs_nobody_in()
    {
        var (alice, app, hers, thief, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), NewBrowser(), NewBrowser(),
            await Server.ResourceServerAsync());
        var (tokens, code) = (await app.TokensAsync(alice, hers), await app.CodeAsync(alice, hers));
        await thief.SignInAsync(alice);
        var (token, other, fresh) = (await ResetAsync(alice), await ResetAsync(alice, AccountLinks.MailedReset), NewBrowser());

        var reply = await SpendAsync(fresh, token);

        reply.Status.Should().Be(200);
        reply.Body.Should().Contain("Sign in with the new password");
        HasSession(fresh).Should().BeFalse();
        (await fresh.IsSignedInAsync()).Should().BeFalse();
        (await hers.IsSignedInAsync()).Should().BeFalse();
        (await thief.IsSignedInAsync()).Should().BeFalse();
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await app.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await NewBrowser().GetAsync(At(other))).Status.Should().Be(404, "a new password ends every other link");
        (await fresh.SignInAsync(await fresh.FollowAsync("/login"), alice, Better)).Reply.Status.Should().Be(200);
        (await fresh.GetAsync(Paths.Sessions)).Body.Should().Contain("You changed your password");
    }

    [Test]
    public async Task Whoever_is_signed_in_as_that_person_may_open_it_and_signs_in_again()
    {
        var (alice, browser) = (await Server.UserAsync(), NewBrowser());
        await browser.SignInAsync(alice);

        (await SpendAsync(browser, await ResetAsync(alice))).Status.Should().Be(200);

        HasSession(browser).Should().BeFalse();
    }

    [Test]
    public async Task Of_somebody_else_signed_in_nothing_is_changed()
    {
        var (alice, mallory, browser) = (await Server.UserAsync(), await Server.UserAsync("mallory"), NewBrowser());
        var before = await HashAsync(alice);
        var token = await ResetAsync(alice);
        var page = await browser.FollowAsync(At(token));
        await browser.SignInAsync(mallory);

        var reply = await browser.SubmitAsync(page, changes: [("password", Better), ("again", Better)]);

        reply.Body.Should().Contain("Sign out first").And.NotContain(alice.Username);
        (await HashAsync(alice)).Should().Be(before);
    }

    [Test, Case("ACC-116")]
    public async Task A_used_link_one_of_a_disabled_person_and_one_overtaken_by_a_password_change_nothing()
    {
        var people = new Dictionary<string, Person>
        {
            ["used"] = await Server.UserAsync(),
            ["disabled"] = await Server.UserAsync(),
            ["changed"] = await Server.UserAsync(),
            ["enabled again"] = await Server.UserAsync(),
        };
        var pages = new Dictionary<string, (Browser Browser, Landing Page)>();
        foreach (var (why, person) in people)
        {
            var browser = NewBrowser();
            pages[why] = (browser, await browser.FollowAsync(At(await ResetAsync(person))));
        }

        await Submit("used");
        await Server.ExecuteAsync("update users set enabled = false where subject = any (@subjects)",
            new { subjects = new[] { people["disabled"].Subject, people["enabled again"].Subject } });
        await Server.ExecuteAsync("update users set enabled = true where subject = @Subject", people["enabled again"]);
        await Server.ExecuteAsync("update users set password_hash = @hash where subject = @Subject",
            new { hash = TestServer.Hash("something new by hand"), people["changed"].Subject });
        var before = await Server.QueryAsync<string>("select password_hash from users order by subject");

        foreach (var why in people.Keys) (await Submit(why)).Status.Should().Be(404, why);

        (await Server.QueryAsync<string>("select password_hash from users order by subject")).Should().Equal(before);

        Task<Reply> Submit(string why) => pages[why].Browser.SubmitAsync(pages[why].Page,
            changes: [("password", "another good password"), ("again", "another good password")]);
    }

    [Test]
    public async Task Of_two_who_send_it_at_once_one_sets_the_password()
    {
        var alice = await Server.UserAsync();
        var token = await ResetAsync(alice);
        var browsers = Enumerable.Range(0, 6).Select(_ => NewBrowser()).ToArray();
        var pages = await Task.WhenAll(browsers.Select(browser => browser.FollowAsync(At(token))));

        var replies = await Task.WhenAll(browsers.Select((browser, number) => browser.SubmitAsync(pages[number],
            changes: [("password", $"{Better} {number}"), ("again", $"{Better} {number}")])));

        replies.Count(reply => reply.Status == 200).Should().Be(1);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'account-link' and subject = @subject "
            + "and detail = 'reset used'", new { subject = alice.Subject.ToString() })).Should().Be(1);
    }

    [Test, Case("ACC-107")]
    public async Task A_link_of_one_kind_does_not_do_what_another_is_for()
    {
        var (alice, olivia) = (await Server.UserAsync(), await Server.UserAsync("olivia", "admin"));
        var (hers, admins, name) = (await HashAsync(alice), await HashAsync(olivia), NewName());
        var proof = await ProofAsync(alice, $"{alice.Username}@example.test");
        var invitation = await InviteAsync(name);

        foreach (var kind in new[] { AccountLinks.Reset, AccountLinks.Invitation, AccountLinks.MailedReset, "", "x" })
            (await PostAsync(NewBrowser(), proof, kind)).Status.Should().Be(404, kind);
        foreach (var kind in new[] { AccountLinks.Reset, AccountLinks.Address, AccountLinks.MailedReset })
            (await PostAsync(NewBrowser(), invitation, kind, ("subject", $"{olivia.Subject}"), ("username", olivia.Username)))
                .Status.Should().Be(404, kind);
        (await PostAsync(NewBrowser(), await ResetAsync(alice), AccountLinks.Address)).Status.Should().Be(404);

        (await HashAsync(alice), await HashAsync(olivia), await PeopleAsync(name)).Should().Be((hers, admins, 0));
        (await Server.ScalarAsync<string?>("select email from users where subject = @Subject", alice)).Should().BeNull();
    }

    [Test]
    public async Task A_form_of_another_browser_spends_nothing()
    {
        var (alice, browser, other) = (await Server.UserAsync(), NewBrowser(), NewBrowser());
        var token = await ResetAsync(alice);
        var before = await HashAsync(alice);
        var page = await browser.FollowAsync(At(token));
        await other.FollowAsync(At(token));

        (await other.SubmitAsync(page, changes: [("password", Better), ("again", Better)])).Should().BeAnErrorPage("invalid_request");

        (await HashAsync(alice)).Should().Be(before);
    }

    [Test]
    public async Task A_new_link_takes_the_place_of_the_one_before_and_none_is_made_for_a_disabled_person()
    {
        var alice = await Server.UserAsync();
        var first = await ResetAsync(alice);

        var second = await ResetAsync(alice);

        (await NewBrowser().GetAsync(At(first))).Status.Should().Be(404);
        (await NewBrowser().GetAsync(At(second))).Status.Should().Be(200);
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = @Subject", alice)).Should().Be(1);
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = @Subject", alice)).Should().Be(0);
        (await FluentActions.Awaiting(() => ResetAsync(alice)).Should().NotThrowAsync()).Subject.Should().BeNull();
    }

    [Test, Case("ACC-124")]
    public async Task Enabling_somebody_again_revives_no_token_session_or_link()
    {
        var (alice, app, browser, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), NewBrowser(),
            await Server.ResourceServerAsync());
        var tokens = await app.TokensAsync(alice, browser);
        var token = await ResetAsync(alice);

        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);
        await Server.ExecuteAsync("update users set enabled = true where subject = @Subject", alice);

        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await NewBrowser().GetAsync(At(token))).Status.Should().Be(404);
        (await NewBrowser().SignInAsync(alice)).Is(Paths.ConnectedApps).Should().BeTrue();
    }

    [TestCase(AccountLinks.Invitation, 7 * 24 * 60)]
    [TestCase(AccountLinks.Reset, 24 * 60)]
    [TestCase(AccountLinks.MailedReset, 30)]
    [TestCase(AccountLinks.Address, 24 * 60)]
    public async Task A_link_works_for_its_time_and_no_longer(string kind, int minutes)
    {
        var alice = await Server.UserAsync();
        var token = await MakeAsync(kind == AccountLinks.Invitation
            ? new NewAccountLink { Kind = kind, Username = NewName(), Role = "user" }
            : new NewAccountLink { Kind = kind, Subject = alice.Subject, Email = "a@example.test" });
        var made = await Server.ScalarAsync<DateTime>("select expires_at from account_links where token_hash = sha256(@token)",
            new { token = System.Text.Encoding.ASCII.GetBytes(token) });

        made.Should().BeCloseTo(Server.Clock.GetUtcNow().UtcDateTime.AddMinutes(minutes), TimeSpan.FromSeconds(30));
        (await NewBrowser().GetAsync(At(token))).Status.Should().Be(200);
    }
}
