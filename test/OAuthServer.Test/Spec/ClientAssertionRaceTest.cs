using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// One client assertion, 64 requests at one moment over two processes: one wins, and what the others brought is not spent. One that a
/// process spent just before it was killed is spent.
/// </summary>
[Behaviour(42)]
public sealed class ClientAssertionRaceTest : ServerFixture
{
    private const string Used = "The client assertion was used before";
    private SecondProcess second = null!;
    private KeyClient web = null!;
    private Person alice = null!;

    // A token that was rotated after all is not answered again.
    protected override Settings Change(Settings settings) => settings with { RetryWindowSeconds = 0 };

    [OneTimeSetUp]
    public async Task StartAnotherProcessAsync()
    {
        second = await SecondProcess.StartAsync(Server);
        (web, alice) = (await Server.KeyClientAsync(kind: "user-facing"), await Server.UserAsync());
    }

    [OneTimeTearDown]
    public async Task StopItAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    [Test, Case("PKJ-017")]
    public async Task Of_64_machine_tokens_one_is_issued()
    {
        var machine = await Server.KeyClientAsync();
        for (var round = 0; round < 3; round++)
        {
            var proof = machine.Proof();
            HasOneWinner(await second.AtOnceAsync((on, _) => machine.Bare.At(on).CredentialsAsync(proof)));
        }

        (await Server.ScalarAsync<long>("select count(*) from audit_events where client_id = @Id and event = 'token' and outcome = 'ok'",
            new { machine.Id })).Should().Be(3);
    }

