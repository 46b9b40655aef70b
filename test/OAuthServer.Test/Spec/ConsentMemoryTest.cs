using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Which consent is remembered, and for what.</summary>
[Behaviour(4)]
public sealed class ConsentMemoryTest : ConsentFixture
{
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
}
