using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Who becomes a client by a document, and who does not.</summary>
[Behaviour(18)]
public sealed class ClientDocumentTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test]
    public async Task A_document_becomes_a_public_client_without_scopes_of_its_own()
    {
        var host = await outside.GoodHostAsync();

        var client = await Server.ResolvedAsync(host.Url());

        client.Row.Should().BeEquivalentTo(new
        {
            ClientId = host.Url(),
            Kind = "user-facing",
            Name = "Notes app",
            Origin = "document",
            Enabled = true,
            RedirectUris = new[] { "http://localhost/callback", "http://127.0.0.1/callback" },
            Scopes = Array.Empty<string>(),
            GrantTypes = new[] { "authorization_code", "refresh_token" },
            AuthMethod = "none",
        });
        client.IsVouchedFor.Should().BeFalse();
    }

    [TestCase("javascript:alert(1)"), TestCase("http://app.example/cb"), TestCase("https://app.example/cb#f"),
        TestCase("https://*.example/cb"), TestCase("https://u:p@app.example/cb"), TestCase("/cb"), TestCase("myapp:/cb")]
    [TestCase("https://203.0.113.7/cb")]
    public async Task Redirect_uris_follow_the_rules_of_every_client(string redirect)
    {
        var host = await outside.GoodHostAsync(null, redirect);

        (await Server.RefusedAsync(host.Url())).Rule.Should().StartWith("CIMD §4");
    }

    [TestCase("https://app.example/cb#f"), TestCase("myapp:/cb"), TestCase("https://203.0.113.7/cb")]
    public async Task A_redirect_uri_that_is_unusable_harms_only_a_request_that_asks_for_it(string redirect)
    {
        var host = await outside.GoodHostAsync(null, redirect, Cast.Redirect);
        var client = new TestClient(Server, host.Url(), null, "none", Cast.Redirect);

        (await client.TokensAsync(await Server.UserAsync())).Should().HaveIssuedTokens();
        var page =
            await Server.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), ("redirect_uri", redirect))}");
        page.Status.Should().Be(400);
        page.Location.Should().BeNull();
    }

    [Test]
    public async Task A_redirect_uri_at_this_server_is_refused()
    {
        var host = await outside.GoodHostAsync(null, Server.Issuer + "/login");

        (await Server.RefusedAsync(host.Url())).Rule.Should().StartWith("CIMD §4");
    }

    [Test, Case("CIMD-039")]
    public async Task A_document_whose_app_listens_on_this_computer_comes_with_a_warning_every_time()
    {
        var (host, alice, browser) =
            (await outside.GoodHostAsync(null, "http://localhost/callback"), await Server.UserAsync(), Server.NewBrowser());
        var client = new TestClient(Server, host.Url(), null, "none", "http://localhost:51004/callback");

        for (var times = 0; times < 2; times++)
        {
            var page = await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
            page.Is(Paths.Consent).Should().BeTrue(page.ToString());
            page.Reply.Body.Should().Contain("any program on this computer could claim to be this app").And
                .Contain("<bdi>localhost</bdi>").And.Contain(new Uri(host.Url()).Host);
            (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().StartWith("http://localhost:51004/callback?");
        }
    }

    [Test, Case("CIMD-033")]
    public async Task A_document_that_names_another_client_is_refused()
    {
        var host = await outside.GoodHostAsync();

        (await Server.RefusedAsync(host.Url() + "?v=2"))
            .Should().BeEquivalentTo(new { Rule = "CIMD §4", Expected = host.Url() + "?v=2", Got = host.Url() }, it =>
            it.ExcludingMissingMembers());
    }

    [TestCase("operator"), TestCase("self-registered")]
    public async Task Other_clients_are_answered_from_their_row(string origin)
    {
        var client = await Server.PublicClientAsync(origin: origin);

        (await Server.ResolvedAsync(client.Id)).Row.Origin.Should().Be(origin);
    }

    [Test, Case("CIMD-038")]
    public async Task An_operators_row_wins_and_is_never_fetched()
    {
        var host = await outside.GoodHostAsync();
        await Server.ExecuteAsync(
            "insert into clients (client_id, kind, name, redirect_uris) "
                + "values (@id, 'user-facing', 'Pinned', '{https://pinned.example/cb}')", new { id = host.Url() });

        var client = await Server.ResolvedAsync(host.Url());

        client.Row.Name.Should().Be("Pinned");
        client.IsVouchedFor.Should().BeTrue();
        host.Requests.Should().BeEmpty();
    }

    [Test, Case("CIMD-038")]
    public async Task The_SQL_of_the_page_on_access_pins_one_document_and_bans_another()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(TestDatabase.Root, "docs/access.md"));
        var section = guide[guide.IndexOf("## Clients with a document", StringComparison.Ordinal)..];
        foreach (var block in section.Split("```sql").Skip(1))
            await Server.ExecuteAsync(block.Split("```")[0]);
        outside.Lookups.Clear();

        var pinned = await Server.ResolvedAsync("https://claude.ai/oauth/claude-code-client-metadata");
        pinned.IsVouchedFor.Should().BeTrue();
        var tokens = await new TestClient(Server, pinned.Row.ClientId, null, "none", "http://localhost:3118/callback")
            .TokensAsync(await Server.UserAsync(), null, ("resource", null), ("scope", null));
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
        (await Server.ResolvedAsync("https://spam.example/client.json")).Row.Enabled.Should().BeFalse();
        outside.Lookups.Should().BeEmpty();
    }

    [Test]
    public async Task A_row_pinned_while_its_document_was_under_way_stays_the_operators()
    {
        var host = await outside.GoodHostAsync();
        var answer = host.Answer;
        host.Answer = async http =>
        {
            await Server.ExecuteAsync(
                "insert into clients (client_id, kind, name, redirect_uris) "
                    + "values (@id, 'user-facing', 'Pinned', '{https://pinned.example/cb}')", new { id = host.Url() });
            await answer(http);
        };

        (await Server.ResolvedAsync(host.Url())).Row.Name.Should().Be("Pinned");
    }

    [Test]
    public async Task The_token_endpoint_uses_the_stored_document_and_fetches_nothing()
    {
        var host = await outside.GoodHostAsync();
        var stranger = await outside.GoodHostAsync();
        await Server.ResolvedAsync(host.Url());
        Server.Clock.Travel(TimeSpan.FromHours(48));
        var before = outside.Connections.Count;

        (await TokenAsync(host.Url())).Should().BeRefusedWith("invalid_grant");
        (await TokenAsync(stranger.Url())).Should().BeRefusedWith("invalid_client");

        outside.Connections.Should().HaveCount(before);

        Task<Reply> TokenAsync(string id) => new TestClient(Server, id, null, "none", "")
            .TokenAsync(("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", TestClient.NewVerifier()));
    }

    [TestCase("http://app.example/c"), TestCase("https://app.example/a/../c"), TestCase("https://app.example/c#x"), TestCase("nobody"),
        TestCase("https:\\\\app.example\\c"), TestCase("https://app.example/c\0")]
    [Case("CIMD-002")]
    public async Task A_client_id_that_is_no_document_url_is_unknown_and_nothing_is_fetched(string id)
    {
        var before = outside.Connections.Count + outside.Lookups.Count;

        (await Server.RefusedAsync(id)).Description.Should().Be("This app is not registered here");

        (outside.Connections.Count + outside.Lookups.Count).Should().Be(before);
    }

    [Test]
    public async Task A_client_that_nobody_ever_registered_gets_consent_tokens_and_refreshes()
    {
        var host = await outside.GoodHostAsync();
        var app = new TestClient(Server, host.Url(), null, "none", "http://127.0.0.1:51004/callback");

        var tokens = await app.TokensAsync(await Server.UserAsync());

        tokens.Should().HaveIssuedTokens("notes:read");
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens("notes:read");
        host.Requests.Should().HaveCount(1);
    }

    [TestCase("https://nowhere.example/c", "nowhere.example"), TestCase("https://10.0.0.5/c", "10.0.0.5"),
        TestCase("https://[64:ff9b::7f00:1]/c", "64:ff9b::7f00:1")]
    [TestCase("https://app.example/a/%2e%2e/c", null), TestCase("http://app.example/c", null), TestCase("https://u:p@app.example/c", null)]
    public async Task A_browser_gets_a_page_and_no_redirect_and_the_audit_log_the_reason(string id, string? host)
    {
        var app = new TestClient(Server, id, null, "none", "https://app.example/cb");

        var page = await Server.NewBrowser().GetAsync(Paths.Authorize + "?" + app.AuthorizeQuery(TestClient.NewVerifier()));

        page.Status.Should().Be(400);
        page.Location.Should().BeNull();
        page.Body.Should().Contain(host is null ? "This app is not registered here" : host).And.NotContain("special-use").And
            .NotContain("does not resolve");
        var line = (await Server.AuditAsync(page)).Should().ContainSingle().Subject;
        line.Should().BeEquivalentTo(new { Event = "authorize", Outcome = "refused", Error = "invalid_client" }, it =>
            it.ExcludingMissingMembers());
        (line.Rule, line.Expected, line.Got)
            .Should().Match<(string?, string?, string?)>(told => told.Item1!.StartsWith("CIMD §") || told.Item1.StartsWith("OAuth 2.1"));
    }

    [Test, Case("META-013")]
    public async Task Discovery_says_so_and_a_setting_turns_it_off_with_all_who_came_that_way()
    {
        var host = await outside.GoodHostAsync();
        await Server.ResolvedAsync(host.Url());
        await using var off =
            await TestServer.StartAsync(settings => settings with { ClientDocuments = false }, Server.Settings.Database,
                services: Register);

        (await SupportedAsync(Server)).Should().BeTrue();
        (await SupportedAsync(off)).Should().BeFalse();
        (await off.ResolveAsync(host.Url())).Refused(out var error, out _).Should().BeTrue();
        error!.Description.Should().Be("This app is not registered here");
        (await off.Get<ClientDirectory>().FindAsync(host.Url(), CancellationToken.None)).Should().BeNull();
        host.Requests.Should().HaveCount(1);

        static async Task<bool> SupportedAsync(TestServer server)
        {
            using var http = server.NewHttp();
            return (await Reply.ReadAsync(await http.GetAsync(Paths.ServerMetadata))).Json
                .GetProperty("client_id_metadata_document_supported").GetBoolean();
        }
    }
}
