using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>private_key_jwt (RFC 7523 §3, RFC 10070 §4): what an assertion must say.</summary>
[Behaviour(41)]
public sealed class ClientAssertionTest : ServerFixture
{
    private const string Failed = "Client authentication failed";

    [Test, Rfc(7523, "3"), Rfc(10070, "4"), Case("PKJ-001", "PKJ-035", "PKJ-129")]
    public async Task A_machine_with_a_key_gets_a_token()
    {
        foreach (var key in new[] { SigningPair.Ec(), SigningPair.Rsa(), SigningPair.Rsa(alg: "PS256"), SigningPair.Ec(kid: null) })
        {
            var client = await Server.KeyClientAsync(key);

            (await client.CredentialsAsync((_, claims) => claims["jti"] = "the same of every client")).Should().HaveIssuedTokens();
            (await client.CredentialsAsync((_, claims) => claims["aud"] = new JsonArray(Server.Settings.Issuer)))
                .Should().HaveIssuedTokens();
            (await client.CredentialsAsync((_, claims) => claims.Remove("iat"))).Should().HaveIssuedTokens();
        }
    }

    [Test, Rfc(7521, "4.2")]
    public async Task The_client_id_may_be_left_out()
    {
        var client = await Server.KeyClientAsync();
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_assertion_type"] = ClientAssertions.AssertionType,
            ["client_assertion"] = client.Assertion(),
        };

