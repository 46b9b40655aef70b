using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>A forgotten password: everybody gets one answer, and whose verified address it is gets a link.</summary>
[Behaviour(93, 97)]
public sealed class ForgottenPasswordTest : MailFixture
{
    [Test]
    public async Task The_link_in_the_mail_sets_a_new_password()
    {
        var ((alice, email), browser, hers) = (await WithAddressAsync(), NewBrowser(), NewBrowser());
        await hers.SignInAsync(alice);

        var reply = await ForgetAsync(browser, email.ToUpperInvariant());
        var mail = await Sink.MailToAsync(email, "password");

        reply.Should().BeAPage(200);
        reply.Body.Should().Contain("If that account has a verified address, a message is on its way");
        (mail.Tls, mail.Type, mail.From, mail.Subject).Should().Be((true, "text/plain", "auth@example.test",
            "A new password for OAuth Server"));
        mail.Headers.Should().Contain("Auto-Submitted: auto-generated").And.Contain("From: Example accounts <auth@example.test>");
        mail.Text.Should().Contain($"{Server.Issuer}/account/link?t=").And.Contain(alice.Username);
        var (set, other) = (await SpendAsync(browser, mail.Token), await NewBrowser().GetAsync(At(mail.Token)));
        (set.Status, other.Status).Should().Be((200, 404));
        HasSession(browser).Should().BeFalse();
        (await hers.IsSignedInAsync()).Should().BeFalse();
        (await browser.SignInAsync(await browser.FollowAsync("/login"), alice, Better)).Reply.Status.Should().Be(200);
    }

    [Test]
    public async Task By_the_user_name_too_and_in_the_persons_language()
    {
        var (person, email) = await WithAddressAsync("amina", "ar-EG");

        await ForgetAsync(NewBrowser(), $" {person.Username.ToUpperInvariant()} ");

        var mail = await Sink.MailToAsync(email);
        mail.Subject.Should().Be("كلمة مرور جديدة لدى OAuth Server");
        mail.Text.Should().Contain("افتح هذا الرابط").And.Contain(person.Username);
    }

