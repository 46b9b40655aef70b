using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>What an API protected by the library takes and refuses.</summary>
[TestFixture("ES256"), TestFixture("RS256")]
[Rfc(9068, "4"), Behaviour(32, 38)]
public sealed class TokenValidationTest(string algorithm) : ServerFixture
{
    private ProtectedApi api = null!;
    private string token = "";

    protected override Settings Change(Settings settings) => settings with { Algorithm = algorithm };

    [OneTimeSetUp]
    public async Task StartApiAsync()
    {
        api = await ProtectedApi.StartAsync(Server);
        token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
    }

    [OneTimeTearDown]
    public async Task StopApiAsync() => await api.DisposeAsync();

    [Test, Case("RES-006")]
    public async Task A_good_token_opens_and_says_what_RFC_9068_asks()
    {
        var reply = await api.GetAsync("/read", token);
        reply.Status.Should().Be(200);
        var jwt = new JsonWebToken(token);
        reply.Body.Should().Be(jwt.Subject);
        jwt.Typ.Should().Be("at+jwt");
        jwt.Alg.Should().Be(algorithm);
        jwt.Audiences.Should().Equal(Cast.Notes);
        foreach (var claim in new[] { "iss", "exp", "sub", "client_id", "iat", "jti", "scope" })
            jwt.TryGetPayloadValue<object>(claim, out _).Should().BeTrue(claim);
    }

