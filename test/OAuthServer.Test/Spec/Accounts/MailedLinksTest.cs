using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Guides;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>A link that is mailed is shown to nobody else, and proves the address it went to.</summary>
[Behaviour(92, 97)]
public sealed class MailedLinksTest : MailFixture
{
    [Test]
    public async Task A_command_mails_an_invitation_and_does_not_show_the_link()
    {
        var name = NewName();
        var email = $"{name}@example.test";

        var said = await RunAsync($"oauth-server users invite {name} --email {email} --locale ar --mail");
        var mail = await Sink.MailToAsync(email);

        said.Should().Contain($"The link is on its way to {email}.").And.NotContain("/account/link");
        mail.Subject.Should().StartWith("دعوة");
        (await SpendAsync(NewBrowser(), mail.Token)).Status.Should().Be(303);
        (await Server.QueryAsync<string>("select email || ' ' || (email_verified_at is not null) || ' ' || locale from users "
            + "where username = @name", new { name })).Should().Equal($"{email} true ar");
    }

    [Test]
    public async Task A_command_mails_a_reset_to_a_verified_address_only()
    {
        var ((alice, email), bob) = (await WithAddressAsync(), await Server.UserAsync("bob"));

        (await RunAsync($"oauth-server users reset-password {alice.Username} --mail")).Should().NotContain("/account/link");
        (await RunAsync($"oauth-server users reset-password {bob.Username} --mail || true")).Should().Contain("has no verified address");
        (await RunAsync($"oauth-server users invite {NewName()} --mail || true")).Should().Contain("There is no address to mail it to");

        (await SpendAsync(NewBrowser(), (await Sink.MailToAsync(email)).Token)).Status.Should().Be(200);
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = @Subject", bob)).Should().Be(0);
    }

    [Test]
    public async Task The_administration_does_the_same()
    {
        var ((olivia, _), (alice, email), browser) = (await WithAddressAsync("olivia", role: "admin"), await WithAddressAsync(),
            NewBrowser());
        await browser.SignInAsync(olivia);
        var (name, page) = (NewName(), await browser.FollowAsync(Paths.AdminUsersInvite));

        var without = await browser.SubmitToAsync(Paths.AdminUsersInvite, page, ("username", name), ("mail", "yes"));
        var invited = await browser.SubmitToAsync(Paths.AdminUsersInvite, page, ("username", name), ("email", $"{name}@example.test"),
            ("mail", "yes"));
        var person = await browser.FollowAsync($"{Paths.AdminUser}?subject={alice.Subject}");
        var reset = await browser.SubmitToAsync(Paths.AdminUserReset, person, ("mail", "yes"));

        without.Body.Should().Contain("Enter the address the link is mailed to.");
        foreach (var reply in new[] { invited, reset })
            (await browser.FollowAsync(reply, "")).Reply.Body.Should().Contain("The link is on its way by mail.").And.NotContain("?t=");
        (await SpendAsync(NewBrowser(), (await Sink.MailToAsync($"{name}@example.test")).Token)).Status.Should().Be(303);
        (await SpendAsync(NewBrowser(), (await Sink.MailToAsync(email, "password")).Token)).Status.Should().Be(200);
    }

    private async Task<string> RunAsync(string command)
    {
        using var shell = new Shell(Server.Settings.Database, ("OAuth__Issuer", Server.Issuer),
            ("OAuth__KeyEncryptionKey", Server.Settings.KeyEncryptionKey), ("OAuth__SmtpHost", Server.Settings.SmtpHost),
            ("OAuth__SmtpFrom", Server.Settings.SmtpFrom));
        return await shell.RunAsync(command);
    }
}
