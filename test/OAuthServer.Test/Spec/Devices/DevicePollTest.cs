using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>Polling (RFC 8628 §3.5): wait, slow down, no, too late, and yes once.</summary>
[Behaviour(57)]
public sealed class DevicePollTest : DeviceFixture
{
    private TestServer twin = null!;

    [OneTimeSetUp]
    public async Task StartSecondInstanceAsync() => twin = await Server.StartSecondInstanceAsync();

    [OneTimeTearDown]
    public async Task StopTwinAsync() => await twin.DisposeAsync();

    [Test, Rfc(8628, "3.5"), Case("DEVICE-002")]
    public async Task A_poll_that_comes_too_early_adds_five_seconds_and_a_steady_device_recovers()
    {
        var tv = await TvAsync();
        var asked = await AskAsync(tv);
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending", 400);

        var early = await PollAsync(tv, asked);

        early.Should().BeRefusedWith("slow_down", 400);
        early.Header("Retry-After").Should().BeNull();
        (await SecondsAsync(tv)).Should().Be(10);
        var line = (await Server.AuditAsync(early)).Should().ContainSingle().Subject;
        (line.Rule, line.Expected).Should().Be(("RFC 8628 §3.5", "a poll 10 s after the last one that was in time"));
        Server.Clock.Travel(TimeSpan.FromSeconds(5));
        (await PollAsync(tv, asked)).Should().BeRefusedWith("slow_down", 400);
        (await SecondsAsync(tv)).Should().Be(15);
        Server.Clock.Travel(TimeSpan.FromSeconds(9.8));
        // The mark has stayed, and the jitter is forgiven.
        (await PollAsync(tv.At(twin), asked)).Should().BeRefusedWith("authorization_pending", 400);
        for (var i = 0; i < 12; i++) await PollAsync(tv, asked);
        (await SecondsAsync(tv)).Should().Be(60);

        Task<int> SecondsAsync(TestClient client) =>
            Server.ScalarAsync<int>("select poll_seconds from device_requests where client_id = @Id", new { client.Id });
    }

    [Test, Rfc(8628, "3.4"), Case("DEVICE-004")]
    public async Task Another_clients_device_code_opens_nothing_and_costs_its_owner_nothing()
    {
        var (alice, tv, other) = (await Server.UserAsync(), await TvAsync(), await TvAsync());
        var asked = await AskAsync(tv);

        (await PollAsync(other, asked)).Should().BeRefusedWith("invalid_grant", 400);
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending", 400);
        await AllowAsync(alice, asked);
        (await PollAsync(other, asked)).Should().BeRefusedWith("invalid_grant", 400);
        (await other.TokenAsync(("grant_type", DeviceCode), ("device_code", "nonsense"))).Should().BeRefusedWith("invalid_grant", 400);
        (await tv.TokenAsync(("grant_type", DeviceCode))).Should().BeRefusedWith("invalid_request", 400);

        (await PollAsync(tv, asked)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8628, "3.5"), Case("DEVICE-005", "DEV-107")]
    public async Task Of_sixty_four_polls_at_the_moment_of_Allow_on_two_servers_one_wins_and_the_grant_lives()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var asked = await AskAsync(tv);
        var page = await ReachAsync(browser, alice, asked);

        var allow = browser.SubmitAsync(page, "decision", "allow");
        var polls = Enumerable.Range(0, 48).Select(i => PollAsync(i % 2 == 0 ? tv : tv.At(twin), asked)).ToList();
        await allow;
        polls.AddRange(Enumerable.Range(0, 16).Select(i => PollAsync(i % 2 == 0 ? tv : tv.At(twin), asked)));
        var replies = await Task.WhenAll(polls);

