using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Keys;

/// <summary>
/// One signing key, opened: ES256 (P-256) or RS256 (2048 bits), named by its RFC 7638 thumbprint. Of one that is kept for hints there is
/// the public half only, which signs nothing.
/// </summary>
public sealed class SigningKey
{
    private SigningKey(SigningKeyRow row, AsymmetricAlgorithm algorithm)
    {
        Row = row;
        Algorithm = algorithm;
        SecurityKey = algorithm is RSA rsa ? new RsaSecurityKey(rsa) { KeyId = row.Kid }
            : new ECDsaSecurityKey((ECDsa)algorithm) { KeyId = row.Kid };
    }

    public SigningKeyRow Row { get; }

    public string Kid => Row.Kid;

    /// <summary>For the token library, which verifies with it; shared, as its providers are cached by it.</summary>
    public SecurityKey SecurityKey { get; }

    private AsymmetricAlgorithm Algorithm { get; }

    /// <summary>A fresh key, sealed, that signs from <paramref name="signsFrom"/> on.</summary>
    public static SigningKeyRow Make(string alg, KeyEncryption encryption, DateTimeOffset now, DateTimeOffset signsFrom)
    {
        using AsymmetricAlgorithm algorithm = alg == "RS256" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var secret = algorithm.ExportPkcs8PrivateKey();
        var row = new SigningKeyRow
        {
            Kid = Thumbprint(algorithm),
            Alg = alg,
            PublicKey = algorithm.ExportSubjectPublicKeyInfo(),
            Sealed = encryption.Seal(secret),
            CreatedAt = now,
            SignsFrom = signsFrom,
            RetiredAt = null,
        };
        CryptographicOperations.ZeroMemory(secret);
        return row;
    }

    /// <summary>Opens a stored key; null when it was sealed under another key-encryption key, or is no key of its kind.</summary>
    public static SigningKey? TryOpen(SigningKeyRow row, KeyEncryption encryption)
    {
        AsymmetricAlgorithm algorithm = row.Alg == "RS256" ? RSA.Create() : ECDsa.Create();
        try
        {
            if (row.IsForHints) algorithm.ImportSubjectPublicKeyInfo(row.PublicKey, out _);
            else algorithm.ImportPkcs8PrivateKey(encryption.Unseal(row.Sealed), out _);
            if (algorithm.KeySize == (row.Alg == "RS256" ? 2048 : 256)
                && algorithm.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(row.PublicKey))
                return new SigningKey(row, algorithm);
        }
        catch (CryptographicException)
        {
            // As below.
        }

        algorithm.Dispose();
        return null;
    }

    /// <summary>Octets of a signature: RFC 7518 §3.4 for ES256, §3.3 for RS256 with 2048 bits.</summary>
    public int SignatureLength => Algorithm is RSA ? 256 : 64;

    /// <summary>The JWS signature over <paramref name="input"/> (RFC 7515 §5.1). Any number of threads may sign at once.</summary>
    /// <param name="signature">As long as <see cref="SignatureLength"/>.</param>
    public void Sign(ReadOnlySpan<byte> input, Span<byte> signature)
    {
        var signed = Algorithm is RSA rsa
            ? rsa.TrySignData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, out _)
            : ((ECDsa)Algorithm).TrySignData(
                input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out _);
        if (!signed) throw new CryptographicException("the signature has another length than its algorithm's");
    }

    /// <summary>Whether the row has not changed since this key was opened from it.</summary>
    public bool IsOf(SigningKeyRow row) => Row.SignsFrom == row.SignsFrom && Row.Alg == row.Alg
        && Row.Sealed.AsSpan().SequenceEqual(row.Sealed) && Row.PublicKey.AsSpan().SequenceEqual(row.PublicKey);

    /// <summary>The public members of its JWK (RFC 7517 §4), and no others.</summary>
    public IReadOnlyList<(string Name, string Value)> Jwk() => Jwk(Algorithm, Row.Alg, Kid);

    /// <inheritdoc cref="Jwk()"/>
    internal static IReadOnlyList<(string Name, string Value)> Jwk(AsymmetricAlgorithm algorithm, string alg, string kid) =>
        algorithm is RSA rsa
            ? [("kty", "RSA"), ("use", "sig"), ("alg", alg), ("kid", kid), ("n", Text(rsa.ExportParameters(false).Modulus!)),
                ("e", Text(rsa.ExportParameters(false).Exponent!))]
            : [("kty", "EC"), ("use", "sig"), ("alg", alg), ("kid", kid), ("crv", "P-256"), ("x", Text(Point((ECDsa)algorithm).X!)),
                ("y", Text(Point((ECDsa)algorithm).Y!))];

    /// <summary>SubjectPublicKeyInfo in PEM, for openssl.</summary>
    public static string Pem(SigningKeyRow row) => PemEncoding.WriteString("PUBLIC KEY", row.PublicKey);

    // RFC 7638 §3: SHA-256 over the required members in lexical order.
    private static string Thumbprint(AsymmetricAlgorithm algorithm)
    {
        var json = algorithm is RSA rsa
            ? $$"""{"e":"{{Text(rsa.ExportParameters(false).Exponent!)}}","kty":"RSA","n":"{{Text(
                rsa.ExportParameters(false).Modulus!)}}"}"""
            : $$"""{"crv":"P-256","kty":"EC","x":"{{Text(Point((ECDsa)algorithm).X!)}}","y":"{{Text(Point((ECDsa)algorithm).Y!)}}"}""";
        return Text(SHA256.HashData(Encoding.ASCII.GetBytes(json)));
    }

    private static ECPoint Point(ECDsa algorithm) => algorithm.ExportParameters(false).Q;

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
