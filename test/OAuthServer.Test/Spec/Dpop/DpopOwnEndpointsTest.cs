using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Dpop;

/// <summary>Where this server takes its own tokens (RFC 9449 §7): /userinfo and /why.</summary>
[Behaviour(54)]
public sealed class DpopOwnEndpointsTest : ServerFixture
{
    private readonly ProofKey key = new();
    private TestClient client = null!;
    private TestClient auditor = null!;
    private string bound = "", bearer = "";

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values (@Issuer, 'This server')", new { Server.Issuer });
        await Server.ExecuteAsync("insert into scopes (name, resource) values ('audit:read', @Issuer)", new { Server.Issuer });
        auditor = await Server.AddClientAsync("auditor", "machine", "client_secret_basic", [], "audit:read", "operator", Server.Issuer,
            Cast.Secret, "audit:read");
        client = await Server.PublicClientAsync();
        var alice = await Server.UserAsync();
        (string, string?)[] parameters = [("resource", null), ("scope", "openid")];
        bound = (await client.Proving(key).RedeemAsync(await client.CodeAsync(alice, null, parameters))).AccessToken;
        bearer = (await client.TokensAsync(alice, null, parameters)).AccessToken;
    }

    private Task<Reply> UserInfoAsync(string scheme, string token, params string[] proofs) =>
        Server.GetAsync(Paths.UserInfo, [("Authorization", $"{scheme} {token}"), .. proofs.Select(proof => ("DPoP", proof))]);

    private string Proof(string? token, Action<Jwt>? change = null, ProofKey? by = null) =>
        (by ?? key).Proof(Server, Paths.UserInfo, "GET", token: token, change: change);

    [Test, Rfc(9449, "7.1")]
    public async Task A_bound_token_opens_with_a_proof_by_its_key()
    {
        (await UserInfoAsync("DPoP", bound, Proof(bound))).Status.Should().Be(200);
        (await UserInfoAsync("dpop", bound, Proof(bound))).Status.Should().Be(200);
        (await UserInfoAsync("Bearer", bearer)).Status.Should().Be(200);
    }

    [Test, Rfc(9449, "7.2"), Case("EXT-018", "EXT-019", "EXT-020")]
    public async Task Whatever_does_not_fit_is_refused_and_the_challenge_is_DPoP()
    {
        (string What, Reply Reply)[] all =
        [
            ("bound as Bearer", await UserInfoAsync("Bearer", bound)),
            ("bound as bearer with a proof", await UserInfoAsync("bearer", bound, Proof(bound))),
            ("unbound as DPoP", await UserInfoAsync("DPoP", bearer, Proof(bearer))),
            ("no proof", await UserInfoAsync("DPoP", bound)),
            ("two proofs", await UserInfoAsync("DPoP", bound, Proof(bound), Proof(bound))),
            ("another key", await UserInfoAsync("DPoP", bound, Proof(bound, by: new ProofKey()))),
            ("no ath", await UserInfoAsync("DPoP", bound, Proof(null))),
            ("another ath", await UserInfoAsync("DPoP", bound, Proof(bearer))),
            ("another method", await UserInfoAsync("DPoP", bound, Proof(bound, jwt => jwt.Payload["htm"] = "POST"))),
            ("another URL", await UserInfoAsync("DPoP", bound, Proof(bound, jwt => jwt.Payload["htu"] = Server.Issuer + Paths.Why))),
            ("no token of ours", await UserInfoAsync("DPoP", bound[..^4], Proof(bound[..^4]))),
        ];
        foreach (var (what, reply) in all)
        {
            reply.Status.Should().Be(401, what);
            reply.Error.Should().BeOneOf(["invalid_token", "invalid_dpop_proof"], what);
            reply.Header("WWW-Authenticate").Should().StartWith("DPoP algs=\"ES256 PS256 RS256\", resource_metadata=", what)
                .And.Contain($"error=\"{reply.Error}\"").And.NotContain("Bearer");
        }

        // Only the last ones are about the proof's form.
        all[..4].Should().OnlyContain(one => one.Reply.Error == "invalid_token");
        (await Server.AuditAsync(all[0].Reply)).Should().ContainSingle().Which.Reason.Should().Be("the token is bound to a key");
    }

    [Test, Rfc(9449, "7.1")]
    public async Task Without_a_token_both_are_offered_and_Bearer_first() =>
        (await Server.GetAsync(Paths.UserInfo)).Headers.WwwAuthenticate.Select(challenge => challenge.Scheme)
            .Should().Equal("Bearer", "DPoP");

    [Test, Rfc(9449, "11.1")]
    public async Task A_proof_opens_once_at_every_server()
    {
        await using var twin = await Server.StartSecondInstanceAsync();
        var proof = Proof(bound);

        (await UserInfoAsync("DPoP", bound, proof)).Status.Should().Be(200);

        (await UserInfoAsync("DPoP", bound, proof)).Error.Should().Be("invalid_dpop_proof");
        (await twin.GetAsync(Paths.UserInfo, ("Authorization", $"DPoP {bound}"), ("DPoP", proof))).Status.Should().Be(401);
    }

    [Test, Rfc(9449, "7.1"), Behaviour(38)]
    public async Task Why_takes_bound_tokens_too_and_explains_what_was_wrong_with_a_proof()
    {
        var refused = await auditor.Proving(key, change: jwt => jwt.Payload["htu"] = "https://elsewhere.example/token").CredentialsAsync();
        var token = (await auditor.Proving(key).CredentialsAsync()).AccessToken;
        var path = $"{Paths.Why}/{refused.RequestId}";

        var why = await Server.GetAsync(path, ("Authorization", $"DPoP {token}"), ("DPoP", key.Proof(Server, path, "GET", token: token)));

        why.Status.Should().Be(200);
        var decision = why.Json.GetProperty("decisions").EnumerateArray().Should().ContainSingle().Subject;
        decision.GetProperty("error").GetString().Should().Be("invalid_dpop_proof");
        decision.GetProperty("expected").GetString().Should().Be(Server.Issuer + Paths.Token);
        decision.GetProperty("got").GetString().Should().Be("https://elsewhere.example/token");
        decision.GetProperty("remedy").GetString().Should().Contain("OAuth__Issuer");
        (await Server.GetAsync(path, ("Authorization", $"Bearer {token}"))).Status.Should().Be(401);
    }

    [Test, Rfc(9449, "9")]
    public async Task Where_nonces_are_on_these_endpoints_hand_them_out_and_want_them()
    {
        await using var strict = await Server.StartSecondInstanceAsync(settings => settings with { DpopNonce = true });

        var first = await AskAsync(null);
        first.Status.Should().Be(401);
        first.Header("WWW-Authenticate").Should().Contain("error=\"use_dpop_nonce\"");
        var second = await AskAsync(first.Header("DPoP-Nonce"));
        second.Status.Should().Be(200);
        second.Header("DPoP-Nonce").Should().NotBeNullOrEmpty();

        Task<Reply> AskAsync(string? nonce) => strict.GetAsync(Paths.UserInfo, ("Authorization", $"DPoP {bound}"),
            ("DPoP", key.Proof(Server, Paths.UserInfo, "GET", nonce, bound)));
    }
}
