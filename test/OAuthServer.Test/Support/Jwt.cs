using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OAuthServer.Test.Support;

/// <summary>A JWT taken apart by hand, so that no test trusts the library the server uses; and put together again by a forger.</summary>
public sealed record Jwt(JsonObject Header, JsonObject Payload, byte[] Signature)
{
    public static Jwt Read(string token)
    {
        var parts = token.Split('.');
        return new Jwt(Part(parts[0]), Part(parts[1]), Base64Url.DecodeFromChars(parts[2]));

        static JsonObject Part(string text) => JsonNode.Parse(Base64Url.DecodeFromChars(text))!.AsObject();
    }

    public string this[string claim] => Payload[claim]!.ToString();

    /// <summary>Header and payload as they stand now, with a signature somebody makes over them.</summary>
    public string SignedBy(Func<byte[], byte[]> sign)
    {
        var input = $"{Text(Header)}.{Text(Payload)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>Whether a key of the JWKS made the signature of this token.</summary>
    public static bool IsSignedBy(string token, JsonElement jwk)
    {
        var cut = token.LastIndexOf('.');
        var (input, signature) = (Encoding.ASCII.GetBytes(token[..cut]), Base64Url.DecodeFromChars(token.AsSpan(cut + 1)));
        if (jwk.GetProperty("kty").GetString() == "RSA")
        {
            using var rsa = RSA.Create(new RSAParameters { Modulus = Bytes("n"), Exponent = Bytes("e") });
            return rsa.VerifyData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        using var ec =
            ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes("x"), Y = Bytes("y") } });
        return ec.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        byte[] Bytes(string member) => Base64Url.DecodeFromChars(jwk.GetProperty(member).GetString());
    }

    private static string Text(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
