using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Dpop;

/// <summary>What a DPoP proof must be (RFC 9449 §4.3), at /token.</summary>
[Behaviour(51)]
public sealed class DpopProofTest : ServerFixture
{
    private readonly ProofKey key = new();
    private TestClient client = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        client = await Server.PublicClientAsync();
        alice = await Server.UserAsync();
    }

    // Each refusal leaves the code as it was: the last request redeems it.
    private async Task RefusesAllAsync(IEnumerable<(string What, string[] Headers)> all)
    {
        var code = await Server.GrantAsync(client, alice);
        foreach (var (what, headers) in all)
        {
            var reply = await client.Sending(headers).RedeemAsync(code);

            reply.Should().BeRefusedWith("invalid_dpop_proof", 400, "The DPoP proof is not valid");
            (await Server.AuditAsync(reply)).Should().ContainSingle(what).Which.Reason.Should().NotBeNullOrEmpty();
        }

        (await client.Proving(key).RedeemAsync(code)).Should().HaveIssuedTokens(type: "DPoP");
    }

    private string Proof(Action<Jwt> change, ProofKey? by = null) => (by ?? key).Proof(Server, Paths.Token, change: change);

    [Test, Rfc(9449, "4.3"), Case("DPOP-101", "EXT-012")]
    public async Task A_key_that_is_private_symmetric_or_another_algorithms_is_refused()
    {
        var rsa = new ProofKey("PS256");
        await RefusesAllAsync(
        [
            ("private", [Proof(jwt => jwt.Header["jwk"]!["d"] = key.Secret)]),
            ("oct", [Proof(jwt => jwt.Header["jwk"] = new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" })]),
            ("RSA with ES256", [Proof(jwt => jwt.Header["jwk"] = rsa.Jwk.DeepClone())]),
            ("ES256 with PS256", [Proof(jwt => jwt.Header["alg"] = "PS256")]),
            ("another key", [Proof(jwt => jwt.Header["jwk"] = new ProofKey().Jwk.DeepClone())]),
            ("another curve", [Proof(jwt => jwt.Header["jwk"]!["crv"] = "P-384")]),
            ("no key", [Proof(jwt => jwt.Header.Remove("jwk"))]),
            ("none", [Proof(jwt => jwt.Header["alg"] = "none")]),
            ("HS256", [Proof(jwt => jwt.Header["alg"] = "HS256")]),
            ("EdDSA", [Proof(jwt => jwt.Header["alg"] = "EdDSA")]),
            ("unsigned", [Proof(_ => { })[..^86] + new string('A', 86)]),
        ]);
    }

    [Test, Rfc(9449, "4.3"), Case("EXT-008")]
    public async Task A_proof_that_is_malformed_or_for_another_use_is_refused()
    {
        var good = Proof(_ => { });
        await RefusesAllAsync(
        [
            ("two headers", [good, Proof(_ => { })]),
            ("no JWT", ["x"]),
            ("empty", [""]),
            ("two in one", [$"{good}, {good}"]),
            ("typ", [Proof(jwt => jwt.Header["typ"] = "JWT")]),
            ("no typ", [Proof(jwt => jwt.Header.Remove("typ"))]),
            ("crit", [Proof(jwt => jwt.Header["crit"] = new JsonArray("x"))]),
            ("htm", [Proof(jwt => jwt.Payload["htm"] = "GET")]),
            ("htm in lower case", [Proof(jwt => jwt.Payload["htm"] = "post")]),
            ("no htm", [Proof(jwt => jwt.Payload.Remove("htm"))]),
            ("no htu", [Proof(jwt => jwt.Payload.Remove("htu"))]),
            ("no iat", [Proof(jwt => jwt.Payload.Remove("iat"))]),
            ("iat a text", [Proof(jwt => jwt.Payload["iat"] = "now")]),
            ("no jti", [Proof(jwt => jwt.Payload.Remove("jti"))]),
            ("an empty jti", [Proof(jwt => jwt.Payload["jti"] = "")]),
            ("a long jti", [Proof(jwt => jwt.Payload["jti"] = new string('j', 257))]),
            ("jti no text", [Proof(jwt => jwt.Payload["jti"] = 7)]),
        ]);
    }

    [Test, Rfc(9449, "4.3")]
    public async Task Two_headers_are_one_too_many_however_good_they_are()
    {
        var code = await Server.GrantAsync(client, alice);
        var form = $"grant_type=authorization_code&client_id={client.Id}&code={code.Value}&code_verifier={code.Verifier}";
        var host = $"Host: {Server.Settings.IssuerAuthority}\r\n";
        string Header() => $"DPoP: {Proof(_ => { })}\r\n";

        var two = await Server.SendRawAsync(Server.Post(Paths.Token, form, headers: host + Header() + Header()));
        var one = await Server.SendRawAsync(Server.Post(Paths.Token, form, headers: host + Header()));

        two.Status.Should().Be(400);
        two.Body.Should().Contain("invalid_dpop_proof");
        one.Status.Should().Be(200);
    }

    [Test, Rfc(9449, "4.3"), Case("DPOP-103", "EXT-009")]
    public async Task A_url_that_only_looks_like_ours_is_refused()
    {
        var (issuer, port) = (Server.Issuer, new Uri(Server.Issuer).Port);
        string[] urls =
        [
            $"https://localhost:{port}/token", $"{issuer}/token/", $"{issuer}//token", $"{issuer}/Token", $"{issuer}/revoke", issuer,
            $"{issuer}/", $"http://user@localhost:{port}/token", $"{issuer}/./token", $"{issuer}/x/../token", $"{issuer}/%2Ftoken",
            $"{issuer}%2Ftoken", $"http://localhost:{port + 1}/token", "http://localhost/token",
            $"http://localhost.evil.example:{port}/token",
            $"http://evil.example/token?{issuer}/token", $"http://127.0.0.1:{port}/token", "/token", "token", "", $" {issuer}/token",
            $"{issuer}/token ", $"{issuer}/tok\u00E9n", $"{issuer}/token%00",
        ];
        await RefusesAllAsync(urls.Select(url => (url, (string[])[Proof(jwt => jwt.Payload["htu"] = url)])));
    }

    [Test, Rfc(9449, "4.3"), Case("DPOP-104")]
    public async Task The_Host_header_names_nothing()
    {
        var code = await Server.GrantAsync(client, alice);
        var proof = Proof(jwt => jwt.Payload["htu"] = "https://evil.example/token");
        var form = $"grant_type=authorization_code&client_id={client.Id}&code={code.Value}&code_verifier={code.Verifier}";

        foreach (var (name, value) in
            ((string, string)[])[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")])
            (await Server.PostTokenAsync(form, ("DPoP", proof), (name, value))).Should().BeRefusedWith("invalid_dpop_proof");
        (await Server.PostTokenAsync(form, ("DPoP", proof), ("Host", "evil.example"))).Status.Should().BeOneOf(400, 421);

        (await client.Proving(key).RedeemAsync(code)).Should().HaveIssuedTokens(type: "DPoP");
    }

    [Test, Rfc(9449, "4.3"), Case("DPOP-116")]
    public async Task Spellings_of_our_url_that_are_equal_are_taken()
    {
        var port = new Uri(Server.Issuer).Port;
        var refresh = (await client.Proving(key).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;
        foreach (var url in (string[])
            [$"HTTP://LocalHost:{port}/token", $"{Server.Issuer}/token?x=1", $"{Server.Issuer}/token#x", $"{Server.Issuer}/%74oken",
                $"{Server.Issuer}/tok%65n?a#b"])
        {
            var reply = await client.Proving(key, change: jwt => jwt.Payload["htu"] = url).RefreshAsync(refresh);

            reply.Should().HaveIssuedTokens(type: "DPoP");
            refresh = reply.RefreshToken!;
        }
    }

    [TestCase("ES256"), TestCase("PS256"), TestCase("RS256")]
    [Rfc(9449, "5.1")]
    public async Task The_metadata_lists_the_algorithms_that_are_taken(string alg)
    {
        var listed = (await Server.GetAsync(Paths.ServerMetadata)).Json.GetProperty("dpop_signing_alg_values_supported");

        listed.EnumerateArray().Select(one => one.GetString()).Should().Equal("ES256", "PS256", "RS256");
        var by = new ProofKey(alg);
        var reply = await (await Server.MachineAsync()).Proving(by).CredentialsAsync();
        reply.Should().HaveIssuedTokens(type: "DPoP");
        Jwt.Read(reply.AccessToken).Payload["cnf"]!["jkt"]!.ToString().Should().Be(by.Jkt);
    }

    [Test, Rfc(9449, "4.3"), Case("EXT-010", "DPOP-119")]
    public async Task A_proof_is_of_now_give_or_take_five_minutes()
    {
        var now = Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        await RefusesAllAsync(((int[])[-360, 360, -86_400]).Select(seconds =>
            ($"{seconds} s", (string[])[Proof(jwt => jwt.Payload["iat"] = now + seconds)])));
        foreach (var seconds in (int[])[-240, 240])
            (await client.Proving(key, change: jwt => jwt.Payload["iat"] = now + seconds)
                .RedeemAsync(await Server.GrantAsync(client, alice))).Should().HaveIssuedTokens(type: "DPoP");
    }
}
