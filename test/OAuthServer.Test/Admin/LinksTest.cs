using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Administrators invite people and make links to new passwords; each link is shown once, and revoked where it was made.</summary>
[Behaviour(92)]
public sealed class LinksTest : AdminFixture
{
    [Test, Behaviour(25)]
    public async Task An_invitation_is_shown_once_listed_and_revoked()
    {
        var ((olivia, browser), name) = (await OliviaAsync(), $"ada-{Guid.NewGuid().ToString("N")[..8]}");

        var made = await ChangeAsync(browser, Paths.AdminUsersInvite, Paths.AdminUsersInvite,
            ("username", name), ("role", "admin"), ("email", $"{name}@example.test"));

        made.Should().BeAPage(200);
        var link = made.Page.QuerySelector("#link")!.TextContent;
        link.Should().StartWith($"{Server.Issuer}/account/link?t=");
        var list = await browser.GetAsync(Paths.AdminUsersInvite);
        list.Body.Should().Contain(name).And.Contain($"{name}@example.test").And.NotContain(link[^43..]);
        (await Server.QueryAsync<string>("select event || ' ' || actor || ' ' || detail from audit_events where request_id = @id",
            new { id = made.RequestId })).Should().Equal($"account-link admin:{olivia.Username} invitation made for {name}");
        (await Server.NewBrowser().GetAsync(link)).Status.Should().Be(200);

        var id = list.Page.QuerySelectorAll("button[name=link]").Single(one => one.TextContent.Contains(name)).GetAttribute("value");
        var revoked = await SendAsync(browser, list, Paths.AdminUserLink, ("link", id));

        revoked.Location.Should().StartWith(Server.Issuer + Paths.AdminUsersInvite);
        (await Server.NewBrowser().GetAsync(link)).Status.Should().Be(404);
        (await ActsAsync(revoked)).Should().Equal($"admin:{olivia.Username} invitation revoked of {name}");
        (await SendAsync(browser, list, Paths.AdminUserLink, ("link", id))).Status.Should().Be(404);
    }

    [TestCase("taken", "There is a user {0} already"), TestCase("reserved", "This was the name of an account that was deleted")]
    [TestCase("Not A Name", "This is no user name")]
    public async Task A_name_that_nobody_can_get_is_refused_beside_its_field(string kind, string words)
    {
        var ((_, browser), alice) = (await OliviaAsync(), await Server.UserAsync());
        if (kind == "reserved") await Server.ExecuteAsync("delete from users where subject = @Subject", alice);
        var name = kind == "Not A Name" ? kind : alice.Username;

        var reply = await ChangeAsync(browser, Paths.AdminUsersInvite, Paths.AdminUsersInvite, ("username", name));

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain($"id=\"username-problem\">{string.Format(null, words, name)}");
        (await Server.ScalarAsync<long>("select count(*) from account_links where username = @name", new { name })).Should().Be(0);
    }

    [Test]
    public async Task A_link_to_a_new_password_is_on_the_persons_page_until_it_is_used_or_revoked()
    {
        var ((olivia, browser), alice) = (await OliviaAsync(), await Server.UserAsync());
        var page = $"{Paths.AdminUser}?subject={alice.Subject}";
        (await browser.GetAsync(page)).Body.Should().Contain("No link works now.");

        var made = await ChangeAsync(browser, page, Paths.AdminUserReset);

        var link = made.Page.QuerySelector("#link")!.TextContent;
        (await ActsAsync(made)).Should().Equal($"admin:{olivia.Username} reset made");
        var shown = await browser.GetAsync(page);
        shown.Body.Should().NotContain("No link works now.").And.NotContain(link[^43..]);
        (await Server.NewBrowser().GetAsync(link)).Body.Should().Contain(alice.Username);
        var id = shown.Page.QuerySelector("button[name=link]")!.GetAttribute("value");
        (await SendAsync(browser, shown, Paths.AdminUserLink, ("link", id))).Location.Should().Contain($"subject={alice.Subject}");
        (await Server.NewBrowser().GetAsync(link)).Status.Should().Be(404);
    }

    [Test]
    public async Task No_link_is_made_for_somebody_disabled()
    {
        var ((_, browser), alice) = (await OliviaAsync(), await Server.UserAsync());
        var page = await browser.GetAsync($"{Paths.AdminUser}?subject={alice.Subject}");
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);

        var reply = await SendAsync(browser, page, Paths.AdminUserReset);

        (await browser.FollowAsync(reply, "")).Reply.Body.Should().Contain("No link was made");
        (await Server.ScalarAsync<long>("select count(*) from account_links where subject = @Subject", alice)).Should().Be(0);
    }

    [TestCase(Paths.AdminUsersInvite), TestCase(Paths.AdminUserReset), TestCase(Paths.AdminUserLink)]
    public async Task For_everybody_else_there_is_nothing(string path)
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);

        (await browser.PostAsync(path, [new("subject", $"{alice.Subject}"), new("username", "x")])).Status.Should().Be(404);
    }
}
