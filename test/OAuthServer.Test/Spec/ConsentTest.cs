using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What a person is shown, what they may change, and what nobody else may.</summary>
[Behaviour(4)]
public sealed class ConsentTest : ServerFixture
{
    [Test, Case("AZ-041", "UI-037")]
    public async Task The_consent_page_names_the_app_its_scopes_and_where_the_answer_goes()
    {
        var (alice, client) = (await Server.UserAsync(), await Server.PublicClientAsync(origin: "self-registered", resource: null));

        var page = await Server.NewBrowser()
            .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "notes:read notes:delete")), alice);

        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        foreach (var words in new[] { alice.Username, "Switch account", $"The {client.Id} app", "not verified", "client.example",
            "Demo notes", Cast.Notes, "Read your notes", "Delete your notes", page.Reply.RequestId })
            page.Reply.Body.Should().Contain(words);
        Browser.Form.On(page.Reply.Body, "decision", "allow")!.Fields.Should().Contain(field => field.Key == "scope notes:read")
            .And.NotContain(field => field.Key == "scope notes:delete", "it is sensitive");
    }

    [Test, Case("UI-037")]
    public async Task The_consent_page_names_the_host_of_an_apps_document()
    {
        var (alice, client) = (await Server.UserAsync(), await Server.DocumentClientAsync());

        var page = await Server.NewBrowser()
            .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "notes:read notes:delete")), alice);

        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        foreach (var words in new[] { alice.Username, "Switch account",
            $"Published by <strong><bdi>{new Uri(client.Id).Host}</bdi></strong>", "<strong><bdi>client.example</bdi></strong>",
            "Demo notes", Cast.Notes, "Read your notes", "Delete your notes" })
            page.Reply.Body.Should().Contain(words);
        page.Reply.Body.Should().NotContain("Approved by").And.NotContain("on this computer");
        Browser.Form.On(page.Reply.Body, "decision", "allow")!.Fields.Should().Contain(field => field.Key == "scope notes:read")
            .And.NotContain(field => field.Key == "scope notes:delete", "it is sensitive");
    }

    [Test]
    public async Task A_loopback_app_is_warned_about()
    {
        var client = await Server.PublicClientAsync("http://127.0.0.1/callback");

        var page = await Server.NewBrowser().ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync());

        page.Reply.Body.Should().Contain("<strong>An app on this computer</strong>")
            .And.Contain("Only continue if you just started this yourself.")
            .And.Contain($"Approved by <strong><bdi>{Server.Settings.DisplayName}</bdi></strong>");
    }

    [Test, Case("UI-039")]
    public async Task A_remembered_consent_is_not_asked_again_and_a_wider_one_is()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var client = await Server.PublicClientAsync(scopes: "notes:read notes:write read_sensors");
        (await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Parameters["code"].Should().NotBeNull();

        (await AskAsync(browser, client)).Url.Should().StartWith(Cast.Redirect);
        (await AskAsync(browser, client, ("prompt", "none"))).Parameters["code"].Should().NotBeNull();
        foreach (var wider in new (string, string?)[] { ("scope", "notes:read notes:write"), ("prompt", "consent") })
            (await AskAsync(browser, client, wider)).Is(Paths.Consent).Should().BeTrue($"{wider} was not allowed before");
        (await AskAsync(browser, client, ("scope", "read_sensors"), ("resource", Cast.Sensors))).Is(Paths.Consent).Should()
            .BeTrue("it is another resource");
        (await AskAsync(browser, client, ("scope", "notes:read notes:write"))).Reply.Body.Should().Contain("New since last time");
        var other = await Server.PublicClientAsync();
        (await AskAsync(browser, other)).Is(Paths.Consent).Should().BeTrue("another client with the same redirect URI");
    }

    [TestCase("self-registered", Cast.Redirect), TestCase("operator", "http://127.0.0.1/callback"),
        TestCase("operator", "com.example.app:/cb")]
    [Test, Rfc(8252, "8.6")]
    public async Task Apps_nobody_vouches_for_ask_every_time(string origin, string redirect)
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var client = await Server.PublicClientAsync(redirect, origin: origin, resource: origin == "operator" ? Cast.Notes : null);
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);

        (await AskAsync(browser, client)).Is(Paths.Consent).Should().BeTrue();
        var silent = await AskAsync(browser, client, ("prompt", "none"));
        (silent.Parameters["error"] ?? "page").Should().Be(origin == "operator" ? "consent_required" : "page");
    }

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
    public async Task One_link_leaves_only_the_reading_ones_ticked_and_decides_nothing()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (verifier, page) = await OpenAsync(browser, client, alice, "notes:read notes:write");
        var link = page.Reply.Page.QuerySelectorAll("a").Single(way => way.TextContent == "Only allow reading").GetAttribute("href")!;

        var narrowed = await browser.FollowAsync(link);

        Ticked(page).Should().Equal("scope notes:read", "scope notes:write", "scope offline_access");
        Ticked(narrowed).Should().Equal("scope notes:read", "scope offline_access");
        (await browser.SubmitAsync(narrowed, changes: ("decision", "read"))).Should()
            .BeAnErrorPage("invalid_request", 400, "Choose Allow or Deny");
        (await RedeemAsync(client, await browser.SubmitAsync(narrowed, "decision", "allow"), verifier)).Should()
            .HaveIssuedTokens("notes:read");

        static IEnumerable<string> Ticked(Landing at) =>
            Browser.Form.On(at.Reply.Body, "decision", "allow")!.Fields.Select(field => field.Key)
            .Where(key => key.StartsWith("scope ", StringComparison.Ordinal));
    }

    [Test]
    public async Task No_answer_is_pressed_by_Enter_in_a_checkbox()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice, "notes:read notes:write");

        var buttons = page.Reply.Page.Forms[0].QuerySelectorAll("button");

        buttons.Should().HaveCount(3);
        buttons[0].Attributes.Select(attribute => (attribute.Name, attribute.Value)).Should()
            .Equal([("type", "submit"), ("formmethod", "dialog"), ("hidden", "")], "a form's first button is what Enter presses");
    }

    [Test, Behaviour(14)]
    public async Task The_hosts_of_its_privacy_policy_and_terms_are_shown_and_lead_nowhere()
    {
        var registered = Server.ClientOf(await Server.RegisterAsync(new
        {
            client_name = "Case client",
            redirect_uris = new[] { "https://client.example/cb" },
            token_endpoint_auth_method = "none",
            policy_uri = "https://privacy.client.example/policy",
            tos_uri = "https://terms.client.example/tos",
        }));

        var page = await Server.NewBrowser()
            .ReachConsentAsync(registered.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync());

        page.Reply.Body.Should().Contain("<dt>Its privacy policy is at</dt><dd><bdi>privacy.client.example</bdi></dd>")
            .And.Contain("<dt>Its terms are at</dt><dd><bdi>terms.client.example</bdi></dd>")
            .And.NotContain("href=\"https://privacy").And.NotContain("href=\"https://terms");
    }

    [Test]
    public async Task Its_initial_stands_beside_its_name_and_what_makes_changes_is_marked()
    {
        var (alice, client) = (await Server.UserAsync(), await Server.PublicClientAsync());
        var (_, page) = await OpenAsync(Server.NewBrowser(), client, alice, "notes:read notes:write");

        page.Reply.Body.Should().Contain("<span class=\"tile\" aria-hidden=\"true\"><bdi>T</bdi></span>")
            .And.Contain($"<bdi>The {client.Id} app</bdi> wants access to your account")
            .And.Contain("<span class=\"mark soon\">Makes changes</span>").And.Contain("<dt>Sends data to</dt>")
                .And.Contain("<dt>Can access</dt>");
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
    public async Task An_unticked_scope_is_not_remembered_as_allowed()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var (_, page) = await OpenAsync(browser, client, alice, "notes:read notes:write");
        await browser.SubmitAsync(page, "decision", "allow", ("scope notes:write", null));

        (await AskAsync(browser, client)).Parameters["code"].Should().NotBeNull("reading was allowed");
        (await AskAsync(browser, client, ("scope", "notes:read notes:write"))).Is(Paths.Consent).Should().BeTrue("writing was not");
        (await AskAsync(browser, client, ("scope", "notes:write"), ("prompt", "none"))).Parameters["error"].Should().Be("consent_required");
    }

    [Test]
    public async Task Scopes_allowed_in_two_steps_are_remembered_together()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "notes:write")), alice);

        (await AskAsync(browser, client, ("scope", "notes:read notes:write"))).Parameters["code"].Should().NotBeNull();
    }

    [Test, Case("UI-039")]
    public async Task Consent_is_one_persons_for_one_redirect_URI()
    {
        var (alice, bob, client, browser) = (await Server.UserAsync(), await Server.UserAsync("bob"), await Server.PublicClientAsync(),
            Server.NewBrowser());
        await Server.ExecuteAsync("update clients set redirect_uris = redirect_uris || '{https://second.example/cb}'::text[] "
            + "where client_id = @Id", new { client.Id });
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        Landing second = null!;
        await Eventually.BecomesTrueAsync(async () =>
            (second = await AskAsync(browser, client, ("redirect_uri", "https://second.example/cb"))).Reply.Status != 400);

        second.Is(Paths.Consent).Should().BeTrue(second.ToString());
        (await Server.NewBrowser().ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), bob)).Is(Paths.Consent).Should()
            .BeTrue("Bob was never asked");
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

    private static Task<Landing> AskAsync(Browser browser, TestClient client, params (string Name, string? Value)[] changes) =>
        browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), changes));

    private static async Task<(string Verifier, Landing Page)> OpenAsync(Browser browser, TestClient client, Person person,
        string scope = "notes:read", params (string Name, string? Value)[] changes)
    {
        var verifier = TestClient.NewVerifier();
        var page = await browser.ReachConsentAsync(client.AuthorizeQuery(verifier, [("scope", scope), .. changes]), person);
        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        return (verifier, page);
    }

    private static Task<Reply> RedeemAsync(TestClient client, Reply allowed, string verifier) =>
        client.RedeemAsync(new Code(new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, client.Redirect));
}

