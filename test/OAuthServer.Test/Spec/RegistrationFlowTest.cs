using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// Clients of the field walk in by themselves: register, send a person through sign-in and consent, get tokens, refresh, leave.
/// </summary>
[Behaviour(14, 33)]
public sealed class RegistrationFlowTest : ServerFixture
{
    // What each of them asks for at /authorize: scope, resource, prompt; null is not sent. Inspector, mcp-remote and the C# SDK
    // follow the resource's challenge, ChatGPT sends scope without a value, Claude Code no resource, Claude.ai a slash too many.
    // Where notes:delete is asked for, the person leaves it: what is sensitive is not ticked beforehand.
    [TestCase("inspector", "notes:read offline_access", Cast.Notes, "consent", "notes:read offline_access")]
    [TestCase("inspector-web", "notes:delete notes:read notes:write offline_access", Cast.Notes, "consent",
        "notes:read notes:write offline_access")]
    [TestCase("mcp-remote", "notes:read notes:write", Cast.Notes, null, "notes:read notes:write")]
    [TestCase("csharp-sdk", "notes:read offline_access", Cast.Notes, null, "notes:read offline_access")]
    [TestCase("vs-code", "notes:read notes:write", Cast.Notes, null, "notes:read notes:write")]
    [TestCase("cursor", null, Cast.Notes, null, "notes:read notes:write")]
    [TestCase("claude-ai", "notes:read notes:write offline_access", Cast.Notes + "/", null, "notes:read notes:write offline_access")]
    [TestCase("claude-code", "notes:read offline_access", null, null, "notes:read offline_access")]
    [TestCase("chatgpt", "", Cast.Notes, null, "notes:read notes:write")]
    [TestCase("lm-studio", null, Cast.Notes, null, "notes:read notes:write")]
    [Test, Rfc(7591, "3"), Behaviour(15, 19), Case("DCR-001")]
    public async Task A_client_gets_tokens_at_every_redirect_URI_it_registered(
        string name, string? scope, string? resource, string? prompt, string granted)
    {
        var registered = await Server.RegisterAsync(RegistrationClientsTest.Body(name));
        registered.ShouldBeRegistered();
        var alice = await Server.UserAsync();
        var browser = Server.NewBrowser();

        foreach (var redirect in registered.Strings("redirect_uris"))
        {
            var client =
                new TestClient(Server, registered.Text("client_id")!, registered.Text("client_secret"),
                    registered.Text("token_endpoint_auth_method")!, redirect);
            var code = await client.CodeAsync(alice, browser, ("scope", scope), ("resource", resource), ("prompt", prompt));
            var tokens = await client.RedeemAsync(code, ("resource", resource));

            tokens.Should().HaveIssuedTokens(granted);
            Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
            (await client.RefreshAsync(tokens.RefreshToken!, ("resource", resource))).Should().HaveIssuedTokens(granted);
        }

        (await Server.ManageAsync(HttpMethod.Delete, registered.Text("client_id")!, registered.Text("registration_access_token"))).Status
            .Should().Be(204);
    }

    [TestCase("claude-code", "http://localhost:52811/callback")]
    [TestCase("lm-studio", "http://localhost:40404/callback")]
    [TestCase("vs-code", "http://127.0.0.1:54321")]
    [Rfc(8252, "7.3"), Behaviour(20)]
    public async Task A_native_client_comes_back_on_another_port(string name, string redirect)
    {
        var client = Server.ClientOf(await Server.RegisterAsync(RegistrationClientsTest.Body(name)));

        (await client.TokensAsync(await Server.UserAsync(), null, ("redirect_uri", redirect))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "3.3"), Behaviour(15, 34)]
    public async Task Whoever_registered_with_few_scopes_may_ask_for_any_open_one_and_for_no_other()
    {
        var client =
            Server.ClientOf(await Server
            .RegisterAsync(new { redirect_uris = new[] { Cast.Redirect }, scope = "notes:read", token_endpoint_auth_method = "none" }));
        var alice = await Server.UserAsync();

        (await client.TokensAsync(alice, null, ("scope", "notes:write"))).Should().HaveIssuedTokens("notes:write");
        (await client.TokensAsync(alice, null, ("scope", null))).Should().HaveIssuedTokens("notes:read");
        var closed = await Server.NewBrowser()
            .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "read_sensors")), alice);
        closed.Url.Should().NotStartWith(Cast.Redirect, "nobody vouches for that address");
        closed.Reply.Body.Should().Contain("invalid_scope");
    }

    [Test, Case("DCR-030", "DCR-031")]
    public async Task The_consent_page_says_that_nobody_vouches_for_it_and_shows_its_name_as_text()
    {
        var registered =
            await Server.RegisterAsync(new
            {
                client_name = "<img src=x onerror=alert(1)>Acme \u202eConsole",
                redirect_uris = new[] { Cast.Redirect },
                token_endpoint_auth_method = "none"
            });

        var page = await Server.NewBrowser()
            .ReachConsentAsync(Server.ClientOf(registered).AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync());

        page.Reply.Body.Should().NotContain("<img").And.NotContain("\u202e").And.Contain("&lt;img").And.Contain("client.example").And
            .ContainEquivalentOf("registered itself");
    }
}
