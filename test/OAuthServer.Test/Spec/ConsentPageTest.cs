using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What the consent page shows, and how it is used.</summary>
[Behaviour(4)]
public sealed class ConsentPageTest : ConsentFixture
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
}