        using var body = new FormUrlEncodedContent(form);
        (await Server.SendAsync(HttpMethod.Post, Paths.Token, body)).Should().HaveIssuedTokens();
    }

    private static IEnumerable<TestCaseData> Told()
    {
        yield return Change("aud_of_the_token_endpoint", "is for another audience", (c, s) => c["aud"] = s.Issuer + Paths.Token);
        yield return Change("aud_of_another_server", "is for another audience", (c, _) => c["aud"] = "https://evil-as.example");
        yield return Change("aud_with_a_slash_more", "is for another audience", (c, s) => c["aud"] = s.Issuer + "/");
        yield return Change("aud_in_another_case", "is for another audience", (c, s) => c["aud"] = s.Issuer.ToUpperInvariant());
        yield return Change("aud_of_another_path", "is for another audience", (c, s) => c["aud"] = s.Issuer + "/tenant");
        yield return Change("aud_of_two", "is for another audience", (c, s) => c["aud"] = new JsonArray(s.Issuer, s.Issuer + Paths.Token));
        yield return Change("aud_twice_the_issuer", "is for another audience", (c, s) => c["aud"] = new JsonArray(s.Issuer, s.Issuer));
        yield return Change("aud_missing", "lacks a claim", (c, _) => c.Remove("aud"));
        yield return Change("exp_missing", "lacks a claim", (c, _) => c.Remove("exp"));
        yield return Change("exp_is_a_fraction", "lacks a claim", (c, _) => c["exp"] = 1.5);
        yield return Change("exp_is_a_text", "lacks a claim", (c, _) => c["exp"] = c["exp"]!.ToString());
        yield return Change("jti_missing", "lacks a claim", (c, _) => c.Remove("jti"));
        yield return Change("jti_empty", "lacks a claim", (c, _) => c["jti"] = "");
        yield return Change("jti_too_long", "lacks a claim", (c, _) => c["jti"] = new string('j', 257));
        yield return Change("exp_passed", "has expired", (c, _) => Later(c, "exp", -360));
        yield return Change("exp_an_hour_ahead", "lives too long", (c, _) => Later(c, "exp", 3600));
        yield return Change("nbf_ahead", "is not valid yet", (c, _) => c["nbf"] = c["iat"]!.GetValue<long>() + 120);
        yield return Change("nbf_is_a_text", "is not valid yet", (c, _) => c["nbf"] = "now");
        yield return Change("iat_far_ahead", "is not valid yet", (c, _) => Later(c, "iat", 330));
    }

    [TestCaseSource(nameof(Told)), Behaviour(45)]
    [Case("PKJ-002", "PKJ-005", "PKJ-007", "PKJ-010", "PKJ-012", "PKJ-015", "PKJ-037", "PKJ-101", "PKJ-103", "PKJ-104")]
    public async Task Once_the_signature_holds_the_client_is_told(string told, Action<JsonObject, Settings> change)
    {
        var client = await Server.KeyClientAsync();

        (await client.CredentialsAsync((_, claims) => change(claims, Server.Settings)))
            .Should().BeRefusedWith("invalid_client", description: "The client assertion " + told);
        (await Server.QueryAsync<int>("select count(*)::int from used_proofs where expires_at > @later",
            new { later = Server.Clock.GetUtcNow().UtcDateTime.AddSeconds(400) })).Should().Equal(0);
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test, Behaviour(45)]
    public async Task Thirty_seconds_of_leeway_and_no_more()
    {
        var client = await Server.KeyClientAsync();

        (await client.CredentialsAsync((_, claims) => Later(claims, "exp", -85))).Should().HaveIssuedTokens();
        (await client.CredentialsAsync((_, claims) => Later(claims, "exp", 265))).Should().HaveIssuedTokens();
        (await client.CredentialsAsync((_, claims) => claims["nbf"] = claims["iat"]!.GetValue<long>() + 25)).Should().HaveIssuedTokens();
        (await client.CredentialsAsync((_, claims) => Later(claims, "iat", 290))).Should().HaveIssuedTokens();
    }

    private static IEnumerable<TestCaseData> Hidden()
    {
        yield return Forge("sub_missing", (_, claims) => claims.Remove("sub"));
        yield return Forge("iss_missing", (_, claims) => claims.Remove("iss"));
        yield return Forge("iss_of_another", (_, claims) => claims["iss"] = "another");
        yield return Forge("typ_of_an_access_token", (header, _) => header["typ"] = "at+jwt");
        yield return Forge("typ_of_a_DPoP_proof", (header, _) => header["typ"] = "dpop+jwt");
        yield return Forge("alg_none", (header, _) => header["alg"] = "none");
        yield return Forge("alg_EdDSA", (header, _) => header["alg"] = "EdDSA");
        yield return Forge("alg_of_another_type_of_key", (header, _) => header["alg"] = "RS256");
        yield return Forge("crit", (header, _) => header["crit"] = new JsonArray("exp"));
        yield return Forge("b64", (header, _) => header["b64"] = false);
        yield return Forge("kid_of_a_path", (header, _) => header["kid"] = "../../dev/null");
        yield return Forge("kid_of_SQL", (header, _) => header["kid"] = "' OR 1=1 --");
        yield return Forge("kid_too_long", (header, _) => header["kid"] = new string('k', 10_000));
        yield return Forge("kid_with_NUL", (header, _) => header["kid"] = "k\0");
        yield return Forge("kid_is_a_number", (header, _) => header["kid"] = 1);
        yield return Forge("PBES2", (header, _) => (header["alg"], header["p2c"]) = ("PBES2-HS256+A128KW", 2147483647));
    }

    [TestCaseSource(nameof(Hidden)), Behaviour(40), Rfc(8725, "3.1")]
    [Case("PKJ-008", "PKJ-009", "PKJ-011", "PKJ-024", "PKJ-027", "PKJ-036", "PKJ-117")]
    public async Task What_no_key_of_the_client_signed_gets_one_answer(Action<JsonObject, JsonObject> change)
    {
        var client = await Server.KeyClientAsync();
        var unknown = await Server.PostTokenAsync("grant_type=client_credentials&client_id=nobody&client_secret=x");

        var answer = await client.Bare.CredentialsAsync(KeyClient.Proof(client.Assertion(change)));

        answer.Should().BeRefusedWith("invalid_client", description: Failed);
        answer.Body.Should().Be(unknown.Body);
    }

    [Test, Behaviour(40), Case("PKJ-020", "PKJ-022", "PKJ-023", "PKJ-029", "PKJ-030")]
    public async Task No_forgery_is_taken()
    {
        var client = await Server.KeyClientAsync();
        var attacker = SigningPair.Ec();
        var parts = client.Assertion().Split('.');
        var input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var token = (await client.CredentialsAsync()).AccessToken!;
        var hs = new JsonObject { ["alg"] = "HS256", ["kid"] = "k1" };
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        var hsInput = $"{Text(hs.ToJsonString())}.{parts[1]}";
        string[] forged =
        [
            $"{hsInput}.{Base64Url.EncodeToString(HMACSHA256.HashData(
                Encoding.UTF8.GetBytes(client.Key.Jwk().ToJsonString()), Encoding.ASCII.GetBytes(hsInput)))}",
            $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}",
            $"{parts[0]}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}.{parts[2]}=",
            $"{parts[0]}.{parts[1]}.{parts[2]}.x.y",
            $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(client.Key.Signature(input)[..63])}",
            client.Assertion((header, _) => (header["jwk"], header["jku"]) = (attacker.Jwk(), "http://127.0.0.1:1/canary"))[..^6]
                + "AAAAAA",
            client.With(attacker).Assertion((header, _) => header["jwk"] = attacker.Jwk()),
            client.Key.Sign("null", claims),
            client.Key.Sign("[]", claims),
            client.Key.Sign("""{"alg":"ES256","kid":"k1"}""", "null"),
            client.Key.Sign("""{"alg":"ES256","kid":"k1"}""", "[1]"),
            client.Key.Sign("""{"alg":"ES256","kid":"k1","kid":"k1"}""", claims),
            client.Key.Sign("""{"alg":"ES256","kid":"k1"}""", new string('[', 5000) + new string(']', 5000)),
            client.Key.Sign("""{"alg":"ES256","kid":"k1"}""", claims[..^1] + $$""","pad":"{{new string('x', 9000)}}"}"""),
            token,
            "x", "..", "eyJhbGciOiJub25lIn0.e30.",
        ];

        foreach (var one in forged)
            (await client.CredentialsAsync(one)).Should().BeRefusedWith("invalid_client", description: Failed);
    }

    [TestCase("JWT"), TestCase("jwt"), TestCase("client-authentication+jwt"), TestCase(null)]
    [Case("PKJ-036")]
    public async Task The_types_that_are_taken(string? type)
    {
        var client = await Server.KeyClientAsync();

        (await client.CredentialsAsync((header, _) =>
        {
            header.Remove("typ");
            if (type is not null) header["typ"] = type;
        })).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8725, "3.1"), Case("PKJ-117")]
    public async Task A_pinned_algorithm_is_the_only_one()
    {
        var key = SigningPair.Rsa();
        var client = await Server.KeyClientAsync(key, alg: "RS256");
        var other = await Server.KeyClientAsync(SigningPair.Rsa(alg: "PS256"), alg: "RS256");

        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
        (await other.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: Failed);
    }

    [Test, Behaviour(45), Case("PKJ-107", "PKJ-116")]
    public async Task Nobody_learns_anything_without_the_key()
    {
        var client = await Server.KeyClientAsync();
        var (stranger, attacker) = ($"key-{Guid.NewGuid():N}", SigningPair.Ec());

        Reply[] answers =
        [
            await client.Bare.CredentialsAsync(KeyClient.Proof(attacker.Assertion(
                stranger, Server.Settings.Issuer, Server.Clock.GetUtcNow())).Append(("client_id", stranger)).ToArray()),
            await client.With(attacker).CredentialsAsync((_, claims) => Later(claims, "exp", -900)),
            await client.With(attacker).CredentialsAsync((_, claims) => claims["aud"] = "https://elsewhere.example"),
            await client.Bare.CredentialsAsync(),
            await client.Bare.With("x", "client_secret_post").CredentialsAsync(),
            await client.Bare.With("x", "client_secret_basic").CredentialsAsync(),
        ];

        foreach (var answer in answers)
        {
            answer.Should().BeRefusedWith("invalid_client", description: Failed);
            answer.Body.Should().Be(answers[0].Body);
        }
    }

    [Test, Behaviour(45), Case("PKJ-128")]
    public async Task An_unknown_client_takes_as_long_as_a_wrong_signature()
    {
        const int rounds = 2000;
        var (client, attacker) = (await Server.KeyClientAsync(), SigningPair.Ec());
        var (known, unknown) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            foreach (var (times, id) in new[] { (known, client.Id), (unknown, $"key-{Guid.NewGuid().ToString("N")[..12]}") })
            {
                var form = KeyClient.Proof(attacker.Assertion(id, Server.Issuer, Server.Clock.GetUtcNow()));
                var began = TimeProvider.System.GetTimestamp();
                var reply = await client.Bare.CredentialsAsync([("client_id", id), .. form]);
                times.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
                reply.Status.Should().Be(401);
            }
        }

        Timing.Separation(known, unknown).Should().BeLessThan(0.6);
    }

    [Test, Behaviour(45)]
    public async Task A_disabled_client_is_told_so()
    {
        var client = await Server.KeyClientAsync();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @id", new { id = client.Id });

        await Server.HearsOfAsync(client.Bare, row => !row.Enabled);
        (await client.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "The client has been revoked");
        (await client.With(SigningPair.Ec()).CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: Failed);
    }

    [Test, Rfc(7521, "4.2"), Case("PKJ-110", "PKJ-111", "PKJ-113")]
    public async Task The_form_says_one_thing()
    {
        var client = await Server.KeyClientAsync();
        var machine = await Server.MachineAsync();

        foreach (var method in new[] { "client_secret_post", "client_secret_basic" })
            (await machine.With(Cast.Secret, method).CredentialsAsync(client.Proof()))
                .Should().BeRefusedWith("invalid_request", description: "Use one way to authenticate");
        (await client.Bare.CredentialsAsync([.. client.Proof(), ("client_id", machine.Id)]))
            .Should().BeRefusedWith("invalid_request", description: "client_id differs from the assertion");
        (await client.Bare.CredentialsAsync(("client_assertion", client.Assertion()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")))
            .Should().BeRefusedWith("invalid_request", description: "client_assertion_type is not supported");
        (await client.Bare.CredentialsAsync(("client_assertion", client.Assertion())))
            .Should().BeRefusedWith("invalid_request", description: "client_assertion_type is not supported");
        (await client.Bare.CredentialsAsync([.. client.Proof(), .. client.Proof()])).Should().BeRefusedWith("invalid_request");
    }

    private static void Later(JsonObject claims, string claim, int seconds) => claims[claim] = claims[claim]!.GetValue<long>() + seconds;

    private static string Text(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static TestCaseData Change(string name, string told, Action<JsonObject, Settings> change) =>
        new TestCaseData(told, change).SetArgDisplayNames(name);

    private static TestCaseData Forge(string name, Action<JsonObject, JsonObject> change) =>
        new TestCaseData(change).SetArgDisplayNames(name);
}
