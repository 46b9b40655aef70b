using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

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
        client.IsTrusted.Should().BeFalse();
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

    [Test]
    public async Task A_fresh_document_is_not_fetched_again()
    {
        var host = await outside.GoodHostAsync();

        await Server.ResolvedAsync(host.Url());
        await Server.ResolvedAsync(host.Url());

        host.Requests.Should().HaveCount(1);
    }

    [Test]
    public async Task Requests_at_the_same_moment_share_one_fetch()
    {
        var host = await outside.GoodHostAsync();
        var answer = host.Answer;
        host.Answer = async http =>
        {
            await Task.Delay(300);
            await answer(http);
        };

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Server.ResolvedAsync(host.Url())));

        host.Requests.Should().HaveCount(1);
    }

    [TestCase("max-age=3600", 3600), TestCase("public, max-age=60", 300), TestCase("no-store", 300),
        TestCase("no-cache, max-age=9000", 300), TestCase("max-age=31536000", 86400), TestCase(null, 300),
        TestCase("max-age=nonsense", 300)]
    public async Task Freshness_is_what_http_says_between_5_minutes_and_24_hours(string? cache, int seconds)
    {
        var host = await outside.GoodHostAsync(cache);
        await Server.ResolvedAsync(host.Url());

        (await FreshSecondsAsync(host)).Should().Be(seconds);

        Server.Clock.Travel(TimeSpan.FromSeconds(seconds - 5));
        await Server.ResolvedAsync(host.Url());
        host.Requests.Should().HaveCount(1);
        Server.Clock.Travel(TimeSpan.FromSeconds(10));
        await Server.ResolvedAsync(host.Url());
        host.Requests.Should().HaveCount(2);
    }

    [Test]
    public async Task Expires_and_age_count_too()
    {
        var host = await outside.GoodHostAsync();
        var date = Server.Clock.GetUtcNow();
        host.Answer =
            Documents.Answer(Documents.Of(host.Url()), null,
                headers: [("Date", date.ToString("R")), ("Expires", date.AddHours(2).ToString("R"))]);
        await Server.ResolvedAsync(host.Url());
        (await FreshSecondsAsync(host)).Should().Be(7200);

        var aged = await outside.GoodHostAsync();
        aged.Answer = Documents.Answer(Documents.Of(aged.Url()), "max-age=7200", headers: ("Age", "3600"));
        await Server.ResolvedAsync(aged.Url());
        (await FreshSecondsAsync(aged)).Should().Be(3600);
    }

    [Test]
    public async Task An_error_is_never_remembered()
    {
        var host = await outside.GoodHostAsync();
        var good = host.Answer;
        host.Answer = Documents.Answer("", "max-age=86400", status: 500);
        await Server.RefusedAsync(host.Url());
        (await Server.ScalarAsync<int>("select count(*)::int from clients where client_id = @id", new { id = host.Url() })).Should().Be(0);

        host.Answer = good;

        await Server.ResolvedAsync(host.Url());
    }

    [Test]
    public async Task The_last_good_document_serves_for_24_hours_of_failures_and_the_audit_log_says_so()
    {
        var host = await outside.GoodHostAsync();
        await Server.ResolvedAsync(host.Url());
        host.Answer = Documents.Answer("{\"secret-of-the-host\":1}", status: 200);

        Server.Clock.Travel(TimeSpan.FromHours(24));
        await Server.ResolvedAsync(host.Url());
        host.Requests.Should().HaveCount(2);
        var line =
            (
                await Server.QueryAsync<AuditLine>(
                    "select event, outcome, client_id, error, rule, reason, expected, got, detail from audit_events "
                        + "where client_id = @id and event = 'client-document'", new { id = host.Url() })).Should().ContainSingle().Subject;
        line.Should().BeEquivalentTo(new { Outcome = "refused", Error = "invalid_client", Rule = "CIMD §4", Expected = host.Url() }, it =>
            it.ExcludingMissingMembers());
        line.ToString().Should().NotContain("secret-of-the-host");

        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        await Server.RefusedAsync(host.Url());
    }

    [Test, Case("CIMD-036")]
    public async Task Another_name_redirect_or_key_makes_people_be_asked_again_and_nothing_else_does()
    {
        var host = await outside.GoodHostAsync(null, "https://app.example/cb");
        await Server.ResolvedAsync(host.Url());
        var alice = await Server.UserAsync();

        await ConsentAsync(alice, host.Url());
        await ChangeAsync(Documents.Of(host.Url(), "Notes app", "https://app.example/cb")
            .Replace("}", ",\"client_uri\":\"https://app.example\"}"));
        (await ConsentsAsync(host.Url())).Should().Be(1);

        await ChangeAsync(Documents.Of(host.Url(), "Notes app", "https://app.example/cb", "https://other.example/cb"));
        (await ConsentsAsync(host.Url())).Should().Be(0);

        await ConsentAsync(alice, host.Url());
        await ChangeAsync(Documents.Of(host.Url(), "My bank", "https://app.example/cb", "https://other.example/cb"));
        (await ConsentsAsync(host.Url())).Should().Be(0);

        async Task ChangeAsync(string body)
        {
            host.Answer = Documents.Answer(body);
            Server.Clock.Travel(TimeSpan.FromMinutes(6));
            await Server.ResolvedAsync(host.Url());
        }
    }

    [TestCase(404), TestCase(410)]
    public async Task A_document_that_is_gone_ends_its_client_until_it_is_back(int status)
    {
        var host = await outside.GoodHostAsync();
        var good = host.Answer;
        await Server.ResolvedAsync(host.Url());
        var alice = await Server.UserAsync();
        await ConsentAsync(alice, host.Url());
        await GrantAsync(alice, host.Url());

        host.Answer = Documents.Answer("", status: status);
        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        await Server.RefusedAsync(host.Url());

        (await Server.ScalarAsync<string>("select ended_reason from grants where client_id = @id", new { id = host.Url() }))
            .Should().Be("document_gone");
        (await Server.ScalarAsync<bool>("select enabled from clients where client_id = @id", new { id = host.Url() })).Should().BeFalse();
        (await ConsentsAsync(host.Url())).Should().Be(0);
        (await Server.ScalarAsync<int>("select count(*)::int from audit_events where client_id = @id and event = 'revocation'",
            new { id = host.Url() })).Should().Be(1);

        // A failure does not bring it back, the document does; its grants stay ended.
        host.Answer = Documents.Answer("", status: 500);
        await Server.RefusedAsync(host.Url());
        host.Answer = good;
        (await Server.ResolvedAsync(host.Url())).Row.Enabled.Should().BeTrue();
        (await Server.ScalarAsync<int>("select count(*)::int from grants where client_id = @id and ended_at is null",
            new { id = host.Url() })).Should().Be(0);
    }

    [Test]
    public async Task A_client_that_an_operator_disabled_stays_so_and_is_not_fetched()
    {
        var host = await outside.GoodHostAsync();
        await Server.ResolvedAsync(host.Url());
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @id", new { id = host.Url() });
        Server.Clock.Travel(TimeSpan.FromHours(30));
        await Task.Delay(200);

        (await Server.ResolvedAsync(host.Url())).Row.Enabled.Should().BeFalse();

        host.Requests.Should().HaveCount(1);
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
        client.IsTrusted.Should().BeTrue();
        host.Requests.Should().BeEmpty();
    }

    [Test, Case("CIMD-038")]
    public async Task The_SQL_of_the_operating_guide_pins_one_document_and_bans_another()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(TestDatabase.Root, "docs/operating.md"));
        var section = guide[guide.IndexOf("## Clients with a document", StringComparison.Ordinal)..];
        foreach (var block in section[..section.IndexOf("## Keys", StringComparison.Ordinal)].Split("```sql").Skip(1))
            await Server.ExecuteAsync(block.Split("```")[0]);
        outside.Lookups.Clear();

        var pinned = await Server.ResolvedAsync("https://claude.ai/oauth/claude-code-client-metadata");
        pinned.IsTrusted.Should().BeTrue();
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
    public async Task A_client_nobody_used_leaves_after_a_day_and_one_with_a_grant_stays()
    {
        var (unused, used) = (await outside.GoodHostAsync(), await outside.GoodHostAsync());
        await Server.ResolvedAsync(unused.Url());
        await Server.ResolvedAsync(used.Url());
        await GrantAsync(await Server.UserAsync(), used.Url(), days: 90);

        Server.Clock.Travel(TimeSpan.FromHours(25));
        await Server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await Server.QueryAsync<string>("select client_id from clients where client_id = any (@ids)",
            new { ids = new[] { unused.Url(), used.Url() } })).Should().Equal(used.Url());
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

    [Test, Case("CIMD-036")]
    public async Task A_redirect_that_came_later_gets_no_code_by_an_earlier_consent()
    {
        var host = await outside.GoodHostAsync(null, "https://app.example/cb");
        var alice = await Server.UserAsync();
        var browser = Server.NewBrowser();
        await new TestClient(Server, host.Url(), null, "none", "https://app.example/cb").TokensAsync(alice, browser);

        host.Answer = Documents.Answer(Documents.Of(host.Url(), "Notes app", "https://app.example/cb", "https://evil.example/cb"));
        Server.Clock.Travel(TimeSpan.FromMinutes(6));

        foreach (var redirect in new[] { "https://evil.example/cb", "https://app.example/cb" })
        {
            var app = new TestClient(Server, host.Url(), null, "none", redirect);
            (await browser.ReachConsentAsync(app.AuthorizeQuery(TestClient.NewVerifier()), alice)).Is(Paths.Consent)
                .Should().BeTrue("alice is asked anew");
        }
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

    [Test]
    public async Task A_document_fetched_earlier_never_replaces_one_fetched_later()
    {
        var store = Server.Get<ClientDocumentStore>();
        var now = Server.Clock.GetUtcNow();
        var id = $"https://{Guid.NewGuid():N}.example/c";

        (await store.MaintainAsync(Document("later"), now)).Should().BeTrue();
        (await store.MaintainAsync(Document("earlier"), now.AddSeconds(-1))).Should().BeFalse();

        (await Server.ScalarAsync<string>("select name from clients where client_id = @id", new { id })).Should().Be("later");

        NewClientDocument Document(string name) => new()
        {
            ClientId = id,
            Name = name,
            RedirectUris = [Cast.Redirect],
            GrantTypes = ["authorization_code"],
            TosUri = null,
            PolicyUri = null,
            BodyHash = [1],
            TrustHash = [2],
            FreshUntil = now.AddMinutes(5),
        };
    }

    private Task<int> FreshSecondsAsync(DocumentHost host) =>
        Server.ScalarAsync<int>(
            "select round(extract(epoch from fresh_until - fetched_at))::int from client_documents where client_id = @id",
            new { id = host.Url() });

    private Task<int> ConsentsAsync(string id) => Server.ScalarAsync<int>(
        "select count(*)::int from consents where client_id = @id", new { id });

    private Task ConsentAsync(Person person, string client) => Server.ExecuteAsync(
        "insert into consents (subject, client_id, redirect_uri, resources, scope, given_at, key) "
            + "values (@subject, @client, 'https://app.example/cb', '{}', '{notes:read}', now(), @key)",
        new { subject = person.Subject, client, key = Guid.NewGuid().ToByteArray() });

    private Task GrantAsync(Person person, string client, int days = 30) => Server.ExecuteAsync(
        """
        insert into grants (id, client_id, subject, fingerprint, redirect_uri,
            code_challenge, scope, resources, offline, created_at, activated_at, expires_at)
        values (@id, @client, @subject, @key, 'https://app.example/cb', '', '{notes:read}',
            '{}', true, @now, @now, @now::timestamptz + make_interval(days => @days))
        """,
        new
        {
            id = Guid.NewGuid(),
            client,
            subject = person.Subject,
            key = Guid.NewGuid().ToByteArray(),
            now = Server.Clock.GetUtcNow().UtcDateTime,
            days
        });
}