        var won = replies.Where(reply => reply.Status == 200).Should().ContainSingle().Subject;
        replies.Where(reply => reply.Status != 200).Should().OnlyContain(reply => reply.Status == 400
            && new[] { "authorization_pending", "slow_down", "invalid_grant" }.Contains(reply.Error));
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id and ended_at is null", new { tv.Id }))
            .Should().Be(1);
        (await tv.RefreshAsync(won.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8628, "3.5"), Case("DEV-109")]
    public async Task The_first_decision_stands_and_a_late_repeat_revokes_nothing()
    {
        var (alice, mallory, tv) = (await Server.UserAsync(), await Server.UserAsync("mallory"), await TvAsync());
        var (hers, his) = (Server.NewBrowser(), Server.NewBrowser());
        var asked = await AskAsync(tv);
        var (herPage, hisPage) = (await ReachAsync(hers, alice, asked), await ReachAsync(his, mallory, asked));

        (await hers.SubmitAsync(herPage, "decision", "allow")).Location.Should().EndWith("outcome=allowed");
        (await hers.SubmitAsync(herPage, "decision", "allow")).Location.Should().EndWith("outcome=allowed", "a double click");
        (await his.SubmitAsync(hisPage, "decision", "allow")).Status.Should().Be(400);
        (await his.SubmitAsync(hisPage, "decision", "deny")).Status.Should().Be(400);
        var tokens = await PollAsync(tv, asked);
        tokens.Should().HaveIssuedTokens();
        (await PollAsync(tv, asked)).Should().BeRefusedWith("invalid_grant", 400);
        (await tv.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        (await Server.ScalarAsync<Guid>("select subject from grants where client_id = @Id", new { tv.Id })).Should().Be(alice.Subject);

        var refused = await AskAsync(tv);
        (herPage, hisPage) = (await ReachAsync(hers, alice, refused), await ReachAsync(his, mallory, refused));
        (await hers.SubmitAsync(herPage, "decision", "deny")).Location.Should().EndWith("outcome=denied");
        (await his.SubmitAsync(hisPage, "decision", "allow")).Status.Should().Be(400);
        (await PollAsync(tv, refused)).Should().BeRefusedWith("access_denied", 400);

        var late = await AskAsync(tv);
        herPage = await ReachAsync(hers, alice, late);
        Server.Clock.Travel(TimeSpan.FromSeconds(601));
        (await hers.SubmitAsync(herPage, "decision", "allow")).Status.Should().Be(400);
        (await PollAsync(tv, late)).Should().BeRefusedWith("expired_token", 400);
        (await TypeAsync(hers, alice, late.UserCode)).Reply.Body.Should().Contain("This code does not work");
    }

    [Test, Rfc(8628, "3.2")]
    public async Task Who_allows_at_the_last_moment_leaves_the_device_one_more_poll()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        var (asked, forgotten) = (await AskAsync(tv), await AskAsync(tv));
        Server.Clock.Travel(TimeSpan.FromSeconds(595));
        await AllowAsync(alice, asked);
        await AllowAsync(alice, forgotten);

        Server.Clock.Travel(TimeSpan.FromSeconds(7));
        (await PollAsync(tv, asked)).Should().HaveIssuedTokens();
        Server.Clock.Travel(TimeSpan.FromSeconds(60));
        (await PollAsync(tv, forgotten)).Should().BeRefusedWith("expired_token", 400);
    }

    [TestCase("update users set enabled = false where subject = @Subject", "invalid_grant")]
    [TestCase("update clients set enabled = false where client_id = @Id", "invalid_client")]
    [TestCase("update clients set resources = '{}', default_resource = null where client_id = @Id", "invalid_target")]
    [Case("DEV-106"), Rfc(8628, "3.5")]
    public async Task What_is_disabled_between_Allow_and_the_poll_gets_nothing(string edit, string error)
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        var asked = await AskAsync(tv);
        await AllowAsync(alice, asked);
        await Server.ExecuteAsync(edit, new { alice.Subject, tv.Id });

        // Heard first: a poll before would be redeemed.
        if (edit.Contains("clients", StringComparison.Ordinal))
            await Server.HearsOfAsync(tv, row => !row.Enabled || row.Resources.Length == 0);

        (await PollAsync(tv, asked)).Should().BeRefusedWith(error);
    }

    [Test]
    public async Task A_device_code_is_no_authorization_code_nor_the_other_way_round()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        await Server.ExecuteAsync(
            "update clients set grant_types = '{authorization_code,device_code,refresh_token}', redirect_uris = @uris where client_id = @Id",
            new { tv.Id, uris = new[] { Cast.Redirect } });
        var client = new TestClient(Server, tv.Id, null, "none", Cast.Redirect);
        var asked = await AskAsync(client);
        await AllowAsync(alice, asked);
        var code = await client.CodeAsync(alice);

        (await client.RedeemAsync(code with { Value = asked.DeviceCode })).Should().BeRefusedWith("invalid_grant", 400);
        (await client.TokenAsync(("grant_type", DeviceCode), ("device_code", code.Value))).Should().BeRefusedWith("invalid_grant", 400);

        (await PollAsync(client, asked)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
    }
}
