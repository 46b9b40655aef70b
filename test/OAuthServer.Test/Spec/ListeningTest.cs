using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Where the server listens: with TLS of its own, on a unix socket, under its name with and without the port.</summary>
[Behaviour(27), Parallelizable(ParallelScope.Fixtures)]
public sealed class ListeningTest
{
    private readonly string folder = Directory.CreateTempSubdirectory("oauth-listen-").FullName;
    private string database = "";

    [OneTimeSetUp]
    public async Task CloneAsync() => database = await TestDatabase.CloneAsync();

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [TestCase("pem"), TestCase("pem in one file"), TestCase("encrypted pem"), TestCase("pfx"), Rfc(8446, "4.4.2")]
    public async Task The_whole_chain_of_the_file_is_sent_and_a_renewed_one_is_taken(string form)
    {
        var log = new CapturedLog();
        using var root = Authority.Root();
        var files = Write(root, form, "first");
        await using var server = await StartAsync(settings => files(settings), log);

        var first = await HandshakeAsync(server, root.Certificate);
        first.Sent.Should().ContainSingle(one => one.Contains("intermediate"));

        File.WriteAllText(Path.Combine(folder, form), "broken");
        server.Clock.Travel(TimeSpan.FromSeconds(20));
        (await HandshakeAsync(server, root.Certificate)).Thumbprint.Should().Be(first.Thumbprint, "the old pair serves on");
        log.Text.Should().Contain("cannot be used, the old one stays").And.NotContain("   at ");

        Write(root, form, "second");
        server.Clock.Travel(TimeSpan.FromSeconds(20));
        var second = await HandshakeAsync(server, root.Certificate);
        second.Thumbprint.Should().NotBe(first.Thumbprint);
        second.Sent.Should().ContainSingle(one => one.Contains("intermediate"));
    }

    [Test, Rfc(8446, "4.2.1")]
    public async Task TLS_1_2_is_refused_unless_it_is_allowed([Values] bool allowed)
    {
        using var root = Authority.Root();
        var files = Write(root, "pem", "versions");
        await using var server = await StartAsync(settings => files(settings) with { Tls12 = allowed });

        var old = () => HandshakeAsync(server, root.Certificate, SslProtocols.Tls12);

        if (allowed) (await old()).Protocol.Should().Be(SslProtocols.Tls12);
        else await old.Should().ThrowAsync<Exception>();
        (await HandshakeAsync(server, root.Certificate)).Protocol.Should().Be(SslProtocols.Tls13);
    }

    [Test, Rfc(9113, "3.2")]
    public async Task HTTP_2_is_spoken_over_TLS()
    {
        using var root = Authority.Root();
        var files = Write(root, "pem", "h2");
        await using var server = await StartAsync(settings => files(settings));
        using var http =
            new HttpClient(new SocketsHttpHandler
            {
                UseProxy = false,
                SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }
            })
            { BaseAddress = new Uri(server.Issuer) };
        using var request =
            new HttpRequestMessage(HttpMethod.Get, Paths.Health)
            {
                Version = new Version(2, 0),
                VersionPolicy = HttpVersionPolicy.RequestVersionExact
            };

