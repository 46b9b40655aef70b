using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Keys;

namespace OAuthServer.Tokens;

/// <summary>
/// One key of each type, which no private half is known of: where there is no key to verify with, one of these makes the refusal take as
/// long.
/// </summary>
public static class DecoyKeys
{
    private static readonly VerificationKeySet Keys = Make();

    /// <summary>Verifies the signature, in vain.</summary>
    public static void Verify(ForeignJwt jwt) => Array.TrueForAll(Keys.Fitting(jwt.Alg, null), key => !jwt.IsSignedBy(key));

    private static VerificationKeySet Make()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var (point, modulus) = (ec.ExportParameters(false).Q, rsa.ExportParameters(false));
        return VerificationKeySet.Read(Encoding.ASCII.GetBytes($$"""
            {"keys":[{"kty":"EC","crv":"P-256","x":"{{Text(point.X!)}}","y":"{{Text(point.Y!)}}"},
                     {"kty":"RSA","n":"{{Text(modulus.Modulus!)}}","e":"{{Text(modulus.Exponent!)}}"}]}
            """)).Keys!;

        static string Text(byte[] octets) => Base64Url.EncodeToString(octets);
    }
}
