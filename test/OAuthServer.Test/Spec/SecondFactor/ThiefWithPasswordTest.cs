using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.SecondFactor;

/// <summary>
/// Whoever knows the password alone neither adds a second factor nor takes one away, and what has ended does not come back.
/// </summary>
[Behaviour(88), Behaviour(91)]
public sealed class ThiefWithPasswordTest : SecondFactorFixture
{
    [TestCase("renew"), TestCase("enrol"), TestCase("remove"), TestCase("passkey"), TestCase("remove passkey")]
    public async Task A_session_by_password_alone_changes_nothing_of_who_has_a_passkey(string what)
    {
        var (alice, _, passkey) = await WithPasskeyAsync();
        var thief = Server.NewBrowser();
        (await thief.SignInAsync(alice)).Is(Paths.ConnectedApps).Should().BeTrue("a second factor is not required");
        using var another = new Authenticator(Server.Issuer);

        var answer = what switch
        {
            "passkey" => await AddAsync(thief, another),
            "remove passkey" => await thief.SubmitToAsync(Paths.Passkeys, await thief.FollowAsync(Paths.Passkeys), ("what", "remove"),
                ("passkey", System.Buffers.Text.Base64Url.EncodeToString(passkey.Id))),
            "enrol" => await EnrolAsync(thief),
            _ => await thief.SubmitToAsync(Paths.SecondFactor, await thief.FollowAsync(Paths.SecondFactor), ("what", what)),
        };

        answer.Status.Should().Be(409, answer.ToString());
        (await Server.ScalarAsync<long>("""
            select (select count(*) from totp where subject = @Subject) + (select count(*) from recovery_codes where subject = @Subject)
                 + (select count(*) from passkeys where subject = @Subject)
            """, alice)).Should().Be(1, "only her passkey");
        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject and acr = 'aal2'", alice)).Should().Be(1);
    }

    [Test]
    public async Task A_session_from_before_the_app_does_not_replace_it()
    {
        var (person, owner, old) = (await Server.UserAsync(), Server.NewBrowser(), Server.NewBrowser());
        await old.SignInAsync(person);
        await owner.SignInAsync(person);
        await EnrolAsync(person, owner);
        var before = await Server.ScalarAsync<byte[]>("select secret_sealed from totp where subject = @Subject", person);

        (await EnrolAsync(old)).Status.Should().Be(409);

        (await Server.ScalarAsync<byte[]>("select secret_sealed from totp where subject = @Subject", person)).Should().Equal(before);
    }

    [TestCase(true), TestCase(false)]
    public async Task A_session_that_ended_meanwhile_does_not_go_on_under_a_new_id(bool ended)
    {
        var (person, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(person);
        var id = OpaqueToken.Hash(browser.Cookies.Single(one => one.Key.StartsWith("__Host-oauth-s-", StringComparison.Ordinal)).Value);
        if (ended) await Server.ExecuteAsync("delete from sessions where subject = @Subject", person);
        var request = TimedId.NewRequestId(Server.Clock.GetUtcNow());

        var started = await Server.Get<SessionStore>().StartAsync(new NewSession
        {
            Id = OpaqueToken.Hash("another"),
            Previous = id,
            Subject = person.Subject,
            PasswordHash = null,
            Acr = "aal2",
            Amr = ["pwd", "otp"],
            Idp = null,
            AuthenticatedAt = null,
            Continues = true,
            ExpiresAt = Server.Clock.GetUtcNow().AddDays(1),
            RememberedUntil = null,
            Agent = "a test",
            How = "step-up",
        }, "127.0.0.1", request, TimedId.TimeOf(request)!.Value);

        (started is not null).Should().Be(!ended);
        await Server.ExecuteAsync("delete from sessions where subject = @Subject", person);
    }

    [Test]
    public async Task Two_passkeys_removed_at_once_leave_one_to_who_has_nothing_else()
    {
        for (var round = 0; round < 5; round++)
        {
            var (alice, browser, first) = await WithPasskeyAsync();
            using var second = new Authenticator(Server.Issuer);
            (await AddAsync(browser, second)).Status.Should().Be(200);
            await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", alice);
            browser = Server.NewBrowser();
            (await SignInAsync(browser, first)).Status.Should().Be(200);
            var page = await browser.FollowAsync(Paths.Passkeys);

            await Task.WhenAll(new[] { first, second }.Select(one => browser.SubmitToAsync(Paths.Passkeys, page, ("what", "remove"),
                ("passkey", System.Buffers.Text.Base64Url.EncodeToString(one.Id)))));

            (await Server.ScalarAsync<long>("select count(*) from passkeys where subject = @Subject", alice)).Should().Be(1);
        }
    }

    [Test, Behaviour(96)]
    public async Task The_last_administrator_keeps_the_passkey_that_lets_them_in()
    {
        await using var server = await TestServer.StartAsync();
        var olivia = await server.UserAsync("olivia", "admin");
        await server.ExecuteAsync("""
            insert into passkeys (id, subject, public_key, sign_count, name, created_at) values ('x', @Subject, 'x', 0, 'a key', now());
            update users set password_hash = null where subject = @Subject
            """, olivia);

        var removed = async () => await server.ExecuteAsync("delete from passkeys where subject = @Subject", olivia);

        (await removed.Should().ThrowAsync<Npgsql.PostgresException>()).Which.MessageText.Should()
            .Be("The last administrator who can sign in here stays one");
    }

    private async Task<Reply> EnrolAsync(Browser browser)
    {
        var begun = await browser.SubmitAsync(await browser.FollowAsync(Paths.SecondFactor), changes: [("what", "begin")]);
        var app = new AuthenticatorApp(begun.Page.QuerySelector("code.setup-key")!.TextContent, Server.Clock);
        return await browser.SubmitAsync(new Landing(Paths.SecondFactor, begun), changes: [("code", app.Code())]);
    }
}