    [Test]
    public async Task Whom_no_mail_reaches_gets_none_and_nobody_is_told()
    {
        var (alice, disabled, ada) = (await Server.UserAsync(), await WithAddressAsync("mallory"), await WithAddressAsync("ada"));
        await Server.ExecuteAsync("update users set email = @email where subject = @Subject",
            new { email = "unverified@example.test", alice.Subject });
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", disabled.Person);
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", ada.Person);
        var bodies = new List<string>();

        foreach (var account in new[] { "nobody@example.test", "nobody", "unverified@example.test", alice.Username, disabled.Email,
            ada.Email, "" })
            bodies.Add(Regex.Replace((await ForgetAsync(NewBrowser(), account)).Body, "<code>[^<]*</code>", ""));
        await SentAsync();

        bodies.Distinct().Should().ContainSingle("they are equal, octet for octet, but for the request id");
        var mail = await Sink.MailToAsync(ada.Email);
        mail.Text.Should().Contain("you sign in with your company account").And.NotContain("/account/link");
        Sink.Mails.Should().NotContain(one => one.To.Contains("unverified@example.test") || one.To.Contains(disabled.Email));
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = any (@subjects)",
            new { subjects = new[] { alice.Subject, disabled.Person.Subject, ada.Person.Subject } })).Should().Be(0);
    }

    [Test]
    public async Task Who_has_no_password_is_told_of_their_company_or_their_passkey()
    {
        var (ada, bob, issuer) = (await WithAddressAsync("ada"), await WithAddressAsync("bob"), $"https://{NewName("idp")}.example");
        await Server.ExecuteAsync("update users set password_hash = null where subject = any (@both)",
            new { both = new[] { ada.Person.Subject, bob.Person.Subject } });
        await Server.ExecuteAsync("""
            insert into identity_providers (id, label, issuer, client_id, auth_method, position, enabled) values
                ('told-second', 'Second', @issuer, 'x', 'none', 2, false), ('told-first', 'Example Entra', @issuer, 'x', 'none', 1, false)
            """, new { issuer });
        await Server.ExecuteAsync("insert into identities (issuer, sub, subject) values (@issuer, 'ada', @Subject)",
            new { issuer, ada.Person.Subject });
        await Server.ExecuteAsync("insert into passkeys (id, subject, public_key, sign_count, name, created_at) "
            + "values (sha256('told'), @Subject, 'x', 0, 'Key', now())", bob.Person);

        await ForgetAsync(NewBrowser(), ada.Email);
        await ForgetAsync(NewBrowser(), bob.Email);

        (await Sink.MailToAsync(ada.Email)).Text.Should().Contain("you sign in with Example Entra.");
        (await Sink.MailToAsync(bob.Email)).Text.Should().Contain("You sign in with a passkey.").And.NotContain("company");
    }

    [Test]
    public async Task Three_an_hour_of_an_address_and_of_an_account_and_no_more_are_sent_silently()
    {
        var ((_, one), (_, two)) = (await WithAddressAsync(), await WithAddressAsync());
        var (browser, bodies) = (NewBrowser(), new List<string>());

        for (var round = 0; round < 5; round++) bodies.Add(Plain((await ForgetAsync(NewBrowser(), one)).Body));
        for (var round = 0; round < 3; round++) bodies.Add(Plain((await ForgetAsync(browser, NewName())).Body));
        bodies.Add(Plain((await ForgetAsync(browser, two)).Body));
        await SentAsync();

        bodies.Distinct().Should().ContainSingle();
        await Task.Delay(300);
        Sink.Mails.Count(mail => mail.To.Contains(one)).Should().Be(3);
        Sink.Mails.Count(mail => mail.To.Contains(two)).Should().Be(0);

        static string Plain(string body) => Regex.Replace(body, "<code>[^<]*</code>", "");
    }

    [Test]
    public async Task Name_and_address_of_one_account_share_its_three_an_hour()
    {
        var (person, email) = await WithAddressAsync();

        for (var round = 0; round < 3; round++)
        {
            await ForgetAsync(NewBrowser(), email);
            await ForgetAsync(NewBrowser(), person.Username);
            await SentAsync();
        }

        await Task.Delay(300);
        Sink.Mails.Count(mail => mail.To.Contains(email)).Should().Be(3);
    }

    [Test, Case("ACC-113")]
    public async Task The_links_host_is_the_issuers_whatever_the_request_says()
    {
        var ((_, email), browser) = (await WithAddressAsync(), NewBrowser());
        var page = await browser.FollowAsync(Paths.ForgottenPassword);
        browser.Headers["X-Forwarded-Host"] = "evil.example";
        browser.Headers["Forwarded"] = "host=evil.example";
        await browser.SubmitToAsync(Paths.ForgottenPassword, page, ("account", email));
        browser.Headers["Host"] = "evil.example";

        var other = await browser.SubmitToAsync(Paths.ForgottenPassword, page, ("account", email));

        other.Status.Should().BeOneOf(400, 421);
        var mail = await Sink.MailToAsync(email);
        mail.Text.Should().Contain($"{Server.Issuer}/account/link?t=").And.NotContain("evil.example");
        mail.Headers.Should().NotContain("evil.example");
    }

    [Test, Case("ACC-108")]
    public async Task The_token_is_in_the_mail_and_nowhere_else()
    {
        var file = Path.GetTempFileName();
        using var log = new CapturedLog();
        await using var server = await Server.StartSecondInstanceAsync(settings => settings with { AccessLogFile = file }, services =>
        {
            Register(services);
            log.AddTo(services);
        });
        var ((alice, email), browser) = (await WithAddressAsync(), server.NewBrowser());

        await ForgetAsync(browser, email);
        var token = (await Sink.MailToAsync(email)).Token;
        await browser.GetAsync(At(token));
        await browser.GetAsync(At("x" + token));
        await SpendAsync(browser, token);
        await browser.GetAsync(At(token));
        await SentAsync();

        var rows = new StringBuilder();
        foreach (var table in await Server.QueryAsync<string>("select quote_ident(tablename) from pg_tables where schemaname = 'public'"))
            foreach (var row in await Server.QueryAsync<string>($"select t::text from {table} t")) rows.AppendLine(row);
        rows.ToString().Should().Contain("mailed_reset used").And.NotContain(token);
        (await Server.ScalarAsync<long>("select count(*) from mail_outbox where sealed is not null")).Should().Be(0, "sending emptied it");
        await Eventually.BecomesTrueAsync(() => Task.FromResult(File.ReadAllText(file).Contains("/account/link")));
        File.ReadAllText(file).Should().NotContain(token).And.NotContain("?t=");
        log.Text.Should().NotContain(token);
        File.Delete(file);
    }
}
