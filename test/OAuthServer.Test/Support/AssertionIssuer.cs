using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthServer.Test.Support;

/// <summary>Somebody who signs assertions: a company, a cluster, a forge. Says whatever a test has it say.</summary>
public sealed class AssertionIssuer(string issuer, string alg = "ES256")
{
    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA rsa = RSA.Create(2048);

    public string Issuer => issuer;
    public string Kid { get; init; } = $"k-{Guid.NewGuid():N}";

    /// <summary>Its public keys.</summary>
    public JsonObject Jwks => new() { ["keys"] = new JsonArray(Jwk()) };

    /// <summary>The public key of <see cref="Kid"/>.</summary>
    public JsonObject Jwk()
    {
        if (alg == "ES256")
        {
            var point = ec.ExportParameters(false).Q;
            return new()
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["kid"] = Kid,
                ["use"] = "sig",
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            };
        }

        var parts = rsa.ExportParameters(false);
        return new()
        {
            ["kty"] = "RSA",
            ["kid"] = Kid,
            ["use"] = "sig",
            ["alg"] = alg,
            ["n"] = Base64Url.EncodeToString(parts.Modulus),
            ["e"] = Base64Url.EncodeToString(parts.Exponent),
        };
    }

    /// <summary>A signed JWT: these claims beside iss, jti, iat and exp; null leaves one out.</summary>
    public string Sign(JsonObject claims, string? typ = null, string? useAlg = null, Func<byte[], byte[]>? sign = null)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = useAlg ?? alg, ["kid"] = Kid };
        if (typ is not null) header["typ"] = typ;
        var all = new JsonObject { ["iss"] = issuer, ["jti"] = Guid.NewGuid().ToString("N"), ["iat"] = now, ["exp"] = now + 120 };
        foreach (var (name, value) in claims)
        {
            if (value is null) all.Remove(name);
            else all[name] = value.DeepClone();
        }

        var input = $"{Encode(header)}.{Encode(all)}";
        var octets = Encoding.ASCII.GetBytes(input);
        var signature = sign is not null ? sign(octets)
            : alg == "ES256" ? ec.SignData(octets, HashAlgorithmName.SHA256)
            : rsa.SignData(octets, HashAlgorithmName.SHA256, alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
