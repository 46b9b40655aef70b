using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A person lets an app in for a while, and not a minute longer.</summary>
[Behaviour(4, 31)]
public sealed class ConsentEndTest
{
    private TestServer server = null!;
    private Person alice = null!;
    private TestClient app = null!;
    private Browser browser = null!;

    // Of each test's own: its clock travels.
    [SetUp]
    public async Task StartAsync()
    {
        server = await TestServer.StartAsync();
        (alice, app, browser) = (await server.UserAsync(), await server.PublicClientAsync(), server.NewBrowser());
    }

    [TearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    [Test, Rfc(9700, "4.14.2")]
    public async Task No_refresh_and_no_access_token_passes_the_hour_that_was_chosen()
    {
        var began = server.Clock.GetUtcNow();
        var (verifier, page) = await OpenAsync();
        var tokens = await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow", ("until", "hour")), verifier);
        var end = (await EndsAsync()).Single();
        end.Should().BeCloseTo(began.UtcDateTime.AddHours(1), TimeSpan.FromMinutes(1));

        server.Clock.Travel(TimeSpan.FromMinutes(55));
        var late = await app.RefreshAsync(tokens.RefreshToken!);
        late.Should().HaveIssuedTokens();
        new JsonWebToken(late.AccessToken).ValidTo.Should().BeOnOrBefore(end, "it would live ten minutes otherwise");
        late.Json.GetProperty("expires_in").GetInt32().Should().BeLessThanOrEqualTo(300);

        server.Clock.Travel(TimeSpan.FromMinutes(6));
        (await app.RefreshAsync(late.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await (await server.ResourceServerAsync()).SeesAsActiveAsync(late.AccessToken)).Should().BeFalse();
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task In_the_last_second_of_a_consent_nothing_is_issued_and_nothing_is_spent()
    {
        var code = await server.GrantAsync(app, alice);
        var tokens = await server.TokensAsync(app, alice);
        await LeaveAsync(TimeSpan.FromSeconds(0.9));

        var (redeemed, refreshed) = (await app.RedeemAsync(code), await app.RefreshAsync(tokens.RefreshToken!));

        foreach (var reply in new[] { redeemed, refreshed })
        {
            reply.Should().BeRefusedWith("invalid_grant");
            (await server.AuditAsync(reply)).Should().ContainSingle().Which.Reason.Should().Be("the consent has run out");
        }

        await LeaveAsync(TimeSpan.FromSeconds(30));
        foreach (var reply in new[] { await app.RedeemAsync(code), await app.RefreshAsync(tokens.RefreshToken!) })
        {
            reply.Should().HaveIssuedTokens();
            new JsonWebToken(reply.AccessToken).ValidTo.Should().BeOnOrBefore((await EndsAsync())[0]);
        }

        Task LeaveAsync(TimeSpan left) => server.ExecuteAsync("update grants set expires_at = @end where client_id = @Id",
            new { end = (server.Clock.GetUtcNow() + left).UtcDateTime, app.Id });
    }

    [Test]
    public async Task A_remembered_consent_ends_with_its_grant_and_is_not_renewed_in_silence()
    {
        var (verifier, page) = await OpenAsync();
        await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow", ("until", "hour")), verifier);

        server.Clock.Travel(TimeSpan.FromMinutes(50));
        var again = TestClient.NewVerifier();
        var silent = await browser.FollowAsync("/authorize?" + app.AuthorizeQuery(again, Offline, ("prompt", "none")));
        var tokens = await app.RedeemAsync(new Code(silent.Parameters["code"]!, again, app.Redirect));
        tokens.Should().HaveIssuedTokens();
        var ends = await EndsAsync();
        ends.Should().HaveCount(2);
        ends[1].Should().Be(ends[0], "the second grant ends when the first does");

        server.Clock.Travel(TimeSpan.FromMinutes(11));
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await browser.FollowAsync("/authorize?"
            + app.AuthorizeQuery(TestClient.NewVerifier(), Offline, ("prompt", "none")))).Parameters["error"]
            .Should().Be("consent_required");
        (await browser.FollowAsync("/authorize?" + app.AuthorizeQuery(TestClient.NewVerifier(), Offline))).Is(Paths.Consent)
            .Should().BeTrue("it is asked again");
        (await server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", app)).Should().Be(2);
    }

    [Test]
    public async Task The_longest_is_what_the_operator_allows_and_is_remembered_without_an_end()
    {
        var (verifier, page) = await OpenAsync();
        await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow"), verifier);

        (await EndsAsync()).Single().Should().BeCloseTo(server.Clock.GetUtcNow().UtcDateTime.AddDays(30), TimeSpan.FromMinutes(1));
        server.Clock.Travel(TimeSpan.FromHours(7));
        (await browser.FollowAsync("/authorize?"
            + app.AuthorizeQuery(TestClient.NewVerifier(), Offline, ("prompt", "none")))).Parameters["code"].Should().NotBeNull();
    }

    [TestCase("year"), TestCase("month"), TestCase("LONGEST"), TestCase("day", 86400), TestCase("hour", 3600)]
    public async Task An_end_that_was_not_offered_is_refused_and_grants_nothing(string until, int most = 2592000)
    {
        await server.ExecuteAsync("update clients set refresh_token_seconds = @most where client_id = @Id", new { most, app.Id });
        Landing page = null!;
        await Eventually.BecomesTrueAsync(async () =>
            !(page = (await OpenAsync()).Page).Reply.Body.Contains($"value=\"{until}\"", StringComparison.Ordinal));

        var reply = await browser.SubmitAsync(page, "decision", "allow", ("until", until));

        reply.Should().BeAnErrorPage("invalid_request", 400, "Choose one of the times offered");
        (
            await server.ScalarAsync<long>(
                "select (select count(*) from grants where client_id = @Id) + (select count(*) from consents where client_id = @Id)", app))
                .Should().Be(0);
        (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().StartWith(Cast.Redirect, "the request is still open");
    }

    [Test]
    public async Task A_shorter_end_chosen_later_for_the_same_request_holds_for_what_it_issued_before()
    {
        var (verifier, page) = await OpenAsync();
        var tokens = await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow"), verifier);
        var again = await browser.FollowAsync("/authorize?" + app.AuthorizeQuery(verifier, Offline, ("prompt", "consent")));
        (await browser.SubmitAsync(again, "decision", "allow", ("until", "hour"))).Status.Should().Be(303);
        (await EndsAsync()).Should().HaveCount(2, "what is redeemed is not redeemed again").And
            .OnlyContain(end => end < server.Clock.GetUtcNow().UtcDateTime.AddHours(2));

        server.Clock.Travel(TimeSpan.FromMinutes(61));
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(7662, "2.2")]
    public async Task An_access_token_is_dead_once_its_grant_is_over()
    {
        var (verifier, page) = await OpenAsync();
        var tokens = await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow"), verifier);
        var api = await server.ResourceServerAsync();
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        await server.ExecuteAsync("update grants set expires_at = @now where client_id = @Id",
            new { now = server.Clock.GetUtcNow().UtcDateTime, app.Id });

        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
    }

    [Test]
    public async Task A_consent_revoked_at_the_same_moment_is_not_granted_in_silence()
    {
        var (verifier, page) = await OpenAsync();
        await RedeemAsync(await browser.SubmitAsync(page, "decision", "allow"), verifier);

        var revoking = server.ExecuteAsync("begin; delete from consents where client_id = @Id; select pg_sleep(1); commit", app);
        await server.SleepsAsync();
        var silent = await browser.FollowAsync("/authorize?" + app.AuthorizeQuery(TestClient.NewVerifier(), Offline));
        await revoking;

        silent.Parameters["code"].Should().BeNull();
        (await server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", app)).Should().Be(1);
    }

    private static (string, string?) Offline => ("scope", "notes:read offline_access");

    private async Task<(string Verifier, Landing Page)> OpenAsync()
    {
        var verifier = TestClient.NewVerifier();
        return (verifier, await browser.ReachConsentAsync(app.AuthorizeQuery(verifier, Offline), alice));
    }

    private Task<Reply> RedeemAsync(Reply allowed, string verifier) =>
        app.RedeemAsync(new Code(new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, app.Redirect));

    private Task<List<DateTime>> EndsAsync() => server.QueryAsync<DateTime>(
        "select expires_at at time zone 'utc' from grants where client_id = @Id order by created_at", app);
}
