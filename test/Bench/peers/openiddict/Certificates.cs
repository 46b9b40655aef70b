using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;

namespace OpenIddictPeer;

/// <summary>Certificates as OpenIddict's page on credentials makes them, and the key that signs in ES256 in the place of RSA.</summary>
public static class Certificates
{
    /// <summary>RSA, 2048 bits: codes and refresh tokens are encrypted for it.</summary>
    public static X509Certificate2 Encryption() => SelfSigned("Encryption", X509KeyUsageFlags.KeyEncipherment);

    /// <summary>RSA, 2048 bits: RS256.</summary>
    public static X509Certificate2 Signing() => SelfSigned("Signing", X509KeyUsageFlags.DigitalSignature);

    /// <summary>P-256: ES256, as the other servers of the bench sign.</summary>
    public static ECDsaSecurityKey EcdsaSigning() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "bench" };

    private static X509Certificate2 SelfSigned(string name, X509KeyUsageFlags usage)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN=Bench {name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(2));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
