using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Dpop;

/// <summary>Nonces that proofs need where the settings say so (RFC 9449 §8): no server stores them, and every server knows them.</summary>
[Behaviour(53)]
public sealed class DpopNonceTest : ServerFixture
{
    private readonly ProofKey key = new();
    private TestServer twin = null!;
    private TestClient client = null!;
    private Person alice = null!;

    protected override Settings Change(Settings settings) => settings with { DpopNonce = true, RetryWindowSeconds = 0 };

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        twin = await Server.StartSecondInstanceAsync();
        client = await Server.PublicClientAsync();
        alice = await Server.UserAsync();
    }

    [OneTimeTearDown]
    public async Task StopTwinAsync()
    {
        if (twin is not null) await twin.DisposeAsync();
    }

    private async Task<string> NonceAsync(TestServer? of = null) =>
        (await (of ?? Server).PostTokenAsync("grant_type=none")).Header("DPoP-Nonce")!;

    [Test, Rfc(9449, "8"), Case("EXT-016")]
    public async Task A_proof_without_a_fresh_nonce_is_asked_for_one_and_nothing_is_spent()
    {
        var code = await Server.GrantAsync(client, alice);
        await using var foreign = await TestServer.StartAsync(settings => settings with
        {
            DpopNonce = true,
            KeyEncryptionKey = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray()),
        });
        var old = await NonceAsync();
        Server.Clock.Travel(TimeSpan.FromMinutes(4));

        // Not yet old, though not the newest.
        (await client.Proving(key, old).RedeemAsync(await Server.GrantAsync(client, alice))).Should().HaveIssuedTokens(type: "DPoP");
        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        code = await Server.GrantAsync(client, alice);
        foreach (var nonce in new[] { null, old, await NonceAsync(foreign), "", "AAAA", "no base64url!" })
        {
            var refused = await client.Proving(key, nonce).RedeemAsync(code);

            refused.Should().BeRefusedWith("use_dpop_nonce", 400, "The DPoP proof needs the nonce of this answer");
            refused.Header("DPoP-Nonce").Should().NotBeNullOrEmpty().And.NotBe(nonce);
        }

        (await client.Proving(key, await NonceAsync()).RedeemAsync(code)).Should().HaveIssuedTokens(type: "DPoP");
    }

    [Test, Rfc(9449, "8"), Case("DPOP-109")]
    public async Task The_form_that_was_asked_for_a_nonce_comes_again_with_the_same_assertion()
    {
        var app = await Server.KeyClientAsync(kind: "user-facing");
        var code = await Server.GrantAsync(app.Bare, alice);
        var assertion = KeyClient.Proof(app.Assertion());

        var asked = await app.Bare.Proving(key).RedeemAsync(code, assertion);
        var again = await app.Bare.Proving(key, asked.Header("DPoP-Nonce")).RedeemAsync(code, assertion);
        var replayed = await app.Bare.Proving(key, asked.Header("DPoP-Nonce")).RedeemAsync(code, assertion);

        asked.Should().BeRefusedWith("use_dpop_nonce", 400);
        again.Should().HaveIssuedTokens(type: "DPoP");
        replayed.Should().BeRefusedWith("invalid_client", 401);
    }

    [Test, Rfc(9449, "8.2")]
    public async Task Every_answer_of_the_token_endpoint_has_a_nonce_that_pages_may_read()
    {
        var tokens = await client.RedeemAsync(await Server.GrantAsync(client, alice));
        var refused = await Server.PostTokenAsync("grant_type=none", ("Origin", "https://app.example"));

        tokens.Should().HaveIssuedTokens();
        tokens.Header("DPoP-Nonce").Should().NotBeNullOrEmpty();
        refused.Header("DPoP-Nonce").Should().NotBeNullOrEmpty();
        refused.Header("Access-Control-Expose-Headers").Should().Contain("DPoP-Nonce");
        (await Server.SendAsync(HttpMethod.Options, Paths.Token, null, ("Origin", "https://app.example"),
            ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "dpop")))
            .Header("Access-Control-Allow-Headers").Should().ContainEquivalentOf("dpop");
    }

    [Test, Rfc(9449, "8"), Case("DPOP-118")]
    public async Task A_nonce_is_good_for_several_proofs_at_every_server()
    {
        var nonce = await NonceAsync();
        var refresh = (await client.Proving(key, nonce).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;

        foreach (var on in new[] { Server, twin })
        {
            var reply = await client.Sending(key.Proof(Server, Paths.Token, nonce: nonce)).At(on).RefreshAsync(refresh);

            reply.Should().HaveIssuedTokens(type: "DPoP");
            refresh = reply.RefreshToken!;
        }
    }

    [Test, Rfc(9449, "4.3"), Rfc(9449, "11.1"), Case("DPOP-119")]
    public async Task Beside_a_nonce_the_time_of_a_proof_is_not_compared_and_its_replay_is_refused_while_the_nonce_lives()
    {
        var refresh = (await client.Proving(key, await NonceAsync()).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;
        var nonce = await NonceAsync();
        var proof = key.Proof(Server, Paths.Token, nonce: nonce,
            change: jwt => jwt.Payload["iat"] = Server.Clock.GetUtcNow().ToUnixTimeSeconds() - 3600);

        var reply = await client.Sending(proof).RefreshAsync(refresh);

        reply.Should().HaveIssuedTokens(type: "DPoP");
        Server.Clock.Travel(TimeSpan.FromMinutes(4));
        (await client.Sending(proof).At(twin).RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("invalid_dpop_proof");
        Server.Clock.Travel(TimeSpan.FromMinutes(2));
        (await client.Sending(proof).At(twin).RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("use_dpop_nonce");
        (await client.Proving(key, await NonceAsync()).RefreshAsync(reply.RefreshToken!)).Should().HaveIssuedTokens(type: "DPoP");
    }
}