    [Test, Case("PKJ-017", "PKJ-114")]
    public async Task Of_64_codes_one_is_redeemed_and_the_others_stay()
    {
        var codes = await Task.WhenAll(Enumerable.Range(0, SecondProcess.Many).Select(_ => Server.GrantAsync(web.Bare, alice)));
        var proof = web.Proof();

        var replies = await second.AtOnceAsync((on, i) => web.Bare.At(on).RedeemAsync(codes[i], proof));

        HasOneWinner(replies);
        foreach (var (code, reply) in codes.Zip(replies).Where(pair => pair.Second.Status != 200))
            (await web.Bare.RedeemAsync(code, web.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-017", "PKJ-114")]
    public async Task Of_64_redemptions_of_one_code_one_wins_and_the_others_revoke_nothing()
    {
        var (code, proof) = (await Server.GrantAsync(web.Bare, alice), web.Proof());

        var replies = await second.AtOnceAsync((on, _) => web.Bare.At(on).RedeemAsync(code, proof));

        HasOneWinner(replies);
        (await web.Bare.RefreshAsync(replies.Single(reply => reply.Status == 200).RefreshToken!, web.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-017")]
    public async Task Of_64_families_one_moves_on_and_the_others_later()
    {
        var codes = await Task.WhenAll(Enumerable.Range(0, SecondProcess.Many).Select(_ => Server.GrantAsync(web.Bare, alice)));
        var tokens = await Task.WhenAll(codes.Select(async code => (await web.Bare.RedeemAsync(code, web.Proof())).RefreshToken!));
        var proof = web.Proof();

        var replies = await second.AtOnceAsync((on, i) => web.Bare.At(on).RefreshAsync(tokens[i], proof));

        HasOneWinner(replies);
        foreach (var (token, reply) in tokens.Zip(replies).Where(pair => pair.Second.Status != 200))
        {
            (await Server.ScalarAsync<bool>("select ended_at is null from grants where id = @id", new { id = Granted.GrantId(token) }))
                .Should().BeTrue();
            (await web.Bare.RefreshAsync(token, web.Proof())).Should().HaveIssuedTokens();
        }
    }

    [Test, Case("PKJ-017"), Behaviour(58), Rfc(9126, "2")]
    public async Task Of_64_pushed_requests_one_is_taken()
    {
        var (verifier, proof) = (TestClient.NewVerifier(), web.Proof());

        var replies = await second.AtOnceAsync((on, i) => PushAsync(web.Bare.At(on), verifier, proof, $"s{i}"));

        replies.Where(reply => reply.Status == 201).Should().ContainSingle();
        replies.Where(reply => reply.Status != 201).Should().AllSatisfy(ShouldBeUsed);
        (await Server.ScalarAsync<long>("select count(*) from pushed_requests where query like '%' || @challenge || '%'",
            new { challenge = Pkce.Challenge(verifier) })).Should().Be(1);
    }

    [Test, Behaviour(58), Rfc(9126, "7.3")]
    public async Task Of_64_browsers_with_one_pushed_request_one_goes_on()
    {
        var query = web.Bare.PushedQuery(await PushAsync(web.Bare, TestClient.NewVerifier(), web.Proof(), "xyz"));

        var replies = await second.AtOnceAsync((on, _) => on.NewBrowser().GetAsync($"{Paths.Authorize}?{query}"));

        replies.Should().ContainSingle(reply => reply.Status == 303).Which.Location.Should().Contain(Paths.Login);
        replies.Where(reply => reply.Status != 303).Should().AllSatisfy(
            reply => reply.Should().BeAnErrorPage("invalid_request", 400, "This request is not valid any more"));
    }

    [Test, Case("PKJ-018")]
    public async Task What_a_killed_process_has_spent_is_spent()
    {
        var machine = await Server.KeyClientAsync();
        var (forMachine, forCode, forRefresh, forPush) = (machine.Proof(), web.Proof(), web.Proof(), web.Proof());
        var codes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Server.GrantAsync(web.Bare, alice)));
        var (atOther, refresh) = (web.Bare.At(second.Server), (await web.Bare.RedeemAsync(codes[0], web.Proof())).RefreshToken!);

        var spent = await Task.WhenAll(machine.Bare.At(second.Server).CredentialsAsync(forMachine),
            atOther.RedeemAsync(codes[1], forCode), atOther.RefreshAsync(refresh, forRefresh),
            PushAsync(atOther, TestClient.NewVerifier(), forPush, "xyz"));
        await second.KillAsync();

        spent.Select(reply => reply.Status).Should().Equal(200, 200, 200, 201);
        await AllAreUsedAsync(Server);
        await second.ServeAsync();
        await AllAreUsedAsync(second.Server);
        (await web.Bare.RedeemAsync(codes[2], web.Proof())).Should().HaveIssuedTokens();

        async Task AllAreUsedAsync(TestServer on)
        {
            ShouldBeUsed(await DecidedAsync(() => machine.Bare.At(on).CredentialsAsync(forMachine)));
            foreach (var proof in new[] { forCode, forRefresh, forPush })
                ShouldBeUsed(await DecidedAsync(() => web.Bare.At(on).RedeemAsync(codes[2], proof)));
        }
    }

    [Test, Case("PKJ-018")]
    public async Task A_process_killed_amid_the_requests_gives_nobody_a_second_use()
    {
        var machine = await Server.KeyClientAsync();
        var proofs = Enumerable.Range(0, SecondProcess.Many).Select(_ => machine.Proof()).ToArray();
        (await machine.Bare.At(second.Server).CredentialsAsync(machine.Proof())).Should().HaveIssuedTokens();

        var sent = proofs.Select(async proof =>
        {
            try
            {
                return (await machine.Bare.At(second.Server).CredentialsAsync(proof)).Status;
            }
            catch (HttpRequestException)
            {
                // It died first.
                return 0;
            }
        }).ToList();
        await Task.WhenAny(sent);
        await second.KillAsync();
        var first = await Task.WhenAll(sent);
        var later = await Task.WhenAll(proofs.Select(machine.Bare.CredentialsAsync));
        // Before anything can fail: the other tests need it.
        await second.ServeAsync();

        first.Should().Contain(200);
        TestContext.Out.WriteLine($"{first.Count(status => status == 200)} of {first.Length} were answered before the end");
        first.Zip(later).Where(pair => pair.First == 200).Should().AllSatisfy(pair => ShouldBeUsed(pair.Second));
        (await Server.ScalarAsync<long>("select count(*) from audit_events where client_id = @Id and event = 'token' and outcome = 'ok'",
            new { machine.Id })).Should().Be(proofs.Length + 1, "each is a token once, told or not");
    }

    // 503 decides nothing: a busy machine, just after a kill.
    private static async Task<Reply> DecidedAsync(Func<Task<Reply>> send)
    {
        var reply = await send();
        await Eventually.BecomesTrueAsync(async () => reply.Status != 503 || (reply = await send()).Status != 503);
        return reply;
    }

    private static Task<Reply> PushAsync(TestClient client, string verifier, (string Name, string? Value)[] proof, string state) =>
        client.PushAsync(verifier, [("state", state), .. proof]);

    private static void HasOneWinner(Reply[] replies)
    {
        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens();
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(ShouldBeUsed);
    }

    private static void ShouldBeUsed(Reply reply) => reply.Should().BeRefusedWith("invalid_client", 401, Used);
}