    [Test, Rfc(8693, "4.1")]
    public async Task A_chain_of_as_many_actors_as_there_may_be_opens()
    {
        var parts = token.Split('.');
        var act = """{"sub":"agent-0"}""";
        for (var i = 1; i < 8; i++) act = $$"""{"sub":"agent-{{i}}","act":{{act}}}""";
        var payload = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]))[..^1] + $",\"act\":{act}}}";

        (await api.GetAsync("/actors", SignText(parts[0], payload))).Body.Split(' ').Should().HaveCount(8);
    }

    [Test, Case("RES-024"), Rfc(6750, "2.1")]
    public async Task The_scheme_is_written_in_any_case() => (await api.GetAsync("/read", token, "bEaReR")).Status.Should().Be(200);

    [Test, Case("RES-022"), Rfc(9728, "5.1")]
    public async Task Without_a_token_the_challenge_is_bare_and_says_where_to_look()
    {
        var reply = await api.GetAsync("/read");
        reply.Status.Should().Be(401);
        reply.Header("WWW-Authenticate")
            .Should().Be(
                "Bearer resource_metadata=\"http://localhost:9000/.well-known/oauth-protected-resource/mcp\", scope=\"notes:read\", "
                + "DPoP algs=\"ES256 PS256 RS256\"");
        (await api.GetAsync("/read", "YTpi", "Basic")).Header("WWW-Authenticate").Should().NotContain("error");
    }

    [Test, Case("RES-025"), Rfc(9728, "3")]
    public async Task The_metadata_document_is_where_the_challenge_says()
    {
        var reply = await api.GetAsync("/.well-known/oauth-protected-resource/mcp");
        reply.Status.Should().Be(200);
        reply.Json.GetProperty("resource").GetString().Should().Be(Cast.Notes);
        reply.Json.GetProperty("authorization_servers").EnumerateArray().Select(server => server.GetString()).Should().Equal(Server.Issuer);
        reply.Json.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString())
            .Should().Equal("notes:read", "notes:write");
        reply.Header("Access-Control-Allow-Origin").Should().Be("*");
    }

    [Test, Case("RES-021"), Rfc(6750, "2.3")]
    public async Task A_token_in_the_query_is_refused_even_beside_a_good_one()
    {
        (await api.GetAsync($"/read?access_token={token}")).Status.Should().Be(400);
        var reply = await api.GetAsync($"/read?access_token={token}", token);
        reply.Status.Should().Be(400);
        reply.Header("WWW-Authenticate").Should().Contain("error=\"invalid_request\"");
    }

    [Test, Rfc(6750, "3.1")]
    public async Task Too_little_scope_is_403_and_names_what_to_step_up_to()
    {
        var reply = await api.GetAsync("/write", token);
        reply.Status.Should().Be(403);
        reply.Header("WWW-Authenticate")
            .Should().Contain("error=\"insufficient_scope\"").And.Contain("scope=\"notes:read notes:write\"").And
            .Contain("resource_metadata=");
        reply.Error.Should().Be("insufficient_scope");
    }

    private static IEnumerable<TestCaseData> Mutations() =>
    [
        Of("alg none", "RES-008", (_, token) => Join(Header(token, header => header["alg"] = "none"), Payload(token), "")),
        Of("alg none with the signature left on", "RES-008", (_, token) =>
            Join(Header(token, header => header["alg"] = "none"), Payload(token), Signature(token))),
        Of("HS256 with the public key", "RES-009", (test, token) =>
            Hmac(Header(token, header => header["alg"] = "HS256"), Payload(token), test.PublicKey())),
        Of("HS256 with the public key in PEM", "RES-009", (test, token) =>
            Hmac(Header(token, header => header["alg"] = "HS256"), Payload(token),
                Encoding.ASCII.GetBytes(SigningKey.Pem(test.Active.Row)))),
        Of("the other algorithm", "RES-009", (_, token) =>
            Join(Header(token, header => header["alg"] = (string)header["alg"]! == "ES256" ? "RS256" : "ES256"), Payload(token),
                Signature(token))),
        Of("kid of another key", "RES-010", (test, token) => test.Sign(token, header: header => header["kid"] = test.OtherKid())),
        Of("an unknown kid", "RES-010", (test, token) => test.Sign(token, header: header => header["kid"] = "nobody")),
        Of("no kid", "RES-010", (test, token) => test.Sign(token, header: header => header.Remove("kid"))),
        Of("kid as a path", "RES-011", (test, token) => test.Sign(token, header: header => header["kid"] = "../../../../dev/null")),
        Of("kid as SQL", "RES-011", (test, token) => test.Sign(token, header: header => header["kid"] = "x' union select 'key'--")),
        Of("another audience", "RES-013", (test, token) => test.Sign(token, payload => payload["aud"] = Cast.Sensors)),
        Of("an audience with a slash more", "RES-013", (test, token) => test.Sign(token, payload => payload["aud"] = Cast.Notes + "/")),
        Of("no audience", "RES-013", (test, token) => test.Sign(token, payload => payload.Remove("aud"))),
        Of("another issuer", "RES-014", (test, token) => test.Sign(token, payload => payload["iss"] = "https://evil.example")),
        Of("an issuer with a slash more", "RES-014", (test, token) =>
            test.Sign(token, payload => payload["iss"] = (string)payload["iss"]! + "/")),
        Of("signature cut off", "RES-017", (_, token) => token[..^4]),
        Of("signature padded", "RES-017", (_, token) => token + "=="),
        Of("no signature", "RES-017", (_, token) => token[..(token.LastIndexOf('.') + 1)]),
        Of("junk bits in the last character", "RES-017", (_, token) =>
            token[..^1]
            + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".IndexOf(token[^1]) ^ 1]),
        Of("standard base64", "RES-017", (_, token) =>
            Join(token.Split('.')[0], token.Split('.')[1], Convert.ToBase64String(Base64Url.DecodeFromChars(token.Split('.')[2])))),
        Of("a key in the header", "RES-018", (_, token) => SignedByMallory(token)),
        Of("a key's address in the header", "RES-018", (test, token) =>
            test.Sign(token, header: header => header["jku"] = "https://evil.example/jwks")),
        Of("another payload", "RES-019", (_, token) =>
            Join(token.Split('.')[0], Payload(token, payload => payload["scope"] = "notes:write"), Signature(token))),
        Of("expired", "", (test, token) =>
            test.Sign(token, payload => payload["exp"] = DateTimeOffset.UtcNow.AddSeconds(-31).ToUnixTimeSeconds())),
        Of("no expiry", "", (test, token) => test.Sign(token, payload => payload.Remove("exp"))),
        Of("expiry as text", "", (test, token) => test.Sign(token, payload => payload["exp"] = "9999999999")),
        Of("typ JWT", "", (test, token) => test.Sign(token, header: header => header["typ"] = "JWT")),
        Of("no typ", "", (test, token) => test.Sign(token, header: header => header.Remove("typ"))),
        Of("crit", "", (test, token) => test.Sign(token, header: header => { header["crit"] = new JsonArray("exp"); })),
        Of("no scope", "", (test, token) => test.Sign(token, payload => payload.Remove("scope"))),
        Of("an empty scope", "", (test, token) => test.Sign(token, payload => payload["scope"] = "")),
        Of("a scope of spaces", "", (test, token) => test.Sign(token, payload => payload["scope"] = "  ")),
        Of("no client_id", "", (test, token) => test.Sign(token, payload => payload.Remove("client_id"))),
        Of("a claim twice", "", (test, token) =>
            test.SignText(token.Split('.')[0], Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1]))
            .Replace("\"scope\":", "\"scope\":\"notes:write\",\"scope\":"))),
        Of("five parts", "", (_, token) => token + ".a.b"),
        Of("no JSON", "", (test, _) => test.SignText(Base64Url.EncodeToString("no json"u8), "neither")),
        Of("nothing at all", "", (_, _) => "."),
        Of("too long", "", (_, token) => token + new string('A', 9000)),
    ];

    [TestCaseSource(nameof(Mutations)), Rfc(8725, "3"),
        Case("RES-008", "RES-009", "RES-010", "RES-011", "RES-013", "RES-014", "RES-017", "RES-018", "RES-019")]
    public async Task A_document_that_breaks_a_rule_is_refused(Func<TokenValidationTest, string, string> mutate)
    {
        var reply = await api.GetAsync("/any", mutate(this, token));
        reply.Status.Should().Be(401);
        reply.Header("WWW-Authenticate").Should().StartWith("Bearer ").And.Contain("error=\"invalid_token\"");
    }

    [Test]
    public async Task The_token_the_refusals_are_made_from_is_accepted_unchanged()
    {
        (await api.GetAsync("/any", Sign(token))).Status.Should().Be(200);
        (await api.GetAsync("/any",
            Sign(token, payload => payload["exp"] = DateTimeOffset.UtcNow.AddSeconds(-20).ToUnixTimeSeconds()))).Status
            .Should().Be(200, "30 s of leeway");
        (await api.GetAsync("/any", Sign(token, payload => payload["aud"] = new JsonArray(Cast.Sensors, Cast.Notes)))).Status
            .Should().Be(200);
        (await api.GetAsync("/any", Sign(token, header: header => header["typ"] = "application/AT+JWT"))).Status.Should().Be(200);
    }

    [Test, Rfc(6750, "2")]
    public async Task Two_tokens_are_one_too_many()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "/read");
        message.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {token}", $"Bearer {token}"]);
        (await Reply.ReadAsync(await api.Http.SendAsync(message))).Status.Should().BeOneOf(400, 401);
    }

    private SigningKey Active => Server.Get<KeyRing>().Active!;

    private static TestCaseData Of(string name, string @case, Func<TokenValidationTest, string, string> mutate)
    {
        var data = new TestCaseData(mutate).SetArgDisplayNames(name);
        return @case.Length > 0 ? data.SetProperty("Case", @case) : data;
    }

    private byte[] PublicKey() => Active.Row.PublicKey;

    private string OtherKid()
    {
        var ring = Server.Get<KeyRing>();
        ring.RotateAsync(CancellationToken.None).GetAwaiter().GetResult();
        return ring.Published!.First(key => key.Kid != Active.Kid).Kid;
    }

    private string Sign(string token, Action<JsonObject>? payload = null, Action<JsonObject>? header = null) =>
        SignText(Header(token, header), Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Payload(token, payload))));

    private string SignText(string header, string payload)
    {
        var input = $"{header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        var signer = CryptoProviderFactory.Default.CreateForSigning(Active.SecurityKey, Active.Row.Alg);
        return $"{input}.{Base64Url.EncodeToString(signer.Sign(Encoding.ASCII.GetBytes(input)))}";
    }

    private static string SignedByMallory(string token)
    {
        using var mallory = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = mallory.ExportParameters(false).Q;
        var header = Header(token, json =>
        {
            json["alg"] = "ES256";
            json["jwk"] =
                new JsonObject
                {
                    ["kty"] = "EC",
                    ["crv"] = "P-256",
                    ["x"] = Base64Url.EncodeToString(point.X),
                    ["y"] = Base64Url.EncodeToString(point.Y)
                };
        });
        var input = $"{header}.{Payload(token)}";
        return $"{input}.{Base64Url.EncodeToString(mallory.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    private static string Hmac(string header, string payload, byte[] key) =>
        Join(header, payload, Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{header}.{payload}"))));

    private static string Join(params string[] parts) => string.Join('.', parts);

    private static string Header(string token, Action<JsonObject>? change = null) => Part(token, 0, change);

    private static string Payload(string token, Action<JsonObject>? change = null) => Part(token, 1, change);

    private static string Signature(string token) => token.Split('.')[2];

    private static string Part(string token, int index, Action<JsonObject>? change)
    {
        if (change is null) return token.Split('.')[index];
        var json = JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[index]))!.AsObject();
        change(json);
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}