        (await http.SendAsync(request)).IsSuccessStatusCode.Should().BeTrue();
    }

    [TestCase("missing.pem", ""), TestCase("broken.pem", ""), TestCase("leaf.pem", "other-key.pem"), TestCase("leaf.pem", "")]
    public void A_certificate_that_cannot_be_used_is_refused_at_start_in_a_sentence(string certificate, string key)
    {
        using var root = Authority.Root();
        using var leaf = root.Issue("leaf", false);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(Path.Combine(folder, "broken.pem"), "broken");
        File.WriteAllText(Path.Combine(folder, "leaf.pem"), leaf.Certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "other-key.pem"), other.ExportPkcs8PrivateKeyPem());

        Listening.Problem(new Settings
        {
            TlsCertificateFile = Path.Combine(folder, certificate),
            TlsKeyFile = key.Length > 0
            ? Path.Combine(folder, key) : ""
        })
            .Should().StartWith("OAuth__TlsCertificateFile: ");
    }

    [Test]
    public void A_name_that_nobody_resolves_is_refused_at_start_in_a_sentence()
    {
        Listening.Problem(new Settings { Listen = "http://nowhere.invalid:8080" })
            .Should().StartWith("OAuth__Listen: the name nowhere.invalid");
        Listening.Problem(new Settings { Listen = "http://127.0.0.1:8080" }).Should().BeNull();
    }

    [Test]
    public async Task The_program_says_what_it_cannot_listen_on_and_ends()
    {
        var (exit, said) =
            await OAuthProgram.RunAsync(new Settings
            {
                Database = database,
                KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
                Listen = "http://nowhere.invalid:8080"
            }, "serve");

        (exit, said.Trim().Split('\n').Length).Should().Be((2, 1), said);
        said.Should().StartWith("oauth-server: OAuth__Listen: ");
    }

    [Test]
    public async Task A_unix_socket_is_listened_on_and_what_its_proxy_says_of_the_client_is_believed()
    {
        var file = Path.Combine(folder, "oauth.sock");
        LeaveBehind(file);
        await using var server =
            await TestServer.StartAsync(settings => settings with { Issuer = "http://localhost", Listen = $"http://unix:{file}" }, database,
                waitUntilReady: false);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(file), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost") };

        (await http.ReplyAsync(HttpMethod.Get, Paths.Health)).Status.Should().Be(200);
        var refused =
            await http.ReplyAsync(HttpMethod.Post, Paths.Token,
                Requests.Form("grant_type=client_credentials&client_id=nobody&client_secret=x"),
                ("X-Forwarded-For", "198.51.100.1, 203.0.113.7"));
        refused.Error.Should().Be("invalid_client");
        (await AddressAsync(server, refused)).Should().Be("203.0.113.7", "the hop before the proxy, not what the client itself wrote");
    }

    [TestCase("127.0.0.0/8", "203.0.113.7"), TestCase("10.0.0.0/8", "127.0.0.1"), TestCase("", "127.0.0.1")]
    [Behaviour(24)]
    public async Task A_proxy_is_believed_by_its_network(string networks, string address)
    {
        await using var server = await TestServer.StartAsync(settings => settings with { TrustedProxies = networks }, database);

        var refused =
            await server.PostTokenAsync("grant_type=client_credentials&client_id=nobody&client_secret=x",
                ("X-Forwarded-For", "203.0.113.7"));

        (await AddressAsync(server, refused)).Should().Be(address);
    }

    [Test, Rfc(9110, "4.2.3")]
    public async Task The_default_port_belongs_to_the_issuers_host_or_is_left_out()
    {
        await using var server =
            await TestServer.StartAsync(settings =>
            settings with { Issuer = "http://localhost", Listen = $"http://localhost:{TestServer.FreePort()}" }, database);

        foreach (var (host, status) in new[] { ("localhost", 200), ("localhost:80", 200), ("LOCALHOST:80", 200), ("localhost:443", 400),
            ("localhost:8080", 400), ("other:80", 400) })
            (await server.GetAsync(Paths.Jwks, ("Host", host))).Status.Should().Be(status, host);
    }

    private static Task<string> AddressAsync(TestServer server, Reply reply) =>
        server.ScalarAsync<string>("select address from audit_events where request_id = @id", new { id = reply.RequestId });

    // As a process that was killed leaves it: bound, and nobody there.
    private static void LeaveBehind(string file)
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(file + ".made"));
            File.Move(file + ".made", file);
        }

        File.Exists(file).Should().BeTrue();
    }

    private Task<TestServer> StartAsync(Func<Settings, Settings> change, CapturedLog? log = null) => TestServer.StartAsync(
        settings => change(settings with { Issuer = $"https://localhost:{TestServer.FreePort()}" }), database, waitUntilReady: false,
        services: services => services.AddSingleton<ILoggerProvider>(log ?? new CapturedLog()));

    private Func<Settings, Settings> Write(Authority root, string form, string name)
    {
        using var intermediate = root.Issue("intermediate", true);
        using var leaf = intermediate.Issue(name, false);
        var (file, key) = (Path.Combine(folder, form), Path.Combine(folder, form + ".key"));
        var chain = $"{leaf.Certificate.ExportCertificatePem()}\n{intermediate.Certificate.ExportCertificatePem()}\n";
        switch (form)
        {
            case "pem":
                File.WriteAllText(file, chain);
                File.WriteAllText(key, leaf.Key.ExportPkcs8PrivateKeyPem());
                return settings => settings with { TlsCertificateFile = file, TlsKeyFile = key };
            case "pem in one file":
                File.WriteAllText(file, chain + leaf.Key.ExportPkcs8PrivateKeyPem());
                return settings => settings with { TlsCertificateFile = file };
            case "encrypted pem":
                File.WriteAllText(file, chain);
                File.WriteAllText(key, leaf.Key.ExportEncryptedPkcs8PrivateKeyPem("a-password",
                    new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
                return settings => settings with { TlsCertificateFile = file, TlsKeyFile = key, TlsPassword = "a-password" };
            default:
                using (var own = leaf.Certificate.CopyWithPrivateKey(leaf.Key))
                    File.WriteAllBytes(file,
                        new X509Certificate2Collection { intermediate.Certificate, own }.Export(X509ContentType.Pkcs12, "a-password")!);
                return settings => settings with { TlsCertificateFile = file, TlsPassword = "a-password" };
        }
    }

    private static async Task<(string Thumbprint, string[] Sent, SslProtocols Protocol)> HandshakeAsync(
        TestServer server, X509Certificate2 root, SslProtocols protocols = SslProtocols.None)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(server.Issuer).Port);
        string[] sent = [];
        var thumbprint = "";
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocols,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                sent = [.. chain!.ChainPolicy.ExtraStore.Select(one => one.Subject)];
                thumbprint = certificate!.GetCertHashString(HashAlgorithmName.SHA256);
                using var whole =
                    new X509Chain
                    {
                        ChainPolicy =
                    { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
                        CustomTrustStore = { root } }
                    };
                whole.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
                return whole.Build((X509Certificate2)certificate);
            },
        });
        return (thumbprint, [.. sent.Where(one => !one.Contains("leaf"))], tls.SslProtocol);
    }

    private sealed record Authority(X509Certificate2 Certificate, ECDsa Key) : IDisposable
    {
        public static Authority Root()
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=test root", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            return new Authority(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30)), key);
        }

        public Authority Issue(string name, bool authority)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
            using var signed =
                request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), DateTimeOffset.UtcNow.AddDays(-1),
                    DateTimeOffset.UtcNow.AddDays(20), RandomNumberGenerator.GetBytes(8));
            return new Authority(X509CertificateLoader.LoadCertificate(signed.RawData), key);
        }

        public void Dispose()
        {
            Certificate.Dispose();
            Key.Dispose();
        }
    }
}
