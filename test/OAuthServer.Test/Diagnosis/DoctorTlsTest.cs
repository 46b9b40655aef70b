using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Diagnosis;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Diagnosis;

/// <summary>
/// Certificates of every kind, and what is answered beside HTTPS; no password leaves over a connection that is not trusted.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class DoctorTlsTest
{
    [TestCase("none", "localhost", -1, 365)]
    [TestCase("none", "localhost", -1, 5, "warn tls.expiry")]
    [TestCase("none", "localhost", -30, -2, "fail tls.expiry")]
    [TestCase("none", "localhost", 2, 30, "fail tls.expiry")]
    [TestCase("none", "other.example", -1, 365, "fail tls.name")]
    [TestCase("no HSTS", "localhost", -1, 365, "warn tls.hsts")]
    [TestCase("plain HTTP is answered", "localhost", -1, 365, "fail tls.plain")]
    [TestCase("plain HTTP stays plain", "localhost", -1, 365, "fail tls.plain")]
    public async Task What_is_wrong_with_a_certificate_of_a_trusted_CA_is_named(
        string fault, string name, int fromDay, int untilDay, params string[] named)
    {
        using var ca = Authority();
        using var certificate = Issue(ca, name, fromDay, untilDay);

        var findings = await ExamineAsync(fault, certificate, X509CertificateLoader.LoadCertificate(ca.RawData));

        Complaints(findings).Should().BeEquivalentTo(named);
        findings.Single(finding => finding.Check == "flow.sign-in").Verdict
            .Should().Be(named.Any(one => one is "fail tls.expiry" or "fail tls.name") ? Verdict.Skipped : Verdict.Pass);
    }

    [Test]
    public async Task A_self_signed_certificate_is_named_and_the_rest_is_examined_without_a_password()
    {
        using var certificate = Authority();

        var findings = await ExamineAsync("none", certificate, root: null);

        Complaints(findings).Should().Equal("fail tls.chain");
        findings.Single(finding => finding.Check == "tls.chain").Reason.Should().Contain("self-signed");
        findings.Single(finding => finding.Check == "flow.sign-in").Reason.Should().Contain("no password is sent");
        findings.Should().Contain(finding => finding.Check == "keys.read" && finding.Verdict == Verdict.Pass);
    }

    [Test]
    public async Task Where_nobody_listens_that_is_all_there_is_to_say()
    {
        var options = new DoctorOptions
        {
            Issuer = new Uri($"https://localhost:{TestServer.FreePort()}"),
            PerRequest = TimeSpan.FromSeconds(5)
        };

        var findings = await Doctor.ExamineAsync(options, TimeProvider.System, CancellationToken.None).ToListAsync();

        findings.Where(finding => finding.Verdict == Verdict.Fail).Select(finding => finding.Check).Should()
            .Equal("tls.connect", "discovery.oauth", "discovery.openid");
        findings[^1].Check.Should().Be("doctor.rest");
    }

    private static IEnumerable<string> Complaints(List<Finding> findings) =>
        findings.Where(finding => finding.Verdict is Verdict.Warn or Verdict.Fail)
            .Select(finding => $"{finding.Verdict.ToString().ToLowerInvariant()} {finding.Check}");

    private static async Task<List<Finding>> ExamineAsync(string fault, X509Certificate2 certificate, X509Certificate2? root)
    {
        await using var server = await FaultyServer.StartAsync(fault, certificate);
        var options = root is null ? server.Options : server.Options with { Roots = [root] };
        return await Doctor.ExamineAsync(options, TimeProvider.System, CancellationToken.None).ToListAsync();
    }

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=A CA of the tests", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(Names("localhost"));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(400));
        return Usable(certificate);
    }

    private static X509Certificate2 Issue(X509Certificate2 ca, string name, int fromDay, int untilDay)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(Names(name));
        using var bare = request.Create(
            ca, DateTimeOffset.UtcNow.AddDays(fromDay), DateTimeOffset.UtcNow.AddDays(untilDay), RandomNumberGenerator.GetBytes(8));
        using var certificate = bare.CopyWithPrivateKey(key);
        return Usable(certificate);
    }

    private static X509Extension Names(string name)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.IPv6Any);
        return names.Build();
    }

    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
}
