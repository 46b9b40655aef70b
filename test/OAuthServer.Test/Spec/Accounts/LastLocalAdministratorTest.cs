using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>One administrator who can sign in here, without a sign-in provider, always stays, whoever edits and however.</summary>
[Behaviour(96)]
public sealed class LastLocalAdministratorTest : AccountFixture
{
    private Person olivia = null!;

    [SetUp]
    public async Task OnlyOliviaAsync()
    {
        await Server.ExecuteAsync("""
            alter table users disable trigger users_keep_an_administrator;
            update users set role = 'user';
            alter table users enable trigger users_keep_an_administrator
            """);
        olivia = await Server.UserAsync("olivia", "admin");
        // Of a company's: enabled, an administrator, and not able to sign in here.
        var oscar = await Server.UserAsync("oscar", "admin");
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", oscar);
    }

    [TestCase("update users set enabled = false where subject = @Subject")]
    [TestCase("update users set role = 'user' where subject = @Subject")]
    [TestCase("update users set password_hash = null where subject = @Subject")]
    [TestCase("delete from users where subject = @Subject")]
    [TestCase("update users set role = 'user'")]
    [TestCase("delete from users")]
    public async Task The_last_is_refused_in_SQL_and_nothing_changes(string sql)
    {
        (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql, olivia)).Should().ThrowAsync<PostgresException>())
            .Which.MessageText.Should().Be("The last administrator who can sign in here stays one");

        (await Server.ScalarAsync<string>("select role || enabled || (password_hash is not null) from users where subject = @Subject",
            olivia))
            .Should().Be("admintruetrue");
    }

    [Test]
    public async Task With_another_who_can_sign_in_here_the_last_may_go()
    {
        await Server.UserAsync("oswald", "admin");

        await Server.ExecuteAsync("delete from users where subject = @Subject", olivia);

        (await PeopleAsync(olivia.Username)).Should().Be(0);
    }

    [Test]
    public async Task Other_edits_of_the_last_are_taken()
    {
        await Server.ExecuteAsync("update users set name = 'Olivia', password_hash = @hash where subject = @Subject",
            new { olivia.Subject, hash = TestServer.Hash("something new by hand") });

        (await Server.ScalarAsync<string>("select name from users where subject = @Subject", olivia)).Should().Be("Olivia");
    }

    [Test]
    public async Task Commands_say_why()
    {
        var disabled = await Server.RunBinaryAsync("", "users", "disable", olivia.Username, "--yes");
        var deleted = await Server.RunBinaryAsync("", "users", "delete", olivia.Username, "--yes");

        disabled.Code.Should().Be(1);
        disabled.Error.Should().Contain("last");
        deleted.Code.Should().Be(1);
        deleted.Error.Should().Contain("The last administrator who can sign in here stays one");
    }

    [Test]
    public async Task Of_two_who_demote_each_other_the_second_waits_and_is_refused()
    {
        var oswald = await Server.UserAsync("oswald", "admin");
        var first = Server.ExecuteAsync(
            "begin; update users set role = 'user' where subject = @Subject; select pg_sleep(1); commit", olivia);
        await Server.SleepsAsync();

        var second = () => Server.ExecuteAsync("update users set role = 'user' where subject = @Subject", oswald);

        (await second.Should().ThrowAsync<PostgresException>())
            .Which.MessageText.Should().Be("The last administrator who can sign in here stays one");
        await first;
        (await Server.ScalarAsync<long>("select count(*) from users where role = 'admin' and enabled and password_hash is not null"))
            .Should().Be(1);
    }
}
