using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace OAuthServer.Keys;

/// <summary>One public key.</summary>
public sealed class VerificationKey
{
    private const int LeastBits = 2048, MostBits = 4096;
    private const int LongestExponent = 8;
    private readonly AsymmetricAlgorithm algorithm;

    private VerificationKey(string? kid, string? alg, AsymmetricAlgorithm algorithm) => (Kid, Alg, this.algorithm) = (kid, alg, algorithm);

    public string? Kid { get; }

    /// <summary>The one algorithm its owner allows it; null: any that fits.</summary>
    public string? Alg { get; }

    /// <summary>RFC 7638: SHA-256 over the required members in lexical order, base64url.</summary>
    public string Thumbprint { get; private init; } = "";

    /// <summary>The key of a JWK; null: it is none of those that verify here.</summary>
    public static VerificationKey? Read(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object || HasSecret(jwk)) return null;
        if (jwk.TryGetProperty("use", out _) && Text("use") != "sig") return null;
        if (jwk.TryGetProperty("alg", out _) && (Text("alg") is not { } named || !VerificationKeySet.Algorithms.Contains(named)))
            return null;
        try
        {
            switch (Text("kty"))
            {
                case "RSA" when Octets("n") is { } modulus && Octets("e") is { Length: <= LongestExponent } exponent
                    && modulus.Length <= MostBits / 8 + 1
                    && modulus.AsSpan().TrimStart((byte)0).Length * 8 is >= LeastBits and <= MostBits && Text("alg") != "ES256":
                    var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
                    return new VerificationKey(Text("kid"), Text("alg"), rsa)
                    {
                        Thumbprint = Digest($$"""{"e":"{{Text("e")}}","kty":"RSA","n":"{{Text("n")}}"}"""),
                    };
                case "EC" when Text("crv") == "P-256" && Octets("x") is { Length: 32 } x && Octets("y") is { Length: 32 } y
                    && Text("alg") is null or "ES256":
                    var ec = ECDsa.Create(
                        new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
                    return new VerificationKey(Text("kid"), Text("alg"), ec)
                    {
                        Thumbprint = Digest($$"""{"crv":"P-256","kty":"EC","x":"{{Text("x")}}","y":"{{Text("y")}}"}"""),
                    };
                default:
                    return null;
            }
        }
        // A point that is not on the curve, say.
        catch (CryptographicException)
        {
            return null;
        }

        // A lone surrogate is no text.
        string? Text(string name)
        {
            try { return jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null; }
            catch (InvalidOperationException) { return null; }
        }

        // In the one spelling there is: whoever keeps the key may be stricter, and its thumbprint is over the text.
        byte[]? Octets(string name) => Text(name) is { Length: > 0 } text && Base64Url.IsValid(text)
            && Base64Url.DecodeFromChars(text) is var octets && Base64Url.EncodeToString(octets) == text ? octets : null;
    }

    /// <summary>Whether a JWK has a member that its owner must keep to himself (RFC 7518 §6.2.2, §6.3.2, §6.4.1).</summary>
    public static bool HasSecret(JsonElement jwk) =>
        ((string[])["d", "p", "q", "dp", "dq", "qi", "oth", "k"]).Any(member => jwk.TryGetProperty(member, out _));

    /// <summary>Whether it verifies this algorithm.</summary>
    public bool Fits(string alg) => (algorithm is ECDsa) == (alg == "ES256") && (Alg is null || Alg == alg);

    /// <summary>Whether it made the signature. Any number of threads may ask at once.</summary>
    public bool Verifies(string alg, ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature)
    {
        try
        {
            return algorithm is ECDsa ec
                ? signature.Length == 64 && ec.VerifyData(
                    input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                : ((RSA)algorithm).VerifyData(
                    input, signature, HashAlgorithmName.SHA256, alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static string Digest(string json) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(json)));
}
