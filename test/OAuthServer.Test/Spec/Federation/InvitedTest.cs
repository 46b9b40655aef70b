using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Who is invited with a company accepts by signing in there, in the browser that opened the invitation.</summary>
[Behaviour(78), Behaviour(92)]
public sealed class InvitedTest : FederationFixture
{
    [Test]
    public async Task The_invitation_makes_its_person_linked_to_who_signed_in()
    {
        var (company, id) = await CompanyAsync("provisioning = 'invited'");
        var (name, token) = await InviteAsync(id, "admin");
        var browser = Server.NewBrowser();

        var back = await AcceptAsync(browser, company, id, token);

        back.Status.Should().Be(303, back.ToString());
        var subject = await WhoAsync(browser);
        (await Server.QueryAsync<(string, string, bool)>(
            "select username, role, password_hash is null from users where subject = @subject", new { subject })).Single()
            .Should().Be((name, "admin", true), "the row says who, not the company");
        (await Server.ScalarAsync<long>("select count(*) from identities where subject = @subject and sub = @Sub",
            new { subject, company.Sub })).Should().Be(1);
        (await Server.ScalarAsync<long>("select count(*) from account_links where username = @name", new { name })).Should().Be(0);
        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303, "they are known from now on");
    }

    [Test]
    public async Task Without_the_invitation_nobody_is_made()
    {
        var (company, id) = await CompanyAsync("provisioning = 'invited'");
        var (name, _) = await InviteAsync(id);
        var browser = Server.NewBrowser();

        var back = await ComeAsync(browser, company, id);

        await RefusedAsync(browser, back, 403, "No account here belongs to that sign-in");
        (await Server.ScalarAsync<long>("select count(*) from users where username = @name", new { name })).Should().Be(0);
    }

    [TestCase("for another company"), TestCase("for a password"), TestCase("spent"), TestCase("expired"), TestCase("existing")]
    public async Task An_invitation_that_does_not_hold_makes_nobody(string how)
    {
        var (company, id) = await CompanyAsync($"provisioning = '{(how == "existing" ? how : "invited")}'");
        var (name, token) = await InviteAsync(how switch { "for another company" => "elsewhere", "for a password" => null, _ => id });
        var browser = Server.NewBrowser();
        var page = await browser.FollowAsync($"{Paths.AccountLink}?t={token}");
        if (how == "spent") await Server.ExecuteAsync("delete from account_links where username = @name", new { name });
        if (how == "expired")
            await Server.ExecuteAsync("update account_links set expires_at = now() - interval '1 day' where username = @name", new { name });

        var field = Browser.Form.On(page.Reply.Body, null, null)!.Fields.Single(one => one.Key == "antiforgery");
        var sent = await browser.PostAsync($"{Paths.Federation}/{id}", [field, new("invitation", token)]);
        var back = await browser.GetAsync(company.SignIn(sent.Location!));

        back.Status.Should().Be(403, back.ToString());
        browser.Cookies.Should().NotContainKey(SessionCookie);
        (await Server.ScalarAsync<long>("select count(*) from users where username = @name", new { name })).Should().Be(0);
        (await Server.ScalarAsync<long>("select count(*) from identities where sub = @Sub and issuer = @Issuer", company)).Should().Be(0);
    }

    [Test]
    public async Task Two_who_come_back_with_it_at_once_make_one_person()
    {
        var (company, id) = await CompanyAsync("provisioning = 'invited'");
        var (name, token) = await InviteAsync(id);
        var ready = new List<(Browser Browser, string Back)>();
        for (var i = 0; i < 4; i++)
        {
            var browser = Server.NewBrowser();
            var sent = await browser.SubmitToAsync($"{Paths.Federation}/{id}", await browser.FollowAsync($"{Paths.AccountLink}?t={token}"));
            ready.Add((browser, company.SignIn(sent.Location!)));
        }

        var answers = await Task.WhenAll(ready.Select(one => one.Browser.GetAsync(one.Back)));

        answers.Should().OnlyContain(answer => answer.Status == 303, "all of them are the one who signed in there");
        (await Server.ScalarAsync<long>("select count(*) from users where username = @name", new { name })).Should().Be(1);
    }

    private async Task<Reply> AcceptAsync(Browser browser, Company company, string id, string token)
    {
        var page = await browser.FollowAsync($"{Paths.AccountLink}?t={token}");
        page.Reply.Body.Should().Contain("Continue with");
        var sent = await browser.SubmitToAsync($"{Paths.Federation}/{id}", page);
        sent.Status.Should().Be(303, sent.ToString());
        return await browser.GetAsync(company.SignIn(sent.Location!));
    }

    private async Task<(string Name, string Token)> InviteAsync(string? provider, string role = "user")
    {
        var name = $"ada-{Guid.NewGuid().ToString("N")[..8]}";
        var request = TimedId.NewRequestId(Server.Clock.GetUtcNow());
        var token = await AccountLinks.MakeAsync(Server.Get<AccountLinkStore>(), new NewAccountLink
        {
            Kind = AccountLinks.Invitation,
            Username = name,
            Role = role,
            Provider = provider,
        }, new Author("cli:test") { RequestId = request }, TimedId.TimeOf(request)!.Value);
        return (name, token!);
    }
}
