using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>What is known of a person: edited by page, command and SQL alike.</summary>
[Behaviour(65)]
public sealed class ProfileTest : AdminFixture
{
    [Test]
    public async Task An_administrator_fills_in_a_profile_and_the_log_says_what_not_to_what()
    {
        var ((_, browser), alice) = (await OliviaAsync(), await Server.UserAsync());

        var saved = await ChangeAsync(browser, $"{Paths.AdminUserProfile}?subject={alice.Subject}", Paths.AdminUserProfile,
            ("name", "Ada Lovelace"), ("email", "ada.page@example.com"), ("email_verified_at", "yes"), ("groups", "staff\nops"));

        saved.Status.Should().Be(303);
        var moved = await ChangeAsync(browser, $"{Paths.AdminUserProfile}?subject={alice.Subject}", Paths.AdminUserProfile,
            ("email", "ada.moved@example.com"));
        moved.Status.Should().Be(303);
        (await Server.ScalarAsync<bool>("select email_verified_at is null from users where subject = @Subject", new { alice.Subject }))
            .Should().BeTrue("the box was ticked for the other address");
        await Server.ExecuteAsync(
            "update users set email = 'ada.page@example.com', email_verified_at = now() where subject = @Subject", new { alice.Subject });
        var row = (await Server.QueryAsync<(string Name, string Email, bool Verified, string Groups)>(
            "select name, email, email_verified_at is not null, array_to_string(groups, ' ') from users where subject = @Subject",
            new { alice.Subject })).Single();
        row.Should().Be(("Ada Lovelace", "ada.page@example.com", true, "staff ops"));
        var act = (await ActsAsync(saved)).Single();
        act.Should().Contain("name changed").And.Contain("email changed").And.Contain("groups: +staff +ops")
            .And.NotContain("Lovelace").And.NotContain("ada.page");
    }

    [Test]
    public async Task An_address_that_is_none_is_refused_and_nothing_typed_is_lost()
    {
        var ((_, browser), alice) = (await OliviaAsync(), await Server.UserAsync());

        var refused = await ChangeAsync(browser, $"{Paths.AdminUserProfile}?subject={alice.Subject}", Paths.AdminUserProfile,
            ("name", "Ada"), ("email", "nowhere"));

        refused.Status.Should().Be(400);
        refused.Body.Should().Contain("This is no e-mail address").And.Contain("value=\"nowhere\"").And.Contain("value=\"Ada\"");
        (await Server.ScalarAsync<string?>("select name from users where subject = @Subject", new { alice.Subject })).Should().BeNull();
    }

    [Test]
    public async Task Two_people_never_share_a_verified_address_and_another_address_is_not_verified()
    {
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync("bob"));
        await Server.ExecuteAsync("update users set email = 'one@example.com', email_verified_at = now() where subject = @Subject",
            new { alice.Subject });

        (await FluentActions.Awaiting(() => Server.ExecuteAsync(
            "update users set email = 'ONE@example.com', email_verified_at = now() where subject = @Subject", new { bob.Subject }))
            .Should().ThrowAsync<PostgresException>()).Which.MessageText.Should().Be("This address is verified as another person's");
        await Server.ExecuteAsync("update users set email = 'two@example.com' where subject = @Subject", new { alice.Subject });
        (await Server.ScalarAsync<bool>("select email_verified_at is null from users where subject = @Subject", new { alice.Subject }))
            .Should().BeTrue();
    }

    [Test]
    public async Task What_an_API_is_told_is_ticked_on_its_page()
    {
        var (_, browser) = await OliviaAsync();
        await Server.ExecuteAsync("insert into resources (uri, name) values ('https://ticked.test/', 'Ticked')");
        var page = $"{Paths.AdminResource}?uri={Uri.EscapeDataString("https://ticked.test/")}";

        var saved = await ChangeAsync(browser, page, Paths.AdminResource, ("claim-email", "yes"), ("claim-groups", "yes"));

        saved.Status.Should().Be(303);
        (await Server.ScalarAsync<string>("select claims::text from resources where uri = 'https://ticked.test/'"))
            .Should().Be("{email,groups}");
        (await browser.GetAsync(page)).Page.QuerySelector("input[name='claim-email']")!.HasAttribute("checked").Should().BeTrue();
    }
}
