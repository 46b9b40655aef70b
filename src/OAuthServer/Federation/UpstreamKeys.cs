using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace OAuthServer.Federation;

/// <summary>
/// The keys of a provider's JWKS that verify (RFC 7517): RSA of 2048 bits and more, P-256. All others are skipped: secret ones, those for
/// encryption, those with a private half.
/// </summary>
public sealed class UpstreamKeys
{
    private const int MostKeys = 50;
    private const int LeastBits = 2048;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly List<Key> keys = [];

    private UpstreamKeys()
    {
    }

    /// <summary>What is taken (row 74): never none, never HS256, whose key would be our own secret.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = ["RS256", "PS256", "ES256"];

    /// <summary>The keys, or the flaw for which the set cannot be used.</summary>
    public static (UpstreamKeys? Keys, string? Flaw) Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out var list)
                || list.ValueKind != JsonValueKind.Array) return (null, "its key set has no list of keys");
            var read = new UpstreamKeys();
            foreach (var jwk in list.EnumerateArray().Take(MostKeys))
                if (jwk.ValueKind == JsonValueKind.Object && KeyOf(jwk) is { } key) read.keys.Add(key);
            return read.keys.Count == 0 ? (null, "its key set has no key that verifies RS256, PS256 or ES256") : (read, null);
        }
        catch (JsonException)
        {
            return (null, "its key set is no JSON, or has a member twice");
        }
    }

    /// <summary>Whether there is a key for this header; without a kid, exactly one.</summary>
    public bool Knows(string alg, string? kid) => Find(alg, kid) is not null;

    /// <summary>Whether the key of this header made the signature.</summary>
    public bool Verifies(string alg, string? kid, byte[] input, byte[] signature)
    {
        if (Find(alg, kid) is not { } key) return false;
        try
        {
            if (key.Ec is { } point)
            {
                using var ec = ECDsa.Create(point);
                return ec.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }

            using var rsa = RSA.Create(key.Rsa!.Value);
            return rsa.VerifyData(input, signature, HashAlgorithmName.SHA256,
                alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private Key? Find(string alg, string? kid)
    {
        var fits = keys.Where(key => (key.Ec is not null) == (alg == "ES256") && (key.Alg is null || key.Alg == alg)
            && (kid is null || key.Kid == kid)).ToArray();
        // OpenID Connect Core §10.1: where there are several, the token names one; two of one name are nobody's.
        return fits.Length == 1 ? fits[0] : null;
    }

    private static Key? KeyOf(JsonElement jwk)
    {
        if (jwk.TryGetProperty("d", out _) || jwk.TryGetProperty("k", out _)) return null;
        if (Text("use") is { } use && use != "sig") return null;
        if (Text("alg") is { } alg && !Algorithms.Contains(alg)) return null;
        switch (Text("kty"))
        {
            case "RSA" when Octets("n") is { } modulus && Octets("e") is { } exponent
                && (modulus.AsSpan().TrimStart((byte)0).Length * 8) >= LeastBits:
                return new Key(Text("kid"), Text("alg"), new RSAParameters { Modulus = modulus, Exponent = exponent }, null);
            case "EC" when Text("crv") == "P-256" && Octets("x") is { Length: 32 } x && Octets("y") is { Length: 32 } y:
                return new Key(Text("kid"), Text("alg"), null,
                    new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
            default:
                return null;
        }

        string? Text(string name) =>
            jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        byte[]? Octets(string name) => Text(name) is { } text && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
    }

    private sealed record Key(string? Kid, string? Alg, RSAParameters? Rsa, ECParameters? Ec);
}
