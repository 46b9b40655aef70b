using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthServer.Test.Support;

/// <summary>A certificate for localhost that nobody vouches for.</summary>
public static class TestCertificate
{
    /// <summary>Writes cert.pem and key.pem, as nginx reads them, and both.pem, as HAProxy does.</summary>
    public static void Write(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (open, secret) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "cert.pem"), open);
        File.WriteAllText(Path.Combine(folder, "key.pem"), secret);
        File.WriteAllText(Path.Combine(folder, "both.pem"), $"{open}\n{secret}\n");
    }
}
