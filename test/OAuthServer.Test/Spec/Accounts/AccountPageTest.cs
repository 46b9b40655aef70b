using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>Who one is here: the profile changes at once, an address only once it is shown to be theirs.</summary>
[Behaviour(95)]
public sealed class AccountPageTest : MailFixture
{
    [Test]
    public async Task The_profile_is_shown_and_changed()
    {
        var (alice, browser) = (await Server.UserAsync(), NewBrowser());
        await browser.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.Account);

        var reply = await browser.SubmitToAsync(Paths.Account, page, ("name", " Alice Demo "), ("given_name", "Alice"), ("family_name",
            "Demo"),
            ("locale", "PT-br"));

        reply.Location.Should().Be($"{Server.Issuer}{Paths.Account}?done=saved");
        (await Server.QueryAsync<string>("select concat_ws('|', name, given_name, family_name, locale) from users "
            + "where subject = @Subject", alice))
            .Should().Equal("Alice Demo|Alice|Demo|pt-BR");
        var shown = await browser.FollowAsync(reply, "");
        shown.Reply.Body.Should().Contain("Your profile has been saved.").And.Contain("value=\"Alice Demo\"");
        (await Server.ScalarAsync<string>("select actor || ' ' || detail from audit_events where request_id = @id",
            new { id = reply.RequestId }))
            .Should().StartWith($"user:{alice.Subject} update users {alice.Username}: ").And.NotContain("Demo");
    }

    [Test]
    public async Task What_an_operator_decides_no_form_changes()
    {
        var ((alice, email), browser) = (await WithAddressAsync(), NewBrowser());
        await Server.ExecuteAsync("update users set groups = '{staff}' where subject = @Subject", alice);
        await browser.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.Account);

        await browser.SubmitToAsync(Paths.Account, page, ("name", "Alice"), ("role", "admin"), ("groups", "ops"), ("username", "root"),
            ("email_verified_at", "yes"), ("subject", $"{Guid.NewGuid()}"));

        (await Server.QueryAsync<string>("select concat_ws(' ', username, role, groups, email, name) from users where subject = @Subject",
            alice))
            .Should().Equal($"{alice.Username} user {{staff}} {email} Alice");
    }

    [Test]
    public async Task A_profile_that_was_changed_meanwhile_is_not_overwritten()
    {
        var (alice, browser) = (await Server.UserAsync(), NewBrowser());
        await browser.SignInAsync(alice);
        var page = await browser.FollowAsync(Paths.Account);
        await Server.ExecuteAsync("update users set groups = '{new}', name = 'By an operator' where subject = @Subject", alice);

        var reply = await browser.SubmitToAsync(Paths.Account, page, ("name", "Alice"));

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain("was changed meanwhile");
        (await Server.ScalarAsync<string>("select name from users where subject = @Subject", alice)).Should().Be("By an operator");
    }

    [Test]
    public async Task A_new_address_takes_the_place_of_the_old_one_when_its_link_is_opened_and_the_old_one_is_told()
    {
        var ((alice, email), browser) = (await WithAddressAsync(), NewBrowser());
        var fresh = $"new-{email}";
        await browser.SignInAsync(alice);

        var reply = await ChangeAsync(browser, fresh);
        var told = await Sink.MailToAsync(email, "Your address");
        var mail = await Sink.MailToAsync(fresh);

        (await browser.FollowAsync(reply, "")).Reply.Body.Should().Contain("A message is on its way to the new address").And.Contain(fresh);
        told.Text.Should().Contain(fresh).And.NotContain("/account/link");
        (await EmailAsync(alice)).Should().Be($"{email} true", "the old one stays until then");
        var link = await NewBrowser().FollowAsync(At(mail.Token));
        link.Reply.Body.Should().Contain(fresh).And.Contain($", for the account <strong><bdi>{alice.Username}</bdi></strong>?");
        (await EmailAsync(alice)).Should().Be($"{email} true", "opening it does nothing");
        var elsewhere = NewBrowser();
        (await elsewhere.SubmitAsync(await elsewhere.FollowAsync(At(mail.Token)))).Body.Should().Contain("Your address is confirmed");
        (await EmailAsync(alice)).Should().Be($"{fresh} true");
        (await elsewhere.GetAsync(At(mail.Token))).Status.Should().Be(404);
        HasSession(elsewhere).Should().BeFalse();
        (await browser.IsSignedInAsync()).Should().BeTrue("nothing ends with an address");
    }

    [Test]
    public async Task A_link_that_was_mailed_to_the_old_address_ends_with_it()
    {
        var ((alice, email), browser) = (await WithAddressAsync(), NewBrowser());
        await browser.SignInAsync(alice);
        await ForgetAsync(NewBrowser(), email);
        var old = (await Sink.MailToAsync(email, "new password")).Token;
        await ChangeAsync(browser, $"new-{email}");
        var proof = (await Sink.MailToAsync($"new-{email}")).Token;

        await browser.SubmitAsync(await browser.FollowAsync(At(proof)));

        (await NewBrowser().GetAsync(At(old))).Status.Should().Be(404);
    }

    [Test]
    public async Task An_operators_mailed_link_ends_with_the_address_and_one_handed_over_does_not()
    {
        var ((alice, email), (bob, _)) = (await WithAddressAsync(), await WithAddressAsync("bob"));
        var link = new NewAccountLink { Kind = AccountLinks.Reset, Subject = alice.Subject, Mailed = true };
        var (mailed, handed) = (await MakeAsync(link), await ResetAsync(bob));

        await Server.ExecuteAsync("update users set email = 'new-' || email where subject = any (@both)",
            new { both = new[] { alice.Subject, bob.Subject } });

        (await NewBrowser().GetAsync(At(mailed))).Status.Should().Be(404);
        (await NewBrowser().GetAsync(At(handed))).Status.Should().Be(200);
    }

    [Test]
    public async Task Three_links_an_hour_go_to_an_address_and_from_a_person_and_the_next_is_silently_none()
    {
        var (address, bodies, browser) = ($"{NewName("stranger")}@example.test", new List<string?>(), NewBrowser());
        for (var number = 0; number < 4; number++)
        {
            browser = NewBrowser();
            await browser.SignInAsync(await Server.UserAsync());
            bodies.Add((await ChangeAsync(browser, address.ToUpperInvariant())).Location);
        }

        browser = NewBrowser();
        await browser.SignInAsync(await Server.UserAsync());
        for (var number = 0; number < 4; number++) bodies.Add((await ChangeAsync(browser, $"{number}-{address}")).Location);

        bodies.Distinct().Should().ContainSingle("whoever asks is not told");
        (await Server.ScalarAsync<long>("select count(*) from account_links where lower(email) = @address", new { address }))
            .Should().Be(3);
        (await Server.QueryAsync<string>("select email from account_links where email like @like", new { like = $"%-{address}" }))
            .Should().Equal($"2-{address}");
    }

    [Test, Case("ACC-119")]
    public async Task Somebody_elses_address_does_nothing_for_who_enters_it()
    {
        var ((olivia, hers), mallory, browser) = (await WithAddressAsync("olivia"), await Server.UserAsync("mallory"), NewBrowser());
        var before = await HashAsync(mallory);
        await browser.SignInAsync(mallory);

        var reply = await ChangeAsync(browser, hers.ToUpperInvariant());
        await ForgetAsync(NewBrowser(), hers);
        var reset = await Sink.MailToAsync(hers, "new password");
        var proof = await Sink.MailToAsync(hers.ToUpperInvariant(), "Confirm");

        reply.Status.Should().Be(303);
        reset.Text.Should().Contain(olivia.Username).And.NotContain(mallory.Username);
        (await EmailAsync(mallory)).Should().Be(" false");
        // Even when olivia opens what mallory had sent to her.
        var opened = NewBrowser();
        (await opened.SubmitAsync(await opened.FollowAsync(At(proof.Token)))).Status.Should().Be(404);
        (await EmailAsync(mallory)).Should().Be(" false");
        (await EmailAsync(olivia)).Should().Be($"{hers} true");
        (await SpendAsync(NewBrowser(), reset.Token)).Status.Should().Be(200);
        (await HashAsync(mallory)).Should().Be(before);
    }

    [Test]
    public async Task Of_two_who_prove_one_address_at_once_one_has_it()
    {
        var (one, two) = (await Server.UserAsync(), await Server.UserAsync());
        var address = $"{NewName("shared")}@example.test";
        var tokens = new[] { await ProofAsync(one, address), await ProofAsync(two, address) };
        var browsers = new[] { NewBrowser(), NewBrowser() };
        var pages = new[] { await browsers[0].FollowAsync(At(tokens[0])), await browsers[1].FollowAsync(At(tokens[1])) };

        var replies = await Task.WhenAll(browsers[0].SubmitAsync(pages[0]), browsers[1].SubmitAsync(pages[1]));

        replies.Select(reply => reply.Status).Should().BeEquivalentTo([200, 404]);
        (await Server.ScalarAsync<long>("select count(*) from users where email = @address", new { address })).Should().Be(1);
    }

    [Test]
    public async Task An_address_is_a_way_in_and_asks_for_a_recent_sign_in()
    {
        await using var server = await TestServer.StartAsync(Change, services: Register);
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        await browser.SignInAsync(alice);
        server.Clock.Travel(TimeSpan.FromMinutes(6));

        var asked = await ChangeAsync(browser, "new@example.test");

        asked.Should().BeAPage(401);
        (await server.ScalarAsync<long>("select count(*) from account_links")).Should().Be(0);
        (await browser.SubmitAsync(new Landing(Paths.Account, asked), changes: [("your_password",
            alice.Password)])).Status.Should().Be(303);
        (await server.ScalarAsync<string>("select email from account_links where kind = 'address'")).Should().Be("new@example.test");
    }

    [TestCase("nobody"), TestCase("a@b\r\nBcc: c@d"), TestCase("<a@b.example>"), TestCase("a@b, c@d"), TestCase(""),
        TestCase("a..b@x.example")]
    public async Task What_is_no_address_is_refused_beside_its_field(string address)
    {
        var (alice, browser) = (await Server.UserAsync(), NewBrowser());
        await browser.SignInAsync(alice);

        var reply = await ChangeAsync(browser, address);

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain("id=\"email-problem\">This is no e-mail address");
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = @Subject", alice)).Should().Be(0);
    }

    [Test]
    public async Task Without_mail_an_administrator_changes_addresses_and_forgotten_passwords()
    {
        await using var server = await TestServer.StartAsync();
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        (await browser.GetAsync(Paths.ForgottenPassword)).Body.Should().Contain("Ask your administrator").And.NotContain("<form");
        (await browser.GetAsync(Paths.Login)).Body.Should().Contain("Ask your administrator");
        await browser.SignInAsync(alice);

        var page = await browser.GetAsync(Paths.Account);

        page.Body.Should().Contain("An administrator can change it.").And.NotContain("name=\"email\"");
        browser.Cookies.Keys.Should().NotContain(OAuthServer.Html.Cookies.Name("k", server.Settings), "nothing is remembered in vain");
    }

    private static async Task<Reply> ChangeAsync(Browser browser, string address)
    {
        var page = await browser.GetAsync(Paths.Account);
        var token = page.Page.QuerySelector("input[name=antiforgery]")!.GetAttribute("value")!;
        return await browser.PostAsync(Paths.Account, [new("antiforgery", token), new("what", "address"), new("email", address)]);
    }

    private Task<string> EmailAsync(Person person) => Server.ScalarAsync<string>(
        "select coalesce(email, '') || ' ' || (email_verified_at is not null) from users where subject = @Subject", person);
}
