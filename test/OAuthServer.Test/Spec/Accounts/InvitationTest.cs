using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>An account begins with a link that works once; the row behind it says whose it is and what they may do.</summary>
[Behaviour(92)]
public sealed class InvitationTest : AccountFixture
{
    [Test]
    public async Task Whoever_opens_it_chooses_a_password_and_is_signed_in()
    {
        var (name, browser) = (NewName(), NewBrowser());
        var token = await InviteAsync(name, "admin", "ada@example.test");

        var page = await browser.FollowAsync(At(token));
        var reply = await SpendAsync(browser, token);

        page.Reply.Body.Should().Contain($"<bdi>{name}</bdi>").And.Contain("At least 15 characters.");
        (reply.Status, reply.Location).Should().Be((303, Server.Issuer + Paths.Account));
        (await browser.GetAsync(Paths.Account)).Should().BeAPage(200);
        (await Server.QueryAsync<string>(
            "select concat_ws(' ', username, role, email, email_verified_at is null, enabled) from users where username = @name",
                new { name }))
            .Should().Equal($"{name} admin ada@example.test t t");
        (await Server.QueryAsync<string>("select event || ' ' || coalesce(detail, '') from audit_events where request_id = @id order by 1",
            new { id = reply.RequestId })).Should().HaveCount(3).And.Contain("account-link invitation accepted")
            .And.Contain("sign-in invitation").And.Contain(text => text.StartsWith($"edit insert users {name}"));
        (await NewBrowser().SignInAsync(new Person(name, Guid.Empty))).Reply.Status.Should().Be(401, "not with any password");
    }

    [TestCase("a..b@x.example"), TestCase(".a@x.example"), TestCase("a@x..example"), TestCase("a@b, c@d"), TestCase("<a@b>")]
    public async Task To_what_is_no_address_nobody_is_invited(string address)
    {
        var refusal = await Edit.TryAsync(() => InviteAsync(NewName(), email: address, mailed: true));

        refusal!.Message.Should().Be("This is no e-mail address");
    }

    [Test]
    public async Task Opening_it_spends_nothing_and_says_so_in_its_headers()
    {
        var (name, browser) = (NewName(), NewBrowser());
        var token = await InviteAsync(name);

        for (var scanner = 0; scanner < 3; scanner++)
        {
            var page = await NewBrowser().GetAsync(At(token));
            (page.Status, page.Header("Referrer-Policy"), page.Header("Cache-Control")).Should().Be((200, "no-referrer", "no-store"));
        }

        (await PeopleAsync(name)).Should().Be(0);
        (await SpendAsync(browser, token)).Status.Should().Be(303);
    }

    [Test]
    public async Task It_works_once_however_often_it_is_sent_at_the_same_time()
    {
        var name = NewName();
        var token = await InviteAsync(name);
        var browsers = Enumerable.Range(0, 8).Select(_ => NewBrowser()).ToArray();
        var pages = await Task.WhenAll(browsers.Select(browser => browser.FollowAsync(At(token))));

        var replies = await Task.WhenAll(browsers.Zip(pages, (browser, page) =>
            browser.SubmitAsync(page, changes: [("password", Better), ("again", Better)])));

        replies.Count(reply => reply.Status == 303).Should().Be(1);
        replies.Count(reply => reply.Status == 404).Should().Be(7);
        (await PeopleAsync(name)).Should().Be(1);
    }

    [Test, Case("ACC-101")]
    public async Task An_altered_token_makes_nobody_and_the_row_wins_over_the_form()
    {
        var (name, browser) = (NewName(), NewBrowser());
        var token = await InviteAsync(name, email: "ada2@example.test");
        string[] altered = [Changed(token), token + "=", token.ToUpperInvariant(), token + " ", "", token[..42]];
        (string, string?)[] more = [("username", "mallory"), ("role", "admin"), ("email", "boss@example.test")];

        foreach (var wrong in altered)
        {
            var reply = await PostAsync(NewBrowser(), wrong, AccountLinks.Invitation, more);
            reply.Status.Should().Be(404, wrong);
            reply.Body.Should().Contain("This link no longer works. Ask for a new one.");
            (await PeopleAsync(name)).Should().Be(0);
        }

        (await PostAsync(browser, token, AccountLinks.Invitation, more)).Status.Should().Be(303);
        (await Server.QueryAsync<string>("select role || ' ' || email from users where username = @name", new { name }))
            .Should().Equal("user ada2@example.test");
        (await PeopleAsync("mallory")).Should().Be(0);
        (await Server.ScalarAsync<long>("select count(*) from users where email = 'boss@example.test'")).Should().Be(0);
    }

