using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>What probes and packagers ask of the binary: is the server ready, and which version is it.</summary>
public sealed class HealthCommandTest : ServerFixture
{
    private static readonly Settings Nowhere = new()
    {
        Issuer = "https://auth.example.com",
        Database = "Host=/nowhere",
        KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
    };

    [Test]
    public async Task A_ready_server_is_healthy_and_no_database_is_asked()
    {
        var (exit, said) = await OAuthProgram.RunAsync(Nowhere with { Listen = Server.Issuer }, "health");

        said.Should().Contain($"{Server.Issuer} is ready");
        exit.Should().Be(0);
    }

    [Test]
    public async Task A_server_elsewhere_is_named_by_url_and_answers_as_JSON()
    {
        var run = await Server.RunBinaryAsync(null, "health", "--url", Server.Issuer, "--json");

        run.Code.Should().Be(0, run.Error);
        JsonDocument.Parse(run.Out).RootElement.GetProperty("status").GetString().Should().Be("ready");
    }

    [TestCase("http://[::]:PORT")]
    [TestCase("http://0.0.0.0:PORT")]
    [TestCase("http://unix:FOLDER/oauth.sock")]
    [TestCase("https://127.0.0.1:PORT", Description = "with a certificate for another name")]
    public async Task A_server_is_found_wherever_it_listens(string place)
    {
        var folder = Directory.CreateTempSubdirectory("oauth-health-").FullName;
        var listen = place.Replace("PORT", $"{TestServer.FreePort()}").Replace("FOLDER", folder);
        var certificate = place.StartsWith("https", StringComparison.Ordinal) ? WriteCertificate(folder) : "";
        Settings Listens(Settings settings) => settings with { Listen = listen, TlsCertificateFile = certificate };
        await using var server = await TestServer.StartAsync(Listens, waitUntilReady: false);

        await Eventually.BecomesTrueAsync(async () => (certificate.Length > 0
            ? (await Server.RunBinaryAsync(null, "health", "--url", listen)).Code
            : (await OAuthProgram.RunAsync(Nowhere with { Listen = listen }, "health")).Exit) == 0);
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task A_server_that_cannot_serve_is_unhealthy_and_says_why()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("alter table schema_migrations rename to schema_migrations_away");

        var (exit, said) = await OAuthProgram.RunAsync(Nowhere with { Listen = server.Issuer }, "health");

        exit.Should().Be(1);
        said.Should().Contain("is not ready:").And.Contain("Its log says more.").And.NotContain("   at ");
    }

    [Test]
    public async Task Nobody_who_listens_is_unhealthy_and_the_answer_says_what_to_do()
    {
        var run = await Server.RunBinaryAsync(null, "health", "--url", $"http://127.0.0.1:{TestServer.FreePort()}");

        run.Code.Should().Be(1);
        run.Error.Should().Contain("cannot be reached").And.Contain("--url").And.NotContain("   at ");
        (await Server.RunBinaryAsync(null, "health", "--url", "localhost:8080")).Code.Should().Be(2);
    }

    [Test]
    public async Task The_version_is_the_one_of_Directory_Build_props_and_of_the_changelog()
    {
        (await Server.RunBinaryAsync(null, "--version")).Out.Trim()
            .Should().MatchRegex($@"^{Regex.Escape(OurVersion.Text)}(\+[0-9a-f]{{40}})?$");
        (await File.ReadAllTextAsync(Path.Combine(TestDatabase.Root, "CHANGELOG.md"))).Should().Contain($"\n## [{OurVersion.Text}]");
    }

    private static string WriteCertificate(string folder)
    {
        var file = Path.Combine(folder, "tls.pem");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=auth.example.com", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return file;
    }
}
