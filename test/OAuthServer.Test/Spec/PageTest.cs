using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Architecture;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Pages: safe in any browser, whatever others wrote into them, and of use without scripts.</summary>
[Behaviour(4)]
public sealed class PageTest : ServerFixture
{
    private TestClient client = null!;
    private Person alice = null!;
    private Dictionary<string, Reply> pages = null!;

    [OneTimeSetUp]
    public async Task VisitEveryPageAsync()
    {
        (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var (stranger, browser) = (await Server.PublicClientAsync(origin: "self-registered", resource: null), Server.NewBrowser());
        var query = "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier());
        var login = await browser.FollowAsync(query);
        var wrong = await browser.SignInAsync(login, alice, "not her password");
        var consent = await browser.SignInAsync(login, alice);
        pages = new()
        {
            ["sign in"] = login.Reply,
            ["sign in again"] = wrong.Reply,
            ["consent"] = consent.Reply,
            ["consent, nothing chosen"] = await browser.SubmitAsync(consent, "decision", "allow", ("scope notes:read", null)),
            ["consent, only reading"] = await browser.GetAsync(consent.Url + "&only=read"),
            ["consent, not decided"] = await browser.SubmitAsync(consent),
            ["connected apps"] = await browser.GetAsync("/connected-apps"),
            ["security"] = await browser.GetAsync("/sessions"),
            ["sign out everywhere"] = await browser.GetAsync("/sessions/everywhere"),
            ["password"] = await browser.GetAsync("/password"),
            ["revoke all"] = await browser.GetAsync("/connected-apps/revoke-all"),
            ["sign out"] = await browser.GetAsync("/logout"),
            ["signed out"] = await Server.NewBrowser().GetAsync("/logout"),
            ["error codes"] = await browser.GetAsync("/errors"),
            ["unknown client"] = await browser.GetAsync("/authorize?client_id=nobody"),
            ["error with a link"] = await browser.GetAsync("/authorize?"
                + stranger.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "bogus"))),
            ["no such request"] = await browser.GetAsync("/consent?request=nonsense"),
            ["no such page"] = await browser.GetAsync("/login/of/nobody"),
            ["wrong verb"] = await browser.PostAsync("/sessions/everywhere", []),
        };
    }

    [Test, Rfc(9700, "4.16"), Case("UI-003", "UI-005", "UI-007", "UI-043")]
    public void Every_page_forbids_frames_scripts_caches_and_strangers()
    {
        var statuses = new Dictionary<string, int>
        {
            ["sign in again"] = 401,
            ["consent, nothing chosen"] = 400,
            ["consent, not decided"] = 400,
            ["unknown client"] = 400,
            ["error with a link"] = 400,
            ["no such request"] = 400,
            ["no such page"] = 404,
            ["wrong verb"] = 405,
        };

        foreach (var (name, page) in pages)
        {
            page.Should().BeAPage(statuses.GetValueOrDefault(name, 200));
            page.Header("Content-Security-Policy").Should()
                .NotContain("form-action", "Chromium would apply it to the redirect that follows consent");
        }
    }

    [Test, Case("UI-045")]
    public void Every_page_can_be_read_and_used_without_scripts()
    {
        foreach (var (name, page) in pages)
        {
            page.Body.Should().StartWith("<!DOCTYPE html>").And.Contain("<html lang=\"en\" dir=\"ltr\">").And.Contain("name=\"viewport\"");
            page.Page.QuerySelectorAll("h1").Should().ContainSingle(name);
            page.Page.QuerySelector("title")!.TextContent.Should().EndWith(Server.Settings.DisplayName).And.NotStartWith(" ");
            var labels = page.Page.QuerySelectorAll("label").Select(label => label.GetAttribute("for")).ToList();
            foreach (var input in page.Page.QuerySelectorAll("input:not([type=hidden]):not([hidden])"))
                labels.Should().Contain(input.Id, name);
            foreach (var form in page.Page.Forms)
            {
                form.Method.Should().Be("post", name);
                form.QuerySelectorAll("[name=antiforgery]").Should().ContainSingle(name);
                form.QuerySelectorAll("button").Should().NotBeEmpty(name);
            }
        }
    }

    [Test, Case("UI-037")]
    public void The_sign_in_says_for_whom_and_where_and_lets_password_managers_help()
    {
        pages["sign in"].Body.Should().Contain($"to continue to <strong><bdi>The {client.Id} app</bdi></strong>")
            .And.Contain(Server.Settings.IssuerAuthority)
            .And.Contain("autocomplete=\"username webauthn\"").And.Contain("autocomplete=\"current-password\"");
        pages["sign in again"].Body.Should().Contain("Incorrect username or password").And.Contain($"value=\"{alice.Username}\"")
            .And.NotContain("not her password");
    }

    [TestCase("<script>alert(1)</script>"), TestCase("\" onmouseover=\"alert(1)"), TestCase("'><img src=x onerror=alert(1)>"),
        TestCase("&lt;b&gt; ${7*7} {{7*7}}")]
    [Test, Case("UI-036")]
    public async Task Text_of_others_is_shown_and_never_obeyed(string words)
    {
        var scope = $"hostile:{Guid.NewGuid():N}";
        var resource = $"https://{Guid.NewGuid():N}.example.test/a'b\"c<d>";
        var hostile = await Server.PublicClientAsync(scopes: "notes:read");
        await Server.ExecuteAsync(
            """
            insert into resources (uri, name) values (@resource, @words);
            insert into scopes (name, resource, open) values (@scope, @resource, true);
            insert into scope_texts (scope, locale, text) values (@scope, 'en', @words);
            update clients set name = @words, resources = array[@resource] where client_id = @Id;
            """,
            new { resource, scope, words, hostile.Id });
        var browser = Server.NewBrowser();

        async Task<Landing> AskAsync() => await browser.FollowAsync("/authorize?" + hostile.AuthorizeQuery(TestClient.NewVerifier(),
            ("state", words), ("login_hint", words), ("scope", scope), ("resource", resource), ("ui_locales", words), ("nonce", words)));
        // The edit is heard a moment after it was made.
        Landing login = null!;
        await Eventually.BecomesTrueAsync(async () => (login = await AskAsync()).Is(Paths.Login)
            && !login.Reply.Body.Contains($"The {hostile.Id} app"));
        var consent = await browser.SignInAsync(login, alice);

        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        foreach (var page in new[] { login.Reply, consent.Reply })
        {
            page.Should().BeAPage(200);
            page.Body.Should().NotContain(words).And.NotContain("<img")
                .And.NotMatchRegex("=\"[^\"]*\"[^\\s/>]", "no value breaks out of its quotes");
            WebUtility.HtmlDecode(page.Body).Should().Contain(words, "it is shown as text");
        }
    }

    [Test, Case("UI-036")]
    public async Task A_client_name_is_one_short_line_of_visible_characters()
    {
        var liar = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        await Server.ExecuteAsync("update clients set name = @name where client_id = @Id",
            new { liar.Id, name = "Bank\u202Eknab\u200B \u2066\n\t" + new string('W', 300) });
        var browser = Server.NewBrowser();
        Reply page = null!;
        await Eventually.BecomesTrueAsync(async () =>
            (page = (await browser.FollowAsync("/authorize?"
            + liar.AuthorizeQuery(TestClient.NewVerifier()))).Reply).Body.Contains("Bankknab"));

        page.Body.Should().NotContain("\u202E").And.NotContain("\u200B").And.NotContain("\u2066").And.NotContain(new string('W', 80))
            .And.Contain("W…");
    }

    [Test, Case("UI-036")]
    public async Task The_text_of_a_scope_is_one_line_of_visible_characters()
    {
        var (app, browser) = (await Server.PublicClientAsync(), Server.NewBrowser());
        await Server.ExecuteAsync("insert into scopes (name, resource, access, open) values ('notes:hostile', @Notes, 'read', true)",
            new { Cast.Notes });
        await Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values ('notes:hostile', 'en', @text)",
            new { text = "Read\u202Edaer\u2066 \n<b>" + new string('W', 10_000) });
        await Server.ExecuteAsync("update clients set scopes = scopes || '{notes:hostile}' where client_id = @Id", new { app.Id });
        await Server.HearsAsync(heard => heard.TextOf("notes:hostile", "en") is not null);

        var consent = await browser.ReachConsentAsync(app.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "notes:hostile")), alice);
        await app.TokensAsync(alice, browser, ("scope", "notes:hostile"));

        foreach (var page in new[] { consent, await browser.FollowAsync(Paths.ConnectedApps) })
        {
            page.Reply.Should().BeAPage(200);
            page.Reply.Body.Should().Contain("<bdi>Readdaer &lt;b&gt;WWW").And.Contain("WW…</bdi>").And.NotContain("\u202E")
                .And.NotContain("\u2066").And.NotContain(new string('W', 200));
        }
    }

    [Test, Rfc(6749, "5.2")]
    public async Task A_program_gets_its_error_as_JSON()
    {
        foreach (var path in new[] { "/authorize?client_id=nobody", "/consent?request=nonsense", "/login?request=nonsense",
            "/authorize/nonsense" })
        {
            var reply = await Server.GetAsync(path, ("Accept", "application/json"));

            reply.Status.Should().Be(400, path);
            reply.IsJson.Should().BeTrue(path);
            reply.Error.Should().BeOneOf("invalid_client", "invalid_request");
            reply.Header("Cache-Control").Should().Contain("no-store");
            reply.RequestId.Should().NotBeEmpty();
            (await Server.GetAsync(path, ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))).Should().BeAnErrorPage(reply.Error!);
        }
    }

    [Test, Rfc(6749, "5.2")]
    public async Task Every_code_this_server_can_answer_is_explained_under_its_anchor()
    {
        var page = (await Server.GetAsync("/errors")).Body;

        // Those its factories make, and those the source writes out.
        var made = typeof(OAuthError).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(OAuthError)).Select(method =>
            ((OAuthError)method.Invoke(null,
                [.. method.GetParameters()
                .Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType == typeof(int) ? 1
                : "login_required")])!).Code);
        var written = SourceText.All.SelectMany(file =>
            Regex.Matches(file.Text, "(?:(?<!const string )\\bCode = |InteractionRequired\\(|WriteString\\(\"error\", )\"([a-z_]+)\""))
            .Select(match => match.Groups[1].Value);
        var codes = made.Concat(written).ToHashSet();

        codes.Should().HaveCountGreaterThan(15).And.Contain("consent_required");
        foreach (var code in codes) page.Should().Contain($"<dt id=\"{code}\">");
    }

    [Test, Rfc(9700, "4.13"), Case("UI-046")]
    public async Task No_page_is_served_under_another_name()
    {
        foreach (var path in new[] { "/login", "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier()), "/logout", "/errors" })
        {
            var reply = await Server.GetAsync(path, ("Host", "attacker.test"), ("Accept", "text/html"));

            reply.Status.Should().Be(400);
            reply.Body.Should().NotContain("attacker.test").And.NotContain("<form");
            reply.Header("Set-Cookie").Should().BeNull();
        }
    }

    [Test]
    public async Task The_stylesheet_is_kept_for_good_under_a_name_that_changes_with_it()
    {
        var url = pages["sign in"].Page.QuerySelector("link[rel=stylesheet]")!.GetAttribute("href")!;

        var style = await Server.GetAsync(url);

        url.Should().MatchRegex(@"^/style\.css\?v=[0-9a-f]{12}$");
        (style.Status, style.ContentHeaders.ContentType!.MediaType, style.Header("X-Content-Type-Options")).Should()
            .Be((200, "text/css", "nosniff"));
        style.Header("Cache-Control").Should().Contain("immutable");
        style.Body.Should().NotContain("url(").And.NotContain("@import");
    }
}
