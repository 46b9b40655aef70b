using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Keys;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Import;

/// <summary>Reads the keys of a <see cref="KeysRecord"/>.</summary>
internal static class ImportedJwks
{
    /// <summary>Its keys; null with the <paramref name="problem"/>.</summary>
    public static List<ImportedKeyRow>? Read(KeysRecord record, out string problem)
    {
        problem = "";
        var rows = new List<ImportedKeyRow>();
        if (record.Jwks.ValueKind != JsonValueKind.Object || !record.Jwks.TryGetProperty("keys", out var keys)
            || keys.ValueKind != JsonValueKind.Array)
        {
            problem = "jwks is no JWK Set: write {\"keys\": [ … ]}";
            return null;
        }

        foreach (var element in keys.EnumerateArray())
        {
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("use", out var use)
                && use.ValueKind == JsonValueKind.String && use.ValueEquals("enc")) continue;
            if (Row(element, record, out problem) is not { } row) return null;
            rows.Add(row);
        }

        if (rows.Count > 0) return rows;
        problem = "jwks has no key that verifies signatures";
        return null;
    }

    private static ImportedKeyRow? Row(JsonElement element, KeysRecord record, out string problem)
    {
        problem = "";
        try
        {
            var jwk = new JsonWebKey(element.GetRawText());
            if (jwk.D is not null || jwk.P is not null || jwk.K is not null)
                problem = "jwks has a private key: leave d, p, q, dp, dq, qi and k out";
            else if (jwk.Kid is null) problem = "a key in jwks has no kid";
            else if (jwk.Alg is not (null or "ES256" or "RS256")) problem = $"key {jwk.Kid}: only ES256 and RS256 are verified";
            if (problem.Length > 0) return null;

            var row = new ImportedKeyRow
            {
                Kid = jwk.Kid!,
                Alg = jwk.Kty == "RSA" ? "RS256" : "ES256",
                PublicKey = Export(jwk),
                Issuer = record.Issuer,
                VerifiesUntil = record.Until,
            };
            if (ImportedKey.TryOpen(row) is not null) return row;
        }
        catch (Exception fault) when (fault is ArgumentException or CryptographicException or FormatException
            or NotSupportedException or InvalidOperationException or JsonException)
        {
            // As below.
        }

        problem = "a key in jwks cannot be used: RSA with 2048 bits or more, or EC on P-256";
        return null;
    }

    private static byte[] Export(JsonWebKey jwk)
    {
        if (jwk.Kty == "RSA")
        {
            using var rsa = RSA.Create(
                new RSAParameters { Modulus = Base64UrlEncoder.DecodeBytes(jwk.N), Exponent = Base64UrlEncoder.DecodeBytes(jwk.E) });
            return rsa.ExportSubjectPublicKeyInfo();
        }

        if (jwk is not { Kty: "EC", Crv: "P-256" }) throw new NotSupportedException("another kind of key");
        using var ec = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(jwk.X), Y = Base64UrlEncoder.DecodeBytes(jwk.Y) },
        });
        return ec.ExportSubjectPublicKeyInfo();
    }
}
