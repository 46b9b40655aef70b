using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>Apps learn that a sign-in has ended: by whom it was ended, what they are sent, and what they got that ends with it.</summary>
[Behaviour(71)]
public sealed class BackchannelLogoutTest : BackchannelFixture
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    [Test]
    public async Task Oidcc_backchannel_logout_discovery_endpoint_verification()
    {
        var document = (await Server.GetAsync(Paths.OpenIdConfiguration)).Json;

        document.GetProperty("backchannel_logout_supported").GetBoolean().Should().BeTrue();
        document.GetProperty("backchannel_logout_session_supported").GetBoolean().Should().BeTrue();
    }

    [Test]
    public async Task Oidcc_backchannel_rp_initiated_logout()
    {
        var receiver = await ReceiverAsync();
        var one = await SignInAtAsync(receiver);

        var reply = await AskAsync(one, ("id_token_hint", await IdTokenAsync(one)), ("post_logout_redirect_uri", Onward), ("state", "xyz"));

        reply.Location.Should().Be($"{Onward}?state=xyz");
        await AttemptedAsync(one.Sid, 1);
        receiver.Tokens.Should().ContainSingle().Which["sid"].Should().Be(one.Sid.ToString());
    }

    [TestCase("RS256"), TestCase("ES256")]
    public async Task A_logout_token_says_who_signed_out_of_which_sign_in_and_nothing_that_an_id_token_says(string alg)
    {
        var receiver = await ReceiverAsync();
        await Server.ExecuteAsync("update clients set id_token_alg = @alg where client_id = @Id", new { alg, receiver.App.Id });
        var one = await SignInAtAsync(receiver);

        await SignOutAsync(one);
        await AttemptedAsync(one.Sid, 1);

        var form = receiver.Forms.Should().ContainSingle().Subject;
        form.Keys.Should().Equal("logout_token");
        var jwt = Jwt.Read(form["logout_token"]);
        var keys = (await Server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray();
        var key = keys.Single(key => key.GetProperty("kid").GetString() == jwt.Header["kid"]!.ToString());
        Jwt.IsSignedBy(form["logout_token"], key).Should().BeTrue();
        (jwt.Header["alg"]!.ToString(), jwt.Header["typ"]!.ToString(), jwt.Header.Count).Should().Be((alg, "logout+jwt", 3));
        jwt.Payload.Select(claim => claim.Key).Should().Equal("iss", "aud", "iat", "exp", "jti", "sub", "sid", "events");
        (jwt["iss"], jwt["aud"], jwt["sub"], jwt["sid"]).Should()
            .Be((Server.Issuer, one.App.Id, one.Person.Subject.ToString(), one.Sid.ToString()));
        ((long)jwt.Payload["exp"]! - (long)jwt.Payload["iat"]!).Should().Be(120);
        jwt.Payload["events"]!.AsObject().Should().ContainSingle(it => it.Key == Event && it.Value is JsonObject);
    }

    [Test, Case("OIDC-136"), Rfc(8725, "3.11")]
    public async Task A_logout_token_opens_nothing_here()
    {
        var receiver = await ReceiverAsync();
        var one = await SignInAtAsync(receiver);
        await SignOutAsync(one);
        await AttemptedAsync(one.Sid, 1);
        var token = receiver.Forms.Single()["logout_token"];

        var two = await SignInAsync(receiver.App);
        (await AskAsync(two, ("id_token_hint", token), ("post_logout_redirect_uri", Onward))).Should().BeAnErrorPage("invalid_request");
        (await two.Browser.IsSignedInAsync()).Should().BeTrue();
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeFalse();
        (await Server.SendAsync(HttpMethod.Get, Paths.Why + "/x", null, ("Authorization", $"Bearer {token}"))).Status.Should().Be(401);
    }

    [Test]
    public async Task Whoever_ends_a_sign_in_puts_its_apps_on_the_list_in_that_statement()
    {
        var receiver = await ReceiverAsync();
        foreach (var end in Ends)
        {
            var one = await SignInAtAsync(receiver);

            await end.Value(this, one);

            (await DeliveriesAsync(one.Sid)).Should().ContainSingle(end.Key)
                .Which.Should().BeEquivalentTo(new { ClientId = one.App.Id, one.Person.Subject });
            (await Server.ScalarAsync<long>("select count(*) from session_clients where sid = @Sid", one)).Should().Be(0, end.Key);
        }
    }

    private static Dictionary<string, Func<BackchannelLogoutTest, SignedIn, Task>> Ends => new()
    {
        ["sign-out"] = (_, one) => SignOutAsync(one),
        ["everywhere"] = async (_, one) => await one.Browser.SubmitAsync(
            await one.Browser.FollowAsync(Paths.SignOutEverywhere), "what", "everywhere"),
        ["another person's sign-in"] = async (test, one) =>
        {
            var mallory = await test.Server.UserAsync("mallory");
            await one.Browser.SignInAsync(await one.Browser.FollowAsync($"{Paths.Login}?switch=1"), mallory);
            (await test.Server.ScalarAsync<Guid>("select sid from sessions where subject = @Subject", mallory)).Should().NotBe(one.Sid);
        },
        ["a command"] = (test, one) => OAuthProgram.RunAsync(
            test.Server.Settings, "sessions", "end", "--user", one.Person.Username, "--yes"),
        ["SQL"] = (test, one) => test.Server.ExecuteAsync("delete from sessions where sid = @Sid", one),
        ["disabling"] = (test, one) => test.Server.ExecuteAsync("update users set enabled = false where subject = @Subject", one.Person),
        ["a new password"] = (test, one) => test.Server.ExecuteAsync(
            "update users set password_hash = crypt('another password', gen_salt('bf', 10)) where subject = @Subject", one.Person),
        ["deletion"] = (test, one) => test.Server.ExecuteAsync("delete from users where subject = @Subject", one.Person),
    };

    [Test]
    public async Task A_session_that_ends_by_age_tells_nobody()
    {
        var receiver = await ReceiverAsync();
        var one = await SignInAtAsync(receiver);
        var grant = await GrantAsync(one, "{openid}", offline: false);
        await Server.ExecuteAsync("update sessions set expires_at = now() - interval '1 second' where sid = @Sid", one);

        await Server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await Server.ScalarAsync<long>("select count(*) from sessions where sid = @Sid", one)).Should().Be(0);
        (await DeliveriesAsync(one.Sid)).Should().BeEmpty();
        (await EndOfAsync(grant)).Should().BeNull();
        (await Server.ScalarAsync<long>("select count(*) from session_clients where sid = @Sid", one)).Should().Be(0);
    }

    [Test, Case("OIDC-145")]
    public async Task The_same_person_signs_in_again_under_the_same_sid_and_another_one_ends_it()
    {
        var receiver = await ReceiverAsync();
        var one = await SignInAtAsync(receiver);
        var before = one.Browser.Cookies.Values.ToArray();

        await one.Browser.SignInAsync(await one.Browser.FollowAsync($"{Paths.Login}?switch=1"), one.Person);

        one.Browser.Cookies.Values.Should().NotEqual(before);
        (await Server.QueryAsync<Guid>("select sid from sessions where subject = @Subject", one.Person)).Should().Equal(one.Sid);
        (await DeliveriesAsync(one.Sid)).Should().BeEmpty();
        var mallory = await Server.UserAsync("mallory");
        await one.Browser.SignInAsync(await one.Browser.FollowAsync($"{Paths.Login}?switch=1"), mallory);
        (await Server.ScalarAsync<Guid>("select sid from sessions where subject = @Subject", mallory)).Should().NotBe(one.Sid);
        (await DeliveriesAsync(one.Sid)).Should().ContainSingle();
    }

    [Test]
    public async Task Signing_out_ends_what_was_for_this_sign_in_alone_and_nothing_else()
    {
        var receiver = await ReceiverAsync();
        var (one, other) = (await SignInAtAsync(receiver), await SignInAtAsync(receiver));
        var ended = await GrantAsync(one, "{openid,notes:read}", offline: false);
        Guid[] kept =
        [
            await GrantAsync(one, "{openid}", offline: true), await GrantAsync(one, "{notes:read}", offline: false),
            await GrantAsync(other, "{openid}", offline: false),
        ];

        var reply = await SignOutAsync(one);

        (await EndOfAsync(ended)).Should().Be("signed_out");
        foreach (var grant in kept) (await EndOfAsync(grant)).Should().BeNull();
        (await Server.AuditAsync(reply)).Select(row => (row.Event, row.Detail)).Should().BeEquivalentTo(
            [("sign-out", null), ("revocation", "signed out: the grant and its tokens")]);
        (await Server.ScalarAsync<long>("select count(*) from revocation_feed where value = @id", new { id = ended.ToString() }))
            .Should().Be(1);
    }

    [Test]
    public async Task What_ended_a_grant_is_the_new_password_and_not_the_sign_out_it_brought()
    {
        var receiver = await ReceiverAsync();
        var one = await SignInAtAsync(receiver);
        var grant = await GrantAsync(one, "{openid}", offline: false);

        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", one.Person);

        (await EndOfAsync(grant)).Should().Be("user_disabled");
        (await Server.ScalarAsync<long>("select count(*) from audit_events where grant_id = @grant", new { grant })).Should().Be(0);
    }

    [Test]
    public async Task An_app_that_is_told_nowhere_or_got_no_id_token_is_not_on_the_list()
    {
        var (told, untold) = (await ReceiverAsync(), await AppAsync());
        var one = await SignInAtAsync(told);
        await Server.ExecuteAsync("insert into session_clients (sid, client_id, subject) values (@Sid, @Id, @Subject)",
            new { one.Sid, untold.Id, one.Person.Subject });
        await ReceiverAsync();

        await SignOutAsync(one);

        (await DeliveriesAsync(one.Sid)).Select(row => row.ClientId).Should().Equal(told.App.Id);
    }

    private async Task<Guid> GrantAsync(SignedIn one, string scope, bool offline)
    {
        var id = Guid.CreateVersion7();
        await Server.ExecuteAsync(
            """
            insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                activated_at, sid)
            values (@id, @client, @subject, 'https://rp.example/cb', '', @scope::text[], array[@resource], @offline, now(),
                now() + interval '1 day', now(), @sid)
            """,
            new { id, client = one.App.Id, subject = one.Person.Subject, scope, resource = Cast.Notes, offline, sid = one.Sid });
        return id;
    }

    private Task<string?> EndOfAsync(Guid grant) =>
        Server.ScalarAsync<string?>("select ended_reason from grants where id = @grant", new { grant })!;
}
