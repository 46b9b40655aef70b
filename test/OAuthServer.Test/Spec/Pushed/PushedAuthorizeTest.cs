using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Audit;
using OAuthServer.Authorization;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Pushed;

/// <summary>GET /authorize with the request_uri of /par: for one client, one browser, once.</summary>
[Behaviour(58)]
public sealed class PushedAuthorizeTest : ServerFixture
{
    private const string NotValid = "This request is not valid any more; start again from the app";

    private TestClient client = null!;
    private readonly FakeInternet outside = new();
    private Person alice = null!;

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [OneTimeSetUp]
    public async Task SetUpCastAsync() => (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

    private Task<Reply> GoAsync(string query, params (string, string)[] headers) =>
        Server.GetAsync($"{Paths.Authorize}?{query}", headers);

    private async Task<string?> ReasonAsync(Reply page) => (await Server.AuditAsync(page)).Should()
        .ContainSingle(row => row.Event == AuditEvents.Authorize && row.Error == "invalid_request").Subject.Reason;

    [Test, Rfc(9126, "4"), Case("PAR-103")]
    public async Task Only_what_was_pushed_counts()
    {
        var verifier = TestClient.NewVerifier();
        var query = await client.PushedQueryAsync(verifier);

        var landed = await Server.NewBrowser().AllowAsync(
            $"{query}&redirect_uri=https%3A%2F%2Fevil.example%2Fcb&scope=mcp%3Aadmin&state=x&code_challenge={new string('a', 43)}"
            + "&response_type=token&request=e30&resource=https%3A%2F%2Funknown.example&prompt=none&state=y", alice);

        landed.Url.Should().StartWith(Cast.Redirect + "?").And.NotContain("evil.example");
        landed.Parameters["state"].Should().Be("xyz");
        (await client.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, client.Redirect)))
            .Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(9126, "4"), Rfc(9101, "6.2"), Case("PAR-101")]
    public async Task Another_client_cannot_use_it_and_its_own_still_can()
    {
        var other = await Server.PublicClientAsync();
        var pushed = await client.PushAsync(TestClient.NewVerifier());

        var refused = await GoAsync(other.PushedQuery(pushed));

        refused.Should().BeAnErrorPage("invalid_request", 400, NotValid);
        (await ReasonAsync(refused)).Should().Be("another client pushed it");
        (await Server.NewBrowser().AllowAsync(client.PushedQuery(pushed), alice)).Parameters["code"].Should().NotBeNull();
    }

    [Test, Rfc(9126, "7.3"), Case("PAR-104")]
    public async Task Used_expired_and_made_up_are_one_page_and_the_audit_log_tells_them_apart()
    {
        var used = await client.PushedQueryAsync(TestClient.NewVerifier());
        (await GoAsync(used)).Status.Should().Be(303);
        var late = await client.PushedQueryAsync(TestClient.NewVerifier());
        var made = $"client_id={client.Id}&request_uri={PushedRequests.Prefix}{OpaqueToken.Mint()}";
        Server.Clock.Travel(TimeSpan.FromSeconds(91));

        var pages = new[] { await GoAsync(used), await GoAsync(late), await GoAsync(made), await GoAsync(made[..^10]) };

        foreach (var page in pages) page.Should().BeAnErrorPage("invalid_request", 400, NotValid);
        pages.Select(page => page.Body.Replace(page.RequestId, "")).Distinct().Should().ContainSingle();
        (await ReasonAsync(pages[0])).Should().StartWith("it was used at ");
        (await ReasonAsync(pages[1])).Should().StartWith("it expired at ");
        (await ReasonAsync(pages[2])).Should().StartWith("no request was pushed under this reference");
    }

    [Test, Rfc(9101, "10.4"), Case("PAR-104")]
    public async Task Ten_thousand_made_up_references_fetch_nothing_and_tell_nothing()
    {
        var used = await client.PushedQueryAsync(TestClient.NewVerifier());
        (await GoAsync(used)).Status.Should().Be(303);
        var waiting = await client.PushedQueryAsync(TestClient.NewVerifier());
        var pages = new ConcurrentBag<string>();
        var slowest = 0d;

        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var uri = number % 10 == 0 ? $"https://canary.example/{number}.jwt" : PushedRequests.Prefix + OpaqueToken.Mint();
            var (page, took) = await TimedAsync($"client_id={client.Id}&request_uri={Uri.EscapeDataString(uri)}");
            pages.Add(page.Location is { } landed ? landed[..landed.IndexOf("&error_description", StringComparison.Ordinal)] : Seen(page));
            lock (pages) slowest = Math.Max(slowest, took);
        });

        pages.Should().HaveCount(10_000);
        pages.Distinct().Should().BeEquivalentTo(Seen(await GoAsync(used)), $"{Cast.Redirect}?error=invalid_request");
        slowest.Should().BeLessThan(2000, "milliseconds, of one among eight");
        (outside.Connections.Count, outside.Lookups.Count).Should().Be((0, 0));

        // Used and never issued take as long.
        var (ofUsed, ofNever) = (new List<double>(), new List<double>());
        for (var i = 0; i < 400; i++)
        {
            ofUsed.Add((await TimedAsync(used)).Milliseconds);
            ofNever.Add((await TimedAsync($"client_id={client.Id}&request_uri={PushedRequests.Prefix}{OpaqueToken.Mint()}")).Milliseconds);
        }

        TestContext.Out.WriteLine($"slowest {slowest:0} ms, separation {Timing.Separation(ofUsed, ofNever):0.000}");
        Timing.Separation(ofUsed, ofNever).Should().BeLessThan(0.8);
        (await GoAsync(waiting)).Status.Should().Be(303);

        static string Seen(Reply page) => $"{page.Status} {page.Body.Replace(page.RequestId, "")}";

        async Task<(Reply Page, double Milliseconds)> TimedAsync(string query)
        {
            var began = TimeProvider.System.GetTimestamp();
            var page = await GoAsync(query);
            return (page, TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
        }
    }

    [TestCase("https://canary.example/r.jwt"), TestCase("urn:example:mine"), TestCase("urn:ietf:params:oauth:jwt:x")]
    [Rfc(9101, "10.4"), Case("PAR-104")]
    public async Task Any_other_request_uri_is_refused_as_before_and_never_fetched(string uri)
    {
        var landed = await Server.NewBrowser().FollowAsync(
            $"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), ("request_uri", uri))}");

        landed.Url.Should().StartWith(Cast.Redirect).And.NotContain("code=");
        landed.Parameters["error"].Should().Be("invalid_request");
        (outside.Connections.Count, outside.Lookups.Count).Should().Be((0, 0));
        (await GoAsync($"client_id={client.Id}&request_uri={Uri.EscapeDataString(uri)}&request_uri={PushedRequests.Prefix}x"
            + $"&redirect_uri={Uri.EscapeDataString(client.Redirect)}")).Location.Should().Contain("error=invalid_request");
        (await GoAsync($"request_uri={PushedRequests.Prefix}{OpaqueToken.Mint()}"))
            .Should().BeAnErrorPage("invalid_request", 400, "client_id is required");
    }

    [TestCase("Sec-Purpose", "prefetch"), TestCase("Sec-Purpose", "prefetch;prerender"), TestCase("Purpose", "prefetch")]
    [Case("PAR-106")]
    public async Task HEAD_and_prefetch_claim_nothing(string name, string value)
    {
        var query = await client.PushedQueryAsync(TestClient.NewVerifier());

        (await Server.SendAsync(HttpMethod.Head, $"{Paths.Authorize}?{query}", null, (name, value))).Status.Should().Be(200);
        (await Server.SendAsync(HttpMethod.Head, $"{Paths.Authorize}?{query}")).Status.Should().Be(200);
        var early = await GoAsync(query, (name, value));

        (early.Status, early.Location, early.Body).Should().Be((503, null, ""));
        early.Header("Cache-Control").Should().Be("no-store");
        (await GoAsync(query)).Status.Should().Be(303);
    }

    [Test, Case("PAR-106")]
    public async Task A_client_disabled_after_the_push_gets_a_page()
    {
        var ended = await Server.PublicClientAsync();
        var query = await ended.PushedQueryAsync(TestClient.NewVerifier());
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { ended.Id });

        await Eventually.BecomesTrueAsync(async () => (await ended.PushAsync(TestClient.NewVerifier())).Status == 401);

        (await GoAsync(query)).Should().BeAnErrorPage("unauthorized_client", 400, "This app has been disabled here");
    }

    [Test]
    public async Task A_reload_of_the_pages_that_follow_is_harmless()
    {
        var (browser, bob, query) = (Server.NewBrowser(), await Server.UserAsync("bob"),
            await client.PushedQueryAsync(TestClient.NewVerifier()));
        var login = await browser.FollowAsync($"{Paths.Authorize}?{query}");

        (await browser.GetAsync(login.Url)).Status.Should().Be(200);
        var consent = await browser.SignInAsync(login, bob);
        (await browser.GetAsync(consent.Url)).Status.Should().Be(200);
        var allowed = await browser.SubmitAsync(consent, "decision", "allow");

        allowed.Location.Should().StartWith(Cast.Redirect).And.Contain("code=");
    }

    [Test]
    public async Task A_remembered_consent_uses_it_up_too_and_a_refusal_by_redirect_as_well()
    {
        var browser = Server.NewBrowser();
        await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        var remembered = await client.PushedQueryAsync(TestClient.NewVerifier());
        var silent = await client.PushedQueryAsync(TestClient.NewVerifier(), ("prompt", "none"));

        (await browser.GetAsync($"{Paths.Authorize}?{remembered}")).Location.Should().Contain("code=");
        (await browser.GetAsync($"{Paths.Authorize}?{remembered}")).Should().BeAnErrorPage("invalid_request", 400, NotValid);
        (await GoAsync(silent)).Location.Should().Contain("error=login_required");
        (await GoAsync(silent)).Should().BeAnErrorPage("invalid_request", 400, NotValid);
    }

    [Test]
    public async Task A_posted_answer_and_a_fresh_sign_in_come_as_pushed()
    {
        var (browser, bob) = (Server.NewBrowser(), await Server.UserAsync("bob"));
        await browser.SignInAsync(bob);
        var query = await client.PushedQueryAsync(TestClient.NewVerifier(), ("response_mode", "form_post"), ("prompt", "login"));

        var login = await browser.FollowAsync($"{Paths.Authorize}?{query}");
        login.Is(Paths.Login).Should().BeTrue();
        var answered = await browser.SubmitAsync(await browser.SignInAsync(login, bob), "decision", "allow");

        answered.Status.Should().Be(200);
        answered.Body.Should().Contain($"action=\"{Cast.Redirect}\"").And.Contain("name=\"code\"");
    }
}
