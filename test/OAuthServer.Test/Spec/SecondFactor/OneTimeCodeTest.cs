using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.SecondFactor;

/// <summary>Codes of an authenticator app and recovery codes: after the password, once, in the browser that gave it.</summary>
[Behaviour(91)]
public sealed class OneTimeCodeTest : SecondFactorFixture
{
    private const string Wrong = "That code is not right. Wait for the next one.";

    [Test]
    public async Task Who_has_an_app_is_asked_for_its_code_after_the_password()
    {
        var alice = await EnrolAsync();
        var (browser, asked) = await GivePasswordAsync(alice.Person);

        var answer = await GiveCodeAsync(browser, asked, alice.App.Code());

        answer.Status.Should().Be(303);
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await Server.AuditAsync(answer)).Should().ContainSingle(row => row.Event == "sign-in").Which.Detail.Should().Be("password+otp");
        (await LastSessionAsync(alice.Person)).Should().Be("aal2 pwd otp mfa");
    }

    [Test]
    public async Task The_page_shows_the_secret_as_text_and_as_a_picture_and_only_a_right_code_adds_the_app()
    {
        var (person, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(person);
        var begun = await browser.SubmitAsync(await browser.FollowAsync(Paths.SecondFactor), changes: [("what", "begin")]);
        begun.Page.QuerySelector("svg.picture[role=img]")!.GetAttribute("aria-label").Should().NotBeEmpty();
        begun.Page.QuerySelector("code.setup-key")!.TextContent.Should().MatchRegex("^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$");
        (await CountAsync("totp", person)).Should().Be(0);

        var wrong = await browser.SubmitAsync(new Landing(Paths.SecondFactor, begun), changes: [("code", "000000")]);

        wrong.Should().BeAPage(401, drawn: true);
        wrong.Body.Should().Contain(Wrong);
        (await CountAsync("totp", person)).Should().Be(0, "nothing is kept of an app that was not shown to work");
        wrong.Page.QuerySelector("code.setup-key")!.TextContent.Should().Be(begun.Page.QuerySelector("code.setup-key")!.TextContent);
        var right = await browser.SubmitAsync(new Landing(Paths.SecondFactor, wrong),
            changes: [("code", new AuthenticatorApp(wrong.Page.QuerySelector("code.setup-key")!.TextContent, Server.Clock).Code())]);
        right.Should().BeAPage(200);
        (await CountAsync("totp", person)).Should().Be(1);
    }

    [Test]
    public async Task A_secret_kept_in_a_page_is_of_no_use_in_another_session()
    {
        var (alice, mallory) = (Server.NewBrowser(), Server.NewBrowser());
        var (one, other) = (await Server.UserAsync(), await Server.UserAsync("mallory"));
        await alice.SignInAsync(one);
        await mallory.SignInAsync(other);
        var hers = await alice.SubmitAsync(await alice.FollowAsync(Paths.SecondFactor), changes: [("what", "begin")]);
        var his = await mallory.SubmitAsync(await mallory.FollowAsync(Paths.SecondFactor), changes: [("what", "begin")]);
        var app = new AuthenticatorApp(his.Page.QuerySelector("code.setup-key")!.TextContent, Server.Clock);
        var planted = his.Page.QuerySelector("input[name=sealed]")!.GetAttribute("value");

        var answer = await alice.SubmitAsync(new Landing(Paths.SecondFactor, hers), changes: [("sealed", planted), ("code", app.Code())]);

        answer.Status.Should().Be(409);
        (await CountAsync("totp", one)).Should().Be(0);
    }

    [Test, Case("PK-120"), Rfc(6238, "5.2")]
    public async Task A_code_works_once_however_many_browsers_give_it_at_once()
    {
        var alice = await EnrolAsync();
        var ready = new List<(Browser, Landing)>();
        for (var i = 0; i < 8; i++) ready.Add(await GivePasswordAsync(alice.Person));
        var code = alice.App.Code();

        var answers = await Task.WhenAll(ready.Select(one => GiveCodeAsync(one.Item1, one.Item2, code)));

        answers.Count(answer => answer.Status == 303 && answer.Location!.EndsWith(Paths.ConnectedApps, StringComparison.Ordinal))
            .Should().Be(1);
        answers.Where(answer => answer.Status != 303).Should().OnlyContain(answer => answer.Status == 401);
        var (browser, asked) = await GivePasswordAsync(alice.Person);
        (await GiveCodeAsync(browser, asked, alice.App.Code(-1))).Status.Should().Be(401, "a code of an earlier step after a later one");
    }

    [Test]
    public async Task The_code_before_and_the_next_are_taken_and_blanks_do_not_matter()
    {
        foreach (var (step, status) in new[] { (-2, 401), (2, 401), (-1, 303), (0, 303), (1, 303) })
        {
            var alice = await EnrolAsync();
            // Far from the code that added the app.
            Server.Clock.Travel(TimeSpan.FromMinutes(2));
            var (browser, asked) = await GivePasswordAsync(alice.Person);
            var code = alice.App.Code(step);
            (await GiveCodeAsync(browser, asked, $" {code[..3]} {code[3..]}")).Status.Should().Be(status, $"step {step}");
        }
    }

    [Test, Case("PK-121"), Rfc(6238, "5.1")]
    public async Task Five_wrong_codes_start_over_and_twenty_pause_codes_from_anywhere()
    {
        var alice = await EnrolAsync();
        var wrong = 0;
        for (var sign = 0; sign < 4; sign++)
        {
            var (browser, asked) = await GivePasswordAsync(alice.Person);
            for (var i = 0; i < 5; i++, wrong++)
            {
                var answer = await GiveCodeAsync(browser, asked, "000000");
                if (i < 4) answer.Status.Should().Be(401, $"after {wrong} wrong ones");
                else answer.Location.Should().EndWith(Paths.Login, "after five it starts over");
            }

            (await GiveCodeAsync(browser, asked, alice.App.Code())).Location.Should().EndWith(Paths.Login, "this sign-in is over");
        }

        var elsewhere = await GivePasswordAsync(alice.Person);
        var paused = await GiveCodeAsync(elsewhere.Browser, elsewhere.Asked, alice.App.Code());

        paused.Status.Should().Be(429, "not even a right code is looked at");
        paused.Header("Retry-After").Should().MatchRegex(@"^\d+$");
        paused.Body.Should().Contain("Too many attempts. Wait 15 minutes, or use a passkey.");
        Server.Clock.Travel(TimeSpan.FromMinutes(16));
        var later = await GivePasswordAsync(alice.Person);
        (await GiveCodeAsync(later.Browser, later.Asked, alice.App.Code())).Status.Should().Be(303);
    }

    [Test, Case("PK-123")]
    public async Task A_pending_sign_in_is_this_browsers_and_five_minutes_old_at_most()
    {
        var alice = await EnrolAsync();
        var (browser, asked) = await GivePasswordAsync(alice.Person);
        var thief = Server.NewBrowser();
        await thief.FollowAsync(Paths.Login);

        (await thief.GetAsync(asked.Url)).Location.Should().EndWith(Paths.Login);
        var stolen = await thief.SubmitToAsync(Paths.Login, await thief.FollowAsync(Paths.Login), ("username", "x"), ("password", "y"));
        stolen.Status.Should().Be(401);
        var form = Browser.Form.To(asked.Reply.Body, Paths.LoginCode)!.Fields.Where(field => field.Key == "pending").ToList();
        var token = Browser.Form.To((await thief.FollowAsync(Paths.Login)).Reply.Body, Paths.Login)!.Fields
            .Single(field => field.Key == "antiforgery");
        (await thief.PostAsync(Paths.LoginCode, [.. form, token, new("code", alice.App.Code())])).Location.Should().EndWith(Paths.Login);
        (await thief.IsSignedInAsync()).Should().BeFalse();

        Server.Clock.Travel(TimeSpan.FromSeconds(301));
        (await GiveCodeAsync(browser, asked, alice.App.Code())).Location.Should().EndWith(Paths.Login);
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Case("PK-124")]
    public async Task A_recovery_code_works_once_however_often_it_is_given_at_once()
    {
        var alice = await EnrolAsync();
        var code = alice.RecoveryCodes[3];
        var ready = new List<(Browser, Landing)>();
        for (var i = 0; i < 8; i++) ready.Add(await GivePasswordAsync(alice.Person));

        var answers = await Task.WhenAll(ready.Select(one => GiveCodeAsync(one.Item1, one.Item2, code.ToLowerInvariant())));

        var taken = answers.Single(
            answer => answer.Status == 303 && answer.Location!.EndsWith(Paths.ConnectedApps, StringComparison.Ordinal));
        (await CountAsync("recovery_codes", alice.Person)).Should().Be(9);
        (await Server.AuditAsync(taken)).Should().ContainSingle(row => row.Event == "recovery").Which.Detail.Should()
            .Be("a recovery code was used, 9 left");
        (await LastSessionAsync(alice.Person)).Should().Be("aal2 pwd mfa");
    }

    [Test]
    public async Task A_new_set_of_recovery_codes_ends_the_old_one()
    {
        var alice = await EnrolAsync();
        var page = await alice.Browser.FollowAsync(Paths.SecondFactor);
        var shown = await alice.Browser.SubmitAsync(page, changes: [("what", "renew")]);
        shown.Should().BeAPage(200);
        shown.Page.QuerySelectorAll("ul.codes code").Select(code => code.TextContent).Should().HaveCount(10)
            .And.NotContain(alice.RecoveryCodes);
        (await CountAsync("recovery_codes", alice.Person)).Should().Be(10);
        var (browser, asked) = await GivePasswordAsync(alice.Person);

        (await GiveCodeAsync(browser, asked, alice.RecoveryCodes[0])).Status.Should().Be(401);
    }

    [TestCase("update users set password_hash = crypt('another password', gen_salt('bf', 10)) where subject = @Subject"),
        TestCase("update users set enabled = false where subject = @Subject")]
    public async Task A_new_password_or_a_disabled_person_ends_what_waits_for_a_code(string edit)
    {
        await Server.ExecuteAsync("create extension if not exists pgcrypto");
        var alice = await EnrolAsync();
        var (browser, asked) = await GivePasswordAsync(alice.Person);

        await Server.ExecuteAsync(edit, alice.Person);

        (await GiveCodeAsync(browser, asked, alice.App.Code())).Location.Should().EndWith(Paths.Login);
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task Neither_secret_nor_code_nor_ticket_stands_in_the_database()
    {
        var alice = await EnrolAsync();
        var (browser, asked) = await GivePasswordAsync(alice.Person);
        var code = alice.App.Code();
        await GiveCodeAsync(browser, asked, "123456");

        var rows = string.Join('\n', await Server.QueryAsync<string>("""
            select t::text from totp t union all select r::text from recovery_codes r union all select p::text from pending_sign_ins p
            union all select a::text from audit_events a
            """));

        rows.Should().NotContain(asked.Parameters["pending"]).And.NotContain(code).And.NotContain("123456")
            .And.NotContain(alice.RecoveryCodes[0]);
    }

    private async Task<string> LastSessionAsync(Person person) => await Server.ScalarAsync<string>(
        "select acr || ' ' || array_to_string(amr, ' ') from sessions where subject = @Subject order by authenticated_at desc, last_seen_at desc limit 1",
        person);

    private Task<long> CountAsync(string table, Person person) =>
        Server.ScalarAsync<long>($"select count(*) from {table} where subject = @Subject", person);
}