    [Test, Case("ACC-103")]
    public async Task Expired_superseded_revoked_spent_and_random_are_one_answer()
    {
        var name = NewName();
        var superseded = await InviteAsync(name);
        var revoked = await InviteAsync(name);
        await Server.ExecuteAsync("delete from account_links where username = @name", new { name });
        var spent = await InviteAsync(NewName());
        await SpendAsync(NewBrowser(), spent);
        var taken = await InviteAsync(name);
        await Server.ExecuteAsync("insert into users (username) values (@name)", new { name });
        var gone = NewName();
        var reserved = await InviteAsync(gone);
        await Server.ExecuteAsync("insert into users (username) values (@gone); delete from users where username = @gone", new { gone });
        var expired = await InviteAsync(NewName());
        await Server.ExecuteAsync("update account_links set expires_at = now() - interval '1 second' where token_hash = sha256(@token)",
            new { token = System.Text.Encoding.ASCII.GetBytes(expired) });

        var bodies = new List<string>();
        foreach (var token in new[] { superseded, revoked, spent, taken, reserved, expired, OAuthServer.Grants.OpaqueToken.Mint() })
        {
            var reply = await NewBrowser().GetAsync(At(token));
            (reply.Status, reply.Header("Referrer-Policy")).Should().Be((404, "no-referrer"));
            bodies.Add(Regex.Replace(reply.Body, "<code>[^<]*</code>", ""));
        }

        bodies.Distinct().Should().ContainSingle().Which.Should().NotContain(name);
    }

    [Test, Case("ACC-105")]
    public async Task Whoever_is_signed_in_signs_out_first()
    {
        var (alice, name, browser) = (await Server.UserAsync(), NewName(), NewBrowser());
        var token = await InviteAsync(name, "admin");
        var form = await browser.FollowAsync(At(token));
        await browser.SignInAsync(alice);

        var page = await browser.FollowAsync(At(token));
        var forced = await browser.SubmitAsync(form, changes: [("password", Better), ("again", Better)]);

        foreach (var reply in new[] { page.Reply, forced })
        {
            reply.Status.Should().Be(200);
            reply.Body.Should().Contain("Sign out first").And.Contain(alice.Username).And.NotContain(name);
        }

        (await PeopleAsync(name)).Should().Be(0);
        (await Server.ScalarAsync<string>("select role from users where subject = @Subject", alice)).Should().Be("user");
        await browser.SubmitToAsync(Paths.Logout, page);
        (await SpendAsync(browser, token)).Status.Should().Be(303);
    }

    [Test]
    public async Task An_address_counts_as_verified_only_if_the_link_was_mailed_to_it()
    {
        var (mailed, shown, second) = (NewName(), NewName(), NewName());
        var address = $"{mailed}@example.test";

        await SpendAsync(NewBrowser(), await InviteAsync(mailed, email: address, mailed: true));
        await SpendAsync(NewBrowser(), await InviteAsync(shown, email: $"{shown}@example.test"));
        await SpendAsync(NewBrowser(), await InviteAsync(second, email: address.ToUpperInvariant(), mailed: true));

        (await Server.QueryAsync<string>("select username from users where email_verified_at is not null and username = any (@names)",
            new { names = new[] { mailed, shown, second } })).Should().Equal(mailed);
        (await PeopleAsync(second)).Should().Be(1, "an address that somebody else has shown to be theirs keeps nobody out");
    }

    [Test]
    public async Task One_for_a_sign_in_provider_is_accepted_with_that_provider_alone()
    {
        var name = NewName();
        var token = await InviteAsync(name, provider: "entra", email: "ada3@example.test", mailed: true);
        var links = Server.Get<AccountLinks>();

        var page = await NewBrowser().GetAsync(At(token));
        var posted = await PostAsync(NewBrowser(), token, AccountLinks.Invitation);

        page.Body.Should().Contain("Sign in with <bdi>entra</bdi> to accept it.").And.NotContain("type=\"password\"");
        posted.Status.Should().Be(200);
        (await PeopleAsync(name)).Should().Be(0);
        (await links.AcceptAsync(token, null, "okta", Context())).Should().BeNull();
        (await links.AcceptAsync(token, null, "entra", Context())).Should().NotBeNull();
        (await links.AcceptAsync(token, null, "entra", Context())).Should().BeNull("it is spent");
        (await Server.QueryAsync<string>("select coalesce(password_hash, 'none') || ' ' || (email_verified_at is not null) from users "
            + "where username = @name", new { name })).Should().Equal("none true");
    }

    [Test]
    public async Task A_password_that_is_no_good_spends_nothing()
    {
        var (name, browser) = (NewName(), NewBrowser());
        var token = await InviteAsync(name);

        var shorter = await SpendAsync(browser, token, "of 14 charact.");
        var differs = await SpendAsync(browser, token, Better, ("again", "something else"));

        shorter.Body.Should().Contain("id=\"password-problem\">At least 15 characters.");
        differs.Body.Should().Contain("The passwords do not match.");
        (shorter.Status, differs.Status, await PeopleAsync(name)).Should().Be((400, 400, 0));
        (await SpendAsync(browser, token)).Status.Should().Be(303);
    }

    private RequestContext Context()
    {
        var request = TimedId.NewRequestId(Server.Clock.GetUtcNow());
        return new RequestContext { RequestId = request, At = TimedId.TimeOf(request)!.Value, Address = "127.0.0.1" };
    }

    private static string Changed(string token) => (token[0] == 'A' ? 'B' : 'A') + token[1..];
}
