using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Shared;

namespace OAuthServer.ResourceServer;

/// <summary>
/// A DPoP proof whose form and signature hold (RFC 9449 §4.2, RFC 8725): three parts of base64url in the one spelling there is, no member
/// twice, no crit, type dpop+jwt, signed by the public key in its header with ES256, PS256 or RS256.
/// </summary>
internal sealed class ProofJwt
{
    private const int Longest = 8192;
    private const int LeastBits = 2048, MostBits = 4096;
    private static readonly string[] NeverInHeader = ["crit", "zip", "b64", "jku", "x5c", "x5u"];
    private static readonly string[] NeverInKey = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    private readonly JsonElement claims;

    private ProofJwt(JsonElement claims, string jkt) => (this.claims, Jkt) = (claims, jkt);

    /// <summary>The thumbprint of its key (RFC 7638).</summary>
    public string Jkt { get; }

    /// <summary>The proof; throws what refuses any other.</summary>
    public static ProofJwt Read(string text)
    {
        var parts = text.Length <= Longest ? text.Split('.') : [];
        if (parts is not [var first, var second, var third] || JwtPart.Octets(first) is not { } head
            || JwtPart.Octets(second) is not { } body || JwtPart.Octets(third) is not { } signature)
            throw Bad("not three canonical base64url parts");
        var (header, claims) = (Object(head), Object(body));
        if (NeverInHeader.FirstOrDefault(name => header.TryGetProperty(name, out _)) is { } name) throw Bad($"{name} in the header");
        if (Text(header, "typ") != "dpop+jwt") throw Bad("typ is not dpop+jwt");
        if (!header.TryGetProperty("jwk", out var jwk) || jwk.ValueKind != JsonValueKind.Object) throw Bad("no jwk");
        if (NeverInKey.Any(member => jwk.TryGetProperty(member, out _))) throw Bad("jwk holds a private key");
        var input = Encoding.ASCII.GetBytes(text, 0, text.LastIndexOf('.'));
        try
        {
            return new ProofJwt(claims, (Text(jwk, "kty"), Text(header, "alg")) switch
            {
                ("EC", "ES256") => Ec(jwk, input, signature),
                ("RSA", "PS256") => Rsa(jwk, input, signature, RSASignaturePadding.Pss),
                ("RSA", "RS256") => Rsa(jwk, input, signature, RSASignaturePadding.Pkcs1),
                _ => throw Bad("jwk is no key for this alg"),
            });
        }
        // A point that is not on the curve, say.
        catch (CryptographicException)
        {
            throw Bad("jwk is no key");
        }
    }

    /// <summary>A claim that is a text; null: missing, or another type.</summary>
    public string? Text(string claim) => Text(claims, claim);

    /// <summary>A claim that is a whole number of seconds; null: missing, or another type.</summary>
    public long? Number(string claim) =>
        claims.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            && number is >= 0 and < 100_000_000_000 ? number : null;

    private static string Ec(JsonElement jwk, byte[] input, byte[] signature)
    {
        if (Text(jwk, "crv") != "P-256" || Octets(jwk, "x") is not { Length: 32 } x || Octets(jwk, "y") is not { Length: 32 } y)
            throw Bad("jwk is no key of P-256");
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
        return signature.Length == 64
            && key.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? Digest($$"""{"crv":"P-256","kty":"EC","x":"{{Text(jwk, "x")}}","y":"{{Text(jwk, "y")}}"}""")
            : throw Bad("the signature is not that of jwk");
    }

    private static string Rsa(JsonElement jwk, byte[] input, byte[] signature, RSASignaturePadding padding)
    {
        if (Octets(jwk, "n") is not { } modulus || Octets(jwk, "e") is not { Length: <= 8 } exponent
            || modulus.AsSpan().TrimStart((byte)0).Length * 8 is < LeastBits or > MostBits)
            throw Bad("jwk is no RSA key of 2048 to 4096 bits");
        using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
        return key.VerifyData(input, signature, HashAlgorithmName.SHA256, padding)
            ? Digest($$"""{"e":"{{Text(jwk, "e")}}","kty":"RSA","n":"{{Text(jwk, "n")}}"}""")
            : throw Bad("the signature is not that of jwk");
    }

    private static byte[]? Octets(JsonElement jwk, string name) => Text(jwk, name) is { } text ? JwtPart.Octets(text) : null;

    private static string Digest(string json) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(json)));

    private static JsonElement Object(byte[] json) => JwtPart.Object(json) ?? throw Bad("no JSON object, or a member twice");

    // A lone surrogate is no text.
    private static string? Text(JsonElement json, string name)
    {
        try { return json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null; }
        catch (InvalidOperationException) { return null; }
    }

    private static TokenRefusedException Bad(string reason) => new("invalid_dpop_proof", reason, isDpop: true);
}
