using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(24)]
public sealed class LimitsTest : ServerFixture
{
    protected override Settings Change(Settings settings) =>
        settings with { FailuresPerSecond = 1, ClientRequestsPerSecond = 1, ClientBurst = 5 };

    [Test, Rfc(9700, "4.3"), Case("CAUTH-028")]
    public async Task An_address_that_guesses_a_secret_is_slowed_down_and_its_owner_elsewhere_is_not()
    {
        var machine = await Server.MachineAsync();
        using var thief = Server.NewHttpFrom("127.0.0.2");
        using var owner = Server.NewHttpFrom("127.0.0.3");

        var slowed = await UntilSlowedDownAsync(() => PostAsync(thief, machine.Id, "guess"));
        var owned = await PostAsync(owner, machine.Id, Cast.Secret);

        slowed.Should().BeRefusedWith("slow_down");
        owned.Should().HaveIssuedTokens();
    }

    [Test]
    public async Task A_guesser_who_is_slowed_down_costs_no_hash_and_learns_nothing()
    {
        var (known, unknown, round, began) = ((Reply)null!, (Reply)null!, 0, 0L);
        do
        {
            // Another secret every time: one that came through once is known from then on, by its hash.
            var (machine, secret) = (await Server.MachineAsync(), Guid.NewGuid().ToString("N"));
            await Server.ExecuteAsync("update client_secrets set hash = @hash where client_id = @Id",
                new { machine.Id, hash = TestServer.Hash(secret) });
            using var thief = Server.NewHttpFrom($"127.0.4.{++round}");
            began = TimeProvider.System.GetTimestamp();
            await UntilSlowedDownAsync(() => PostAsync(thief, machine.Id, "guess"));
            (known, unknown) = (await PostAsync(thief, machine.Id, secret), await PostAsync(thief, "nobody", "x"));
        }
        // After a second one failure is regained, and what came through then proves nothing.
        while (round < 5 && !(known.Status == 429 && unknown.Status == 429)
            && TimeProvider.System.GetElapsedTime(began) > Eventually.Second);

        known.Should().BeRefusedWith("slow_down");
        unknown.Should().BeRefusedWith("slow_down");
    }

    [Test]
    public async Task Behind_the_same_address_a_client_that_proved_itself_before_goes_on()
    {
        var machine = await Server.MachineAsync();
        using var shared = Server.NewHttpFrom("127.0.0.5");
        (await PostAsync(shared, machine.Id, Cast.Secret)).Should().HaveIssuedTokens();
        await UntilSlowedDownAsync(() => PostAsync(shared, "nobody", "guess"));

        (await PostAsync(shared, machine.Id, Cast.Secret)).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task A_proven_client_has_a_limit_of_its_own()
    {
        var (busy, quiet) = (await Server.MachineAsync(), await Server.MachineAsync());

        var (began, replies) = (TimeProvider.System.GetTimestamp(), new List<Reply>());
        do replies.Add(await busy.CredentialsAsync());
        while (replies[^1].Status == 200 && replies.Count < 100);

        replies[^1].Should().BeRefusedWith("slow_down");
        (replies.Count - 1).Should().BeInRange(5, 5 + (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds,
            "one more is due every second");
        (await quiet.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task A_429_is_explained_in_the_audit_log()
    {
        var machine = await Server.MachineAsync();
        var reply = await UntilSlowedDownAsync(() => machine.CredentialsAsync());

        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Reason.Should().StartWith($"client {machine.Id} asks more than");
    }

    private static async Task<Reply> UntilSlowedDownAsync(Func<Task<Reply>> ask)
    {
        for (var i = 0; i < 20; i++)
            if (await ask() is { Status: 429 } reply)
                return reply;
        throw new AssertionException("never slowed down");
    }

    private static Task<Reply> PostAsync(HttpClient http, string id, string secret) =>
        http.ReplyAsync(HttpMethod.Post, Paths.Token, Requests.Form("grant_type=client_credentials"),
            ("Authorization", Requests.BasicOf($"{id}:{secret}")));
}