/// <summary>Consent pages do not come endlessly.</summary>
[Behaviour(24)]
public sealed class ConsentLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { ConsentsPerMinute = 5 };

    [Test, Case("UI-040")]
    public async Task A_client_that_asks_again_and_again_is_slowed_down()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var statuses = new List<int>();
        for (var i = 0; i < 8; i++)
            statuses.Add((await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply.Status);

        statuses.Take(5).Should().OnlyContain(status => status == 200);
        statuses[^1].Should().Be(429);
        var limited = (await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply;
        limited.Should().BeAnErrorPage("slow_down", 429, "Wait ");
        limited.Header("Retry-After").Should().NotBeNull();
        (await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("ui_locales", "ar")), alice)).Reply.Body.Should()
            .Contain("lang=\"ar\"").And.NotContain("Wait");
        (await Server.NewBrowser()
            .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync("bob"))).Reply.Status.Should()
            .Be(200, "another person is not slowed down");
        (await browser.ReachConsentAsync((await Server.PublicClientAsync()).AuthorizeQuery(TestClient.NewVerifier()),
            alice)).Reply.Status.Should().Be(200, "another client is not slowed down");
    }
}

/// <summary>As many as an operator gets who sets nothing.</summary>
[Behaviour(24)]
public sealed class ConsentDefaultLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { ConsentsPerMinute = new Settings().ConsentsPerMinute };

    [Test, Case("UI-040")]
    public async Task Fifty_in_a_minute_are_shown_and_soon_after_no_more()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(origin: "self-registered", resource: null),
            Server.NewBrowser());
        var (before, statuses) = (TimeProvider.System.GetTimestamp(), new List<int>());
        do statuses.Add((await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply.Status);
        while (statuses[^1] == 200 && statuses.Count < 500);

        statuses[^1].Should().Be(429);
        statuses.Count(status => status == 200).Should()
            .BeInRange(50, 51 + (int)(TimeProvider.System.GetElapsedTime(before).TotalSeconds / 1.2), "one more is due every 1.2 s");
    }
}
