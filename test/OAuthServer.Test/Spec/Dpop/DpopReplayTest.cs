using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Dpop;

/// <summary>
/// A proof works once, at whichever server (RFC 9449 §11.1), and only a request that succeeds uses it. The other server is a process of
/// its own.
/// </summary>
[Behaviour(53)]
public sealed class DpopReplayTest : ServerFixture
{
    private const int AtOnce = SecondProcess.Many;

    private readonly ProofKey key = new();
    private SecondProcess second = null!;
    private TestClient client = null!;
    private TestClient machine = null!;
    private Person alice = null!;

    // The guard is what refuses, and not the token that was used.
    protected override Settings Change(Settings settings) => settings with { RetryWindowSeconds = 300 };

    [OneTimeSetUp]
    public async Task StartAnotherProcessAsync()
    {
        second = await SecondProcess.StartAsync(Server);
        client = await Server.PublicClientAsync();
        machine = await Server.MachineAsync();
        alice = await Server.UserAsync();
        (await machine.At(second.Server).CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [OneTimeTearDown]
    public async Task StopItAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    private static void HasOneWinner(Reply[] replies)
    {
        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens(type: "DPoP");
        foreach (var loser in replies.Where(reply => reply.Status != 200)) loser.Should().BeRefusedWith("invalid_dpop_proof", 400);
    }

    private string Proof() => key.Proof(Server, Paths.Token);

    [Test, Rfc(9449, "11.1")]
    public async Task Of_64_machine_tokens_by_one_proof_over_two_processes_one_is_issued()
    {
        for (var round = 0; round < 3; round++)
        {
            var proof = Proof();
            HasOneWinner(await second.AtOnceAsync((on, _) => machine.Sending(proof).At(on).CredentialsAsync()));
        }
    }

    [Test, Rfc(9449, "11.1"), Case("EXT-011")]
    public async Task Of_64_refreshes_by_one_proof_over_two_processes_one_wins()
    {
        for (var round = 0; round < 3; round++)
        {
            var refresh = (await client.Proving(key).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;
            var proof = Proof();

            HasOneWinner(await second.AtOnceAsync((on, _) => client.Sending(proof).At(on).RefreshAsync(refresh)));

            (await client.Proving(key).RefreshAsync(refresh)).Should().HaveIssuedTokens(type: "DPoP");
        }
    }

    [Test, Rfc(9449, "11.1")]
    public async Task Of_64_codes_redeemed_by_one_proof_one_is_and_the_others_stay()
    {
        var codes = new List<Code>();
        for (var i = 0; i < AtOnce; i++) codes.Add(await Server.GrantAsync(client, alice));
        var proof = Proof();

        var replies = await second.AtOnceAsync((on, i) => client.Sending(proof).At(on).RedeemAsync(codes[i]));

        HasOneWinner(replies);
        (await Task.WhenAll(codes.Select(code => client.Proving(key).RedeemAsync(code)))).Count(reply => reply.Status == 200)
            .Should().Be(AtOnce - 1);
    }

    [Test, Rfc(9449, "11.1"), Case("DPOP-106")]
    public async Task A_used_proof_is_known_to_the_other_process_and_after_it_was_killed()
    {
        var refresh = (await client.Proving(key).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;
        var proof = Proof();
        var used = await client.Sending(proof).At(second.Server).RefreshAsync(refresh);
        used.Should().HaveIssuedTokens(type: "DPoP");

        (await client.Sending(proof).RefreshAsync(used.RefreshToken!)).Should().BeRefusedWith("invalid_dpop_proof");
        await second.KillAsync();
        await second.ServeAsync();
        (await client.Sending(proof).At(second.Server).RefreshAsync(used.RefreshToken!)).Should().BeRefusedWith("invalid_dpop_proof");

        (await client.Proving(key).At(second.Server).RefreshAsync(used.RefreshToken!)).Status.Should().Be(200);
    }

    [Test, Rfc(9449, "11.1")]
    public async Task A_request_that_was_refused_has_used_no_proof()
    {
        var code = await Server.GrantAsync(client, alice);
        var proof = Proof();
        var count = await CountAsync();

        // A wrong verifier, another's code, no code, another scope; each again, so that the statement that decides alone is met, too.
        (await client.Sending(proof).RedeemAsync(code with { Verifier = TestClient.NewVerifier() }))
            .Should().BeRefusedWith("invalid_grant");
        (await client.Sending(proof).RedeemAsync(code with { Value = "nonsense" })).Should().BeRefusedWith("invalid_grant");
        (await (await Server.PublicClientAsync()).Sending(proof).RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await machine.Sending(proof).CredentialsAsync(("scope", "no:such"))).Should().BeRefusedWith("invalid_scope");
        (await CountAsync()).Should().Be(count);

        var tokens = await client.Sending(proof).RedeemAsync(code);
        tokens.Should().HaveIssuedTokens(type: "DPoP");
        var another = new ProofKey().Proof(Server, Paths.Token);
        (await client.Sending(another).RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await client.Sending(another).RefreshAsync("nonsense")).Should().BeRefusedWith("invalid_grant");
        (await CountAsync()).Should().Be(count + 1);

        Task<long> CountAsync() => Server.ScalarAsync<long>("select count(*) from used_proofs");
    }

    [Test]
    public async Task What_is_kept_of_a_proof_is_no_longer_than_it_could_be_used()
    {
        var ours = new ProofKey();
        (await machine.Proving(ours, change: jwt => jwt.Payload["jti"] = $"kept-{ours.Jkt}").CredentialsAsync()).Status.Should().Be(200);
        var latest = await Server.ScalarAsync<DateTime>("select max(expires_at) from used_proofs");

        latest.Should().BeCloseTo(Server.Clock.GetUtcNow().UtcDateTime.AddSeconds(360), TimeSpan.FromSeconds(20));
        await Eventually.BecomesTrueAsync(async () =>
        {
            Server.Clock.Travel(TimeSpan.FromMinutes(7));
            await Server.Get<OAuthServer.Stores.UsedProofs.UsedProofStore>().SweepAsync(Server.Clock.GetUtcNow(), CancellationToken.None);
            return await Server.ScalarAsync<long>("select count(*) from used_proofs") == 0;
        });
    }
}
