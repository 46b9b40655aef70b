using System.Security.Cryptography;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>Signing out on an app's request: what ends at once, what is asked, and where a browser is never sent.</summary>
[Behaviour(70)]
public sealed class EndSessionTest : EndSessionFixture
{
    [Test, Case("OIDC-133")]
    public async Task An_expired_id_token_of_this_very_sign_in_signs_out_and_goes_on_with_state_as_it_came()
    {
        var one = await SignInAsync();

        var reply = await AskAsync(one, ("id_token_hint", Hint(one)), ("post_logout_redirect_uri", Onward), ("state", "a b&c"));

        (reply.Status, reply.Location).Should().Be((303, $"{Onward}?state=a%20b%26c"));
        reply.Header("Referrer-Policy").Should().Be("no-referrer", "the hint stands in our address");
        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject", one.Person)).Should().Be(0);
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Should().BeEquivalentTo(
            new { Event = "end-session", Outcome = "ok", ClientId = one.App.Id, Subject = one.Person.Subject.ToString() });
    }

    [TestCase("https://evil.example/out"), TestCase(Onward + "?x=1"), TestCase(Onward + "/"), TestCase("https://RP.example/signed-out")]
    [TestCase("https://other.example/out")]
    [Test, Case("OIDC-130")]
    public async Task An_address_that_is_not_this_apps_own_is_neither_gone_to_nor_shown(string uri)
    {
        var one = await SignInAsync();
        await AppAsync("https://other.example/out");

        var reply = await AskAsync(one, ("id_token_hint", Hint(one)), ("post_logout_redirect_uri", uri), ("state", "s"));

        reply.Should().BeAnErrorPage("invalid_request", words: "This address is not registered for signing out");
        reply.Body.Should().NotContainEquivalentOf(new Uri(uri).Host);
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Should().BeEquivalentTo(
            new { Event = "end-session", Outcome = "refused", Expected = Onward, Got = uri });
    }

