using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>A provider that breaks one check of the id_token at a time: nobody gets in, and the private reason names the check.</summary>
[Behaviour(76)]
public sealed class LyingProviderTest : FederationFixture
{
    private static readonly RSAParameters ForeignKey = Fresh();

    private static readonly Dictionary<string, (Action<Company> Lie, string Reason)> Lies = new()
    {
        ["alg none"] = (company =>
        {
            company.Header = header => header["alg"] = "none";
            company.Sign = _ => [];
        }, "id_token, alg: the algorithm is not taken none"),
        ["alg HS256, by our own secret"] = (company =>
        {
            company.Header = header => header["alg"] = "HS256";
            company.Sign = octets => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Company.Secret), octets);
        }, "id_token, alg: the algorithm is not taken HS256"),
        ["another kid"] = (company => company.Header = header => header["kid"] = "k2", "id_token, kid"),
        ["kid no text"] = (company => company.Header = header => header["kid"] = 1, "id_token, kid: kid is no text"),
        ["a foreign key under a known kid"] = (company => company.Sign = Foreign, "id_token, signature"),
        ["a foreign key in jwk"] = (company =>
        {
            company.Header = header => header["jwk"] = Company.Jwk("k1", ForeignKey);
            company.Sign = Foreign;
        }, "id_token, signature"),
        ["a foreign key at jku and x5u"] = (company =>
        {
            company.Header = header =>
            {
                header["jku"] = "https://evil.example/jwks";
                header["x5u"] = "https://evil.example/cert";
            };
            company.Sign = Foreign;
        }, "id_token, signature"),
        ["crit"] = (company => company.Header = header => header["crit"] = new JsonArray("exp"), "id_token, crit"),
        ["iss with a slash"] = (company => company.Claims = claims => claims["iss"] = company.Issuer + "/", "id_token, iss"),
        ["iss in other case"] = (company => company.Claims = claims => claims["iss"] = company.Issuer.ToUpperInvariant(), "id_token, iss"),
        ["iss of another tenant"] = (company => company.Claims = claims => claims["iss"] = company.Issuer + "0", "id_token, iss"),
        ["iss without a scheme"] = (company => company.Claims = claims => claims["iss"] = company.Issuer["http://".Length..],
            "id_token, iss"),
        ["aud another"] = (company => company.Claims = claims => claims["aud"] = "another-client", "id_token, aud"),
        ["aud one more"] = (company => company.Claims = claims => claims["aud"] = new JsonArray(Company.ClientId, "another"),
            "id_token, aud"),
        ["aud none"] = (company => company.Claims = claims => claims["aud"] = new JsonArray(), "id_token, aud"),
        ["aud a number"] = (company => company.Claims = claims => claims["aud"] = 7, "id_token, aud"),
        ["azp another"] = (company => company.Claims = claims =>
        {
            claims["aud"] = new JsonArray(Company.ClientId);
            claims["azp"] = "another-client";
        }, "id_token, azp"),
        ["exp past the leeway"] = (company => company.Claims = claims => claims["exp"] = Seconds(-31), "id_token, exp"),
        ["exp missing"] = (company => company.Claims = claims => claims.Remove("exp"), "id_token, exp"),
        ["iat eleven minutes ago"] = (company => company.Claims = claims => claims["iat"] = Seconds(-660), "id_token, iat"),
        ["iat in eleven minutes"] = (company => company.Claims = claims => claims["iat"] = Seconds(660), "id_token, iat"),
        ["nonce missing"] = (company => company.Claims = claims => claims.Remove("nonce"), "id_token, nonce"),
        ["nonce another"] = (company => company.Claims = claims => claims["nonce"] = "another", "id_token, nonce"),
        ["at_hash of another token"] = (company => company.Claims = claims => claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA",
            "id_token, at_hash"),
        ["auth_time no number"] = (company => company.Claims = claims => claims["auth_time"] = "yesterday", "id_token, auth_time"),
        ["sub empty"] = (company => company.Claims = claims => claims["sub"] = "", "id_token, sub"),
        ["sub missing"] = (company => company.Claims = claims => claims.Remove("sub"), "id_token, sub"),
        ["sub null"] = (company => company.Claims = claims => claims["sub"] = null, "id_token, sub"),
        ["sub a number"] = (company => company.Claims = claims => claims["sub"] = 42, "id_token, sub"),
        ["sub of 256"] = (company => company.Claims = claims => claims["sub"] = new string('x', 256), "id_token, sub"),
        ["sub with NUL"] = (company => company.Claims = claims => claims["sub"] = "a\0b", "id_token, sub"),
        ["sub with a lone surrogate"] = (company => company.Claims = claims => claims["sub"] = "a\uD800", "id_token, sub"),
        ["tenant no text"] = (company => company.Claims = claims => claims["tenant"] = 3, "id_token, tenant"),
        ["longer than 8 KiB"] = (company => company.Claims = claims => claims["filler"] = new string('x', 8192), "id_token, form"),
    };

    private static IEnumerable<string> Names => Lies.Keys;

    [TestCaseSource(nameof(Names))]
    [Rfc(8725, "3.2"), Case("UP-101", "UP-103", "UP-104", "UP-114", "UP-115", "UP-117")]
    public async Task A_lie_gets_nobody_in(string name)
    {
        var (lie, reason) = Lies[name];
        var (company, id) = await CompanyAsync("provisioning = 'create', allowed_claims = jsonb_build_object('iss', jsonb_build_array(issuer))");
        var browser = Server.NewBrowser();
        lie(company);

        var reply = await ComeAsync(browser, company, id);

        await RefusedAsync(browser, reply, 400, "gave an answer we cannot accept. Nothing was changed.", reason);
        reply.Page.QuerySelector("h1")!.TextContent.Should().Be("Sign in");
        (await Server.ScalarAsync<long>("select count(*) from identities where issuer = @Issuer", new { company.Issuer })).Should().Be(0);
        company.Requests.Should().NotContain("/userinfo");
    }

    [Test, Case("UP-115")]
    public async Task The_client_id_alone_in_a_list_and_the_edges_of_time_are_good()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        await LinkAsync(company, await Server.UserAsync());
        company.Claims = claims =>
        {
            claims["aud"] = new JsonArray(Company.ClientId);
            claims["azp"] = Company.ClientId;
            claims["exp"] = Seconds(-20);
            claims["iat"] = Seconds(-590);
            claims["at_hash"] = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData("upstream-access"u8).AsSpan(0, 16));
        };

        (await ComeAsync(browser, company, id)).Status.Should().Be(303);
    }

    [Test, Rfc(7518, "3.5")]
    public async Task PS256_and_ES256_are_good_by_keys_of_their_type_and_by_no_other()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = ec.ExportParameters(false).Q;
        company.KeySet = keys =>
        {
            ((JsonObject)keys[0]!).Remove("alg");
            keys.Add(new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["kid"] = "e1",
                ["x"] = System.Buffers.Text.Base64Url.EncodeToString(point.X),
                ["y"] = System.Buffers.Text.Base64Url.EncodeToString(point.Y)
            });
        };

        await ComesAsync("PS256", "k1", octets => company.Keys["k1"].SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            303);
        await ComesAsync("ES256", "e1", octets => ec.SignData(octets, HashAlgorithmName.SHA256), 303);
        await ComesAsync("RS256", "e1", octets => ec.SignData(octets, HashAlgorithmName.SHA256), 400);
        await ComesAsync("ES256", "k1", octets => company.Keys["k1"].SignData(octets, HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1), 400);
        await ComesAsync("RS512", "k1", octets => company.Keys["k1"].SignData(octets, HashAlgorithmName.SHA512,
            RSASignaturePadding.Pkcs1), 400);

        async Task ComesAsync(string alg, string kid, Func<byte[], byte[]> sign, int status)
        {
            company.Header = header => (header["alg"], header["kid"]) = (alg, kid);
            company.Sign = sign;
            (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(status, alg + kid);
        }
    }

    [Test]
    public async Task A_key_of_1024_bits_is_none()
    {
        var (company, id) = await CompanyAsync();
        company.Keys["k1"] = RSA.Create(1024);

        (await Server.NewBrowser().FollowAsync("/login")).Reply.Body.Should().NotContain("Acme");
        (await Server.QueryAsync<string>("select failure from key_sets where uri = @uri", new { uri = company.Issuer + "/jwks" }))
            .Should().ContainSingle().Which.Should().Contain("no key that verifies");
    }

    private static long Seconds(int from) => DateTimeOffset.UtcNow.AddSeconds(from).ToUnixTimeSeconds();

    private static byte[] Foreign(byte[] octets)
    {
        using var key = RSA.Create(ForeignKey);
        return key.SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static RSAParameters Fresh()
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(true);
    }
}
