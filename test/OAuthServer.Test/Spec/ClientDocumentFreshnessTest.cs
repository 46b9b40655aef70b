using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>How long a fetched document serves, and when it is fetched again.</summary>
[Behaviour(18)]
public sealed class ClientDocumentFreshnessTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

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
            OpenId = new(),
            BodyHash = [1],
            TrustHash = [2],
            FreshUntil = now.AddMinutes(5),
        };
    }

    private Task<int> FreshSecondsAsync(DocumentHost host) =>
        Server.ScalarAsync<int>(
            "select round(extract(epoch from fresh_until - fetched_at))::int from client_documents where client_id = @id",
            new { id = host.Url() });
}
