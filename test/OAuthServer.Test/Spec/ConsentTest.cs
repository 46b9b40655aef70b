using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What a person may decide, once, and what nobody else may.</summary>
[Behaviour(4)]
public sealed class ConsentTest : ConsentFixture
{
    [Test, Rfc(6749, "3.3")]
    public async Task A_person_may_narrow_and_never_raise()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice, "notes:read notes:write");

        var reply = await browser.SubmitAsync(page, "decision", "allow", ("scope notes:write", null), ("scope notes:delete", "yes"),
            ("scope", "notes:delete"));

        (await RedeemAsync(client, reply, verifier)).Should().HaveIssuedTokens("notes:read");
    }

    [Test]
    public async Task A_scope_that_is_not_optional_stays()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var client = await Server.PublicClientAsync(scopes: "read_sensors notes:read offline_access");
        var (verifier, page) = await OpenAsync(browser, client, alice, "read_sensors notes:read", ("resource", Cast.Sensors));

        var reply = await browser.SubmitAsync(page, "decision", "allow", ("scope read_sensors", null), ("scope notes:read", null));

        (await RedeemAsync(client, reply, verifier)).Should().HaveIssuedTokens("read_sensors");
    }

    [Test, Behaviour(33)]
    public async Task Without_the_wish_to_stay_connected_there_is_no_refresh_token()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice, "notes:read offline_access");

        var tokens = await RedeemAsync(client, await browser.SubmitAsync(page, "decision", "allow", ("scope offline_access", null)),
            verifier);

        tokens.Should().HaveIssuedTokens("notes:read");
        tokens.RefreshToken.Should().BeNull();
    }

    [Test, Rfc(6749, "4.1.2.1"), Case("AZ-030")]
    public async Task Deny_tells_the_client_and_leaves_nothing()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice);

        var reply = await browser.SubmitAsync(page, "decision", "deny");

        var landed = new Landing(reply.Location!, reply);
        (reply.Status, landed.Parameters["error"], landed.Parameters["state"], landed.Parameters["iss"], landed.Parameters["code"]).Should()
            .Be((303, "access_denied", "xyz", Server.Issuer, null));
        (await Server.ScalarAsync<long>("select (select count(*) from grants where client_id = @Id) + (select count(*) from consents "
            + "where client_id = @Id)", new { client.Id })).Should().Be(0);
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Error.Should().Be("access_denied");
    }

    [Test, Case("AZ-034")]
    public async Task Posted_fields_cannot_change_the_request()
    {
        var (alice, client, other, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.PublicClientAsync(),
            Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice);

        var reply = await browser.SubmitAsync(page, "decision", "allow",
            ("client_id", other.Id), ("redirect_uri", "https://evil.example/cb"), ("scope", "notes:write"), ("response_type", "token"),
            ("code_challenge", "x"));

        reply.Location.Should().StartWith(Cast.Redirect);
        (await RedeemAsync(client, reply, verifier)).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Case("AZ-035")]
    public async Task Two_tabs_answer_each_its_own_request()
    {
        var (alice, one, other, browser) = (await Server.UserAsync(), await Server.PublicClientAsync("https://one.example/cb"),
            await Server.PublicClientAsync("https://other.example/cb"), Server.NewBrowser());
        var first = await browser.ReachConsentAsync(one.AuthorizeQuery(TestClient.NewVerifier(), ("state", "A")), alice);
        await browser.ReachConsentAsync(other.AuthorizeQuery(TestClient.NewVerifier(), ("state", "B")), alice);

        var reply = await browser.SubmitAsync(first, "decision", "allow");

        reply.Location.Should().StartWith("https://one.example/cb?").And.Contain("state=A");
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { other.Id })).Should().Be(0);
    }

    [Test, Case("UI-012")]
    public async Task Sixteen_clicks_at_once_make_one_code_and_one_grant()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice);

        var replies = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => browser.SubmitAsync(page, "decision", "allow")));

        replies.Should().OnlyContain(reply => reply.Status == 303);
        replies.Select(reply => reply.Location).Distinct().Should().ContainSingle().Which.Should().StartWith(Cast.Redirect)
            .And.Contain("code=");
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'code' and client_id = @Id", new { client.Id }))
            .Should().Be(1);
    }

    [Test, Behaviour(2)]
    public async Task The_same_request_sent_twice_is_one_grant()
    {
        var (alice, client, browser, verifier) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser(),
            TestClient.NewVerifier());

        await browser.AllowAsync(client.AuthorizeQuery(verifier), alice);
        var second = await browser.AllowAsync(client.AuthorizeQuery(verifier), alice);

        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { client.Id })).Should().Be(1);
        (await client.RedeemAsync(new Code(second.Parameters["code"]!, verifier, client.Redirect))).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task A_wider_request_makes_a_new_grant_and_the_old_one_stays()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var narrow = await client.TokensAsync(alice, browser);

        var wide = await client.TokensAsync(alice, browser, ("scope", "notes:read notes:write"));

        wide.Should().HaveIssuedTokens("notes:read notes:write");
        (await client.RefreshAsync(narrow.RefreshToken!)).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Case("UI-011")]
    public async Task Another_browser_cannot_answer_and_an_old_request_has_expired()
    {
        var (alice, mallory, client) = (await Server.UserAsync(), await Server.UserAsync("mallory"), await Server.PublicClientAsync());
        var (hers, his) = (Server.NewBrowser(), Server.NewBrowser());
        var (_, page) = await OpenAsync(his, client, mallory);
        await hers.SignInAsync(alice);

        (await hers.GetAsync(page.Url)).Status.Should().Be(400, "the request was begun in Mallory's browser");
        (await hers.SubmitAsync(page, "decision", "allow")).Status.Should().BeOneOf(400, 403);

        await Server.ExecuteAsync("update authorization_requests set expires_at = now() - interval '1 second' where client_id = @Id",
            new { client.Id });
        (await his.SubmitAsync(page, "decision", "allow")).Status.Should().Be(400);
    }

    [Test, Case("UI-009", "UI-010")]
    public async Task Another_site_cannot_press_Allow()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice);

        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitAsync(page, "decision", "allow")).Status.Should().Be(403);
        browser.Headers["Sec-Fetch-Site"] = "same-origin";
        var token = Browser.Form.On(page.Reply.Body, "decision", "allow")!.Fields.First(field =>
            field.Value.StartsWith("CfDJ8", StringComparison.Ordinal)).Key;
        (await browser.SubmitAsync(page, "decision", "allow", (token, null))).Status.Should().BeOneOf(400, 403);
        foreach (var decision in new[] { "allow", "deny", "nonsense" })
        {
            var linked = await browser.GetAsync($"{page.Url}&decision={decision}");
            linked.Should().BeAnErrorPage("invalid_request", 400, "Choose Allow or Deny");
            (await Server.AuditAsync(linked)).Should().ContainSingle().Which.Rule.Should().Be("CWE-352");
        }

        (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().Contain("code=", "the form itself was good");
    }

    [Test]
    public async Task Switching_the_account_keeps_the_request()
    {
        var (alice, mallory, client, browser) = (await Server.UserAsync(), await Server.UserAsync("mallory"),
            await Server.PublicClientAsync(), Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice);
        var link = page.Reply.Page.QuerySelector("a[href*=login]")!.GetAttribute("href")!;

        var login = await browser.FollowAsync(link);
        var again = await browser.SignInAsync(login, mallory);

        again.Reply.Body.Should().Contain(mallory.Username).And.NotContain(alice.Username);
        var tokens = await RedeemAsync(client, await browser.SubmitAsync(again, "decision", "allow"), verifier);
        Jwt.Read(tokens.AccessToken)["sub"].Should().Be(mallory.Subject.ToString());
    }

    [Test]
    public async Task Nothing_ticked_is_asked_again_and_nothing_is_spent()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice, "notes:read notes:write");

        var empty = await browser.SubmitAsync(page, "decision", "allow", ("scope notes:read", null), ("scope notes:write", null));
        empty.Should().BeAPage(400);
        empty.Body.Should().Contain("Choose at least one");

        var reply = await browser.SubmitAsync(new Landing(page.Url, empty), "decision", "allow", ("scope notes:write", "yes"));
        (await RedeemAsync(client, reply, verifier)).Should().HaveIssuedTokens("notes:write");
    }

    [TestCase("update clients set enabled = false where client_id = @Id")]
    [TestCase("update clients set redirect_uris = '{https://moved.example/cb}' where client_id = @Id")]
    [TestCase("delete from clients where client_id = @Id")]
    public async Task A_page_opened_before_the_client_was_switched_off_or_moved_allows_nothing(string edit)
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice);
        await Server.ExecuteAsync(edit, new { client.Id });
        await Eventually.BecomesTrueAsync(async () => (await AskAsync(Server.NewBrowser(), client)).Reply.Status == 400);

        var reply = await browser.SubmitAsync(page, "decision", "allow");

        reply.Should().BeAPage(400);
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { client.Id })).Should().Be(0);
    }

    [TestCase("update users set enabled = false where subject = @Subject")]
    [TestCase("update users set password_hash = crypt('another password', gen_salt('bf', 10)) where subject = @Subject")]
    [Behaviour(35)]
    public async Task A_page_opened_before_its_person_was_locked_out_allows_nothing(string edit)
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice);
        await Server.ExecuteAsync(edit, alice);

        var reply = await browser.SubmitAsync(page, "decision", "allow");

        reply.Should().BeAPage(400);
        reply.Body.Should().Contain("Open it again", "the request itself waits for whoever signs in");
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", alice)).Should().Be(0);
    }

    [Test, Case("UI-011")]
    public async Task A_form_made_for_another_session_is_refused()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, hers) = await OpenAsync(browser, client, alice);
        // The same browser, the same cookies but for the session: Mallory signs in over Alice.
        var mallory = await Server.UserAsync("mallory");
        await browser.SignInAsync(await browser.FollowAsync($"/login?request={hers.Parameters["request"]}&switch=1"), mallory);

        var reply = await browser.SubmitAsync(hers, "decision", "allow");

        reply.Should().BeAnErrorPage("invalid_request", 400, "This page has expired");
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { client.Id })).Should().Be(0);
    }

    [Test]
    public async Task A_request_waits_ten_minutes()
    {
        await using var server = await TestServer.StartAsync();
        var (alice, client, browser) = (await server.UserAsync(), await server.PublicClientAsync(), server.NewBrowser());
        var (_, soon) = await OpenAsync(browser, client, alice);
        var (_, late) = await OpenAsync(browser, client, alice);

        server.Clock.Travel(TimeSpan.FromMinutes(9.5));
        (await browser.SubmitAsync(soon, "decision", "deny")).Location.Should().Contain("access_denied");
        server.Clock.Travel(TimeSpan.FromMinutes(1));
        (await browser.GetAsync(late.Url)).Should().BeAnErrorPage("invalid_request");
        (await browser.SubmitAsync(late, "decision", "allow")).Should().BeAnErrorPage("invalid_request");
        (await browser.SubmitAsync(late, "decision", "deny")).Should().BeAnErrorPage("invalid_request");
    }
}
