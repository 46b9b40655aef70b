using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Whatever administrators do to each other, one of them stays.</summary>
public sealed class LastAdministratorTest : AdminFixture
{
    [SetUp]
    public Task NobodyElseAsync() => Server.ExecuteAsync("""
        alter table users disable trigger users_keep_an_administrator;
        update users set role = 'user';
        alter table users enable trigger users_keep_an_administrator
        """);

    [Test]
    public async Task The_last_enabled_administrator_loses_neither_role_nor_entrance()
    {
        var (olivia, browser) = await OliviaAsync();
        var disabled = await Server.UserAsync("oscar", "admin");
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", disabled);

        var role = await ChangeAsync(browser, $"{Paths.AdminUser}?subject={olivia.Subject}", Paths.AdminUserRole);
        var state = await ChangeAsync(browser, $"{Paths.AdminUserState}?subject={olivia.Subject}", Paths.AdminUserState);

        foreach (var reply in new[] { role, state })
        {
            reply.Should().BeAPage(409);
            reply.Body.Should().Contain("This is the last enabled administrator");
            (await ActsAsync(reply)).Should().BeEmpty();
        }

        (await Server.ScalarAsync<string>("select role || enabled from users where subject = @Subject", olivia)).Should().Be("admintrue");
    }

    [Test]
    public async Task Her_password_may_change_all_the_same()
    {
        var (olivia, browser) = await OliviaAsync();

        (await ChangeAsync(browser, $"{Paths.AdminUserPassword}?subject={olivia.Subject}", Paths.AdminUserPassword)).Should().BeAPage(200);
    }

    [Test]
    public async Task An_administrator_being_demoted_cannot_demote_the_last_one_left()
    {
        var ((olivia, _), (oscar, his)) = (await OliviaAsync(), await OliviaAsync());
        var page = await his.GetAsync($"{Paths.AdminUser}?subject={olivia.Subject}");

        var demotion =
            Server.ExecuteAsync("begin; update users set role = 'user' where subject = @Subject; select pg_sleep(2); commit", oscar);
        await Server.SleepsAsync();
        var told = await SendAsync(his, page, Paths.AdminUserRole);
        await demotion;

        told.Should().BeAPage(409);
        told.Body.Should().Contain("This is the last enabled administrator");
        (await Server.ScalarAsync<string>("select role from users where subject = @Subject", olivia)).Should().Be("admin");
    }

    [Test, Repeat(5)]
    public async Task Two_who_demote_each_other_at_once_leave_one()
    {
        await NobodyElseAsync();
        var ((olivia, hers), (oscar, his)) = (await OliviaAsync(), await OliviaAsync());
        var (first, second) =
            (await hers.GetAsync($"{Paths.AdminUser}?subject={oscar.Subject}"),
                await his.GetAsync($"{Paths.AdminUser}?subject={olivia.Subject}"));

        var replies = await Task.WhenAll(SendAsync(hers, first, Paths.AdminUserRole), SendAsync(his, second, Paths.AdminUserRole));

        replies.Should().ContainSingle(reply => reply.Status == 303);
        (await Server.ScalarAsync<int>("select count(*)::int from users where role = 'admin' and enabled")).Should().Be(1);
    }
}
