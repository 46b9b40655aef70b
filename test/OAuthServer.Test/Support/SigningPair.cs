using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthServer.Test.Support;

/// <summary>A key pair of a client, and what it signs: what it should, or what a forger makes of it.</summary>
public sealed class SigningPair
{
    private readonly AsymmetricAlgorithm key;

    private SigningPair(AsymmetricAlgorithm key, string alg, string? kid) => (this.key, Alg, Kid) = (key, alg, kid);

    public string Alg { get; }
    public string? Kid { get; }

    public static SigningPair Ec(string? kid = "k1") => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), "ES256", kid);

    public static SigningPair Rsa(string? kid = "k1", string alg = "RS256", int bits = 2048) => new(RSA.Create(bits), alg, kid);

    /// <summary>The public half, as it stands in a JWK set.</summary>
    public JsonObject Jwk(bool withPrivate = false)
    {
        var jwk = new JsonObject();
        if (Kid is not null) jwk["kid"] = Kid;
        if (key is ECDsa ec)
        {
            var p = ec.ExportParameters(withPrivate);
            (jwk["kty"], jwk["crv"], jwk["x"], jwk["y"]) = ("EC", "P-256", Text(p.Q.X!), Text(p.Q.Y!));
            if (withPrivate) jwk["d"] = Text(p.D!);
        }
        else
        {
            var p = ((RSA)key).ExportParameters(withPrivate);
            (jwk["kty"], jwk["n"], jwk["e"]) = ("RSA", Text(p.Modulus!), Text(p.Exponent!));
            if (withPrivate) jwk["d"] = Text(p.D!);
        }

        return jwk;
    }

    /// <summary>A JWK set of these.</summary>
    public static string Jwks(params SigningPair[] pairs) =>
        new JsonObject { ["keys"] = new JsonArray([.. pairs.Select(pair => (JsonNode)pair.Jwk())]) }.ToJsonString();

    /// <summary>The JWT of these parts, signed.</summary>
    public string Sign(JsonNode header, JsonNode claims) => Sign(header.ToJsonString(), claims.ToJsonString());

    /// <summary>The same of texts that need be no JSON.</summary>
    public string Sign(string header, string claims)
    {
        var input = $"{Text(Encoding.UTF8.GetBytes(header))}.{Text(Encoding.UTF8.GetBytes(claims))}";
        return $"{input}.{Text(Signature(Encoding.ASCII.GetBytes(input)))}";
    }

    public byte[] Signature(byte[] input) => key is ECDsa ec
        ? ec.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
        : ((RSA)key).SignData(
            input, HashAlgorithmName.SHA256, Alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);

    /// <summary>A client assertion as it should be; header and claims may be changed.</summary>
    public string Assertion(string client, string audience, DateTimeOffset now, Action<JsonObject, JsonObject>? change = null)
    {
        var header = new JsonObject { ["alg"] = Alg, ["typ"] = "client-authentication+jwt" };
        if (Kid is not null) header["kid"] = Kid;
        var claims = new JsonObject
        {
            ["iss"] = client,
            ["sub"] = client,
            ["aud"] = audience,
            ["jti"] = Guid.NewGuid().ToString("N"),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.ToUnixTimeSeconds() + 60,
        };
        change?.Invoke(header, claims);
        return Sign(header, claims);
    }

    private static string Text(byte[] octets) => Base64Url.EncodeToString(octets);
}