    [Test, Case("OIDC-131")]
    public async Task With_neither_hint_nor_client_id_the_browser_stays_here()
    {
        var one = await SignInAsync();

        var page = await AskAsync(one, ("post_logout_redirect_uri", Onward), ("state", "s"));
        page.Body.Should().NotContain("go on to").And.NotContain("href=\"https://rp.example");
        var reply = await ConfirmAsync(one, page);

        (reply.Status, reply.Location).Should().Be((303, Server.Issuer + Paths.Logout));
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Case("OIDC-134")]
    public async Task A_client_id_that_is_not_the_hints_audience_is_refused()
    {
        var (one, other) = (await SignInAsync(), await AppAsync("https://other.example/out"));

        var reply = await AskAsync(one, ("id_token_hint", Hint(one)), ("client_id", other.Id),
            ("post_logout_redirect_uri", "https://other.example/out"));

        reply.Should().BeAnErrorPage("invalid_request");
        (await AskAsync(one, ("id_token_hint", Hint(one)), ("client_id", other.Id))).Should().BeAnErrorPage("invalid_request");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [TestCase("logout+jwt"), TestCase("at+jwt")]
    [Test, Case("OIDC-136"), Rfc(8725, "3.11")]
    public async Task Another_kind_of_token_of_ours_is_no_hint(string type)
    {
        var one = await SignInAsync();

        var reply = await AskAsync(one, ("id_token_hint", Hint(one, type: type)), ("post_logout_redirect_uri", Onward));

        reply.Should().BeAnErrorPage("invalid_request");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test, Case("OIDC-151")]
    public async Task A_hint_by_a_key_nobody_knows_is_asked_about_and_a_forged_one_refused()
    {
        var one = await SignInAsync();
        var strange = NewKey();
        var payload = Server.IdTokenOf(one.Person.Subject, one.App.Id, one.Sid);

        var asked = await AskAsync(one, ("id_token_hint", Server.Sign("JWT", payload, strange)), ("client_id", one.App.Id),
            ("post_logout_redirect_uri", Onward));
        asked.Should().BeAPage(200);
        (await one.Browser.IsSignedInAsync()).Should().BeTrue("an unknown key proves nothing");

        var jwt = Jwt.Read(Server.Sign("JWT", payload, strange));
        jwt.Header["kid"] = Server.Get<KeyRing>().Active!.Kid;
        (await AskAsync(one, ("id_token_hint", jwt.SignedBy(_ => jwt.Signature)))).Should().BeAnErrorPage("invalid_request");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();

        (await ConfirmAsync(one, asked)).Location.Should().Be(Onward);
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Case("OIDC-151")]
    public async Task A_hint_by_a_key_that_left_the_JWKS_signs_out_and_one_by_a_compromised_key_is_refused()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var ring = server.Get<KeyRing>();
        var gone = ring.ActiveOf("RS256")!;
        await ring.RotateAsync("RS256", null, CancellationToken.None);
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings) + KeyLine.Afterlife);
        await Eventually.BecomesTrueAsync(async () =>
        {
            ring.Wake();
            return await server.ScalarAsync<bool>("select sealed = '' from signing_keys where kid = @kid", new { kid = gone.Kid });
        });
        (await server.GetAsync(Paths.Jwks)).Body.Should().NotContain(gone.Kid);

        var (alice, browser, app) = (await server.UserAsync(), server.NewBrowser(), await server.PublicClientAsync());
        await browser.SignInAsync(alice);
        var sid = await server.ScalarAsync<Guid>("select sid from sessions where subject = @Subject", alice);
        string With(SigningKey key) =>
            $"{Paths.EndSession}?" + Query(("id_token_hint", server.Sign("JWT", server.IdTokenOf(alice.Subject, app.Id, sid), key)));

        var compromised = ring.ActiveOf("ES256")!;
        var hint = With(compromised);
        await ring.RetireNowAsync(compromised.Kid, CancellationToken.None);
        (await browser.GetAsync(hint)).Should().BeAPage(400);
        (await browser.IsSignedInAsync()).Should().BeTrue("a thief may have the key");
        (await browser.GetAsync(With(gone))).Status.Should().Be(303);
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task An_app_nobody_vouches_for_sends_nobody_on_without_a_click()
    {
        var (alice, app) = (await Server.UserAsync(), await Server.PublicClientAsync());
        await Server.ExecuteAsync(
            "update clients set origin = 'self-registered', post_logout_redirect_uris = '{https://evil.example/}' where client_id = @Id",
            new { app.Id });
        var hint = Server.Sign("JWT", Server.IdTokenOf(alice.Subject, app.Id, Guid.NewGuid()), Server.Get<KeyRing>().ActiveOf("RS256")!);
        var query = Query(("id_token_hint", hint), ("post_logout_redirect_uri", "https://evil.example/"));

        var page = await Server.NewBrowser().GetAsync($"{Paths.EndSession}?{query}");

        page.Should().BeAPage(200);
        page.Location.Should().BeNull();
    }

    [Test]
    public async Task A_hint_for_an_app_that_is_no_more_asks()
    {
        var one = await SignInAsync();
        var hint = Hint(one);
        await Server.ExecuteAsync("delete from clients where client_id = @Id", new { one.App.Id });

        await Eventually.BecomesTrueAsync(async () =>
            (await one.Browser.GetAsync($"{Paths.EndSession}?{Query(("id_token_hint", hint))}")).Status == 200);
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test]
    public async Task A_hint_of_another_sign_in_asks_and_then_goes_on()
    {
        var one = await SignInAsync();

        var page = await AskAsync(one, ("id_token_hint", Hint(one, claims => claims["sid"] = Guid.NewGuid().ToString())),
            ("post_logout_redirect_uri", Onward), ("state", "a%20b"));

        page.Should().BeAPage(200);
        page.Body.Should().Contain("rp.example", "where it goes on to is read before the button is pressed");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
        (await ConfirmAsync(one, page)).Location.Should().Be($"{Onward}?state=a%2520b");
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task A_hint_of_another_person_does_not_end_this_ones_session()
    {
        var one = await SignInAsync();

        (await AskAsync(one, ("id_token_hint", Hint(one, claims => claims["sub"] = Guid.NewGuid().ToString())))).Should().BeAPage(200);
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test]
    public async Task Only_a_form_of_ours_confirms()
    {
        var (one, other) = (await SignInAsync(), await SignInAsync());
        var page = await AskAsync(one, ("client_id", one.App.Id));

        (await one.Browser.PostAsync(Paths.EndSessionConfirm, [])).Should().BeAnErrorPage("invalid_request");
        (await ConfirmAsync(one, await AskAsync(other))).Should().BeAnErrorPage("invalid_request");
        one.Browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await ConfirmAsync(one, page)).Should().BeAnErrorPage("invalid_request", 403);
        one.Browser.Headers.Remove("Sec-Fetch-Site");

        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
        (await one.Browser.SubmitToAsync(Paths.EndSessionConfirm, new Landing(Paths.EndSession, page),
            ("post_logout_redirect_uri", "https://evil.example/"))).Should().BeAnErrorPage("invalid_request");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue("what the form says is judged again");
    }

    [Test]
    public async Task Nobody_signed_in_goes_on_with_a_valid_hint_and_gets_a_link_where_an_app_is_only_named()
    {
        var one = await SignInAsync();
        var hint = Hint(one);
        one.Browser.Cookies.Clear();

        (await AskAsync(one, ("id_token_hint", hint), ("post_logout_redirect_uri", Onward), ("state", "s"))).Location
            .Should().Be($"{Onward}?state=s");
        var named = await AskAsync(one, ("client_id", one.App.Id), ("post_logout_redirect_uri", Onward), ("state", "s"));
        named.Should().BeAPage(200);
        named.Page.QuerySelectorAll("main a[href^='https:']").Should().ContainSingle()
            .Which.GetAttribute("href").Should().Be($"{Onward}?state=s");
        (await AskAsync(one, ("client_id", one.App.Id), ("post_logout_redirect_uri", "https://evil.example/"))).Should()
            .BeAnErrorPage("invalid_request");
        (await AskAsync(one, ("id_token_hint", hint))).Body.Should().Contain("You are signed out");
    }

    [Test]
    public async Task A_second_click_lands_where_the_first_one_did()
    {
        var one = await SignInAsync();
        var page = await AskAsync(one, ("id_token_hint", Hint(one, claims => claims.Remove("sid"))), ("post_logout_redirect_uri", Onward),
            ("state", "a b"));

        (await ConfirmAsync(one, page)).Location.Should().Be($"{Onward}?state=a%20b");
        (await one.Browser.FollowAsync(await ConfirmAsync(one, page), "")).Url.Should().Be($"{Onward}?state=a%20b");
    }

    [Test]
    public async Task A_post_of_the_app_is_the_same_request_by_GET()
    {
        var one = await SignInAsync();
        var hint = Hint(one);

        var reply = await one.Browser.PostAsync(Paths.EndSession,
        [
            new("id_token_hint", hint), new("post_logout_redirect_uri", Onward), new("state", "a b&c+d"), new("session", "all"),
        ]);

        reply.Status.Should().Be(303);
        reply.Location.Should().Be(Server.Issuer + Paths.EndSession + "?" + Query(
            ("id_token_hint", hint), ("post_logout_redirect_uri", Onward), ("state", "a b&c+d")));
        (await one.Browser.IsSignedInAsync()).Should().BeTrue("a post decides nothing");
        (await one.Browser.FollowAsync(reply, "")).Url.Should().Be($"{Onward}?state=a%20b%26c%2Bd");
        (await one.Browser.PostAsync(Paths.EndSession, [new("id_token_hint", new string('x', 8000))])).Status.Should().Be(413);
    }

    [Test]
    public async Task A_disabled_app_is_no_way_out()
    {
        var one = await SignInAsync();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", one.App);

        await Eventually.BecomesTrueAsync(async () =>
            (await Server.Get<ClientDirectory>().FindAsync(one.App.Id, CancellationToken.None))!.Row.Enabled is false);

        (await AskAsync(one, ("id_token_hint", Hint(one)), ("post_logout_redirect_uri", Onward))).Should()
            .BeAnErrorPage("unauthorized_client");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test]
    public async Task A_repeated_parameter_is_refused_and_a_head_request_ends_nothing()
    {
        var one = await SignInAsync();
        var query = Query(("id_token_hint", Hint(one)));

        (await one.Browser.GetAsync($"{Paths.EndSession}?{query}&{query}")).Should().BeAnErrorPage("invalid_request");
        await Server.SendAsync(HttpMethod.Head, $"{Paths.EndSession}?{query}", null,
            ("Cookie", string.Join("; ", one.Browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))));
        (await one.Browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test, Case("OIDC-139")]
    public async Task The_sid_of_an_id_token_is_no_key_to_the_session()
    {
        var one = await SignInAsync();
        var thief = Server.NewBrowser();
        foreach (var name in one.Browser.Cookies.Keys) thief.Cookies[name] = one.Sid.ToString();

        (await thief.GetAsync(Paths.ConnectedApps)).Location.Should().StartWith(Server.Issuer + Paths.Login);
    }

    private static Task<Reply> ConfirmAsync(SignedIn one, Reply page) =>
        one.Browser.SubmitToAsync(Paths.EndSessionConfirm, new Landing(Paths.EndSession, page));

    private static SigningKey NewKey()
    {
        var encryption = new KeyEncryption(new Settings { KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        return SigningKey.TryOpen(
            SigningKey.Make("ES256", encryption, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), encryption)!;
    }
}
