using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What becomes of a client whose document changes, goes, or serves nobody any more.</summary>
[Behaviour(18)]
public sealed class ClientDocumentChangeTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

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
