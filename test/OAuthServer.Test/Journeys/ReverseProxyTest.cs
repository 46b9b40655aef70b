using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>The nginx configuration of docs/operating.md, in a real nginx before a real server.</summary>
[Category("Interop"), Behaviour(2, 27), Parallelizable]
public sealed class ReverseProxyTest
{
    private readonly string folder = Directory.CreateTempSubdirectory("oauth-proxy-").FullName;
    private TestServer server = null!;
    private Nginx nginx = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var (port, behind) = (TestServer.FreePort(), TestServer.FreePort());
        server = await TestServer.StartAsync(settings =>
            settings with { Issuer = $"https://localhost:{port}", Listen = $"http://127.0.0.1:{behind}", TrustedProxies = "127.0.0.1" });
        TestCertificate.Write(folder);
        var site = Snippet().Replace("127.0.0.1:8080", $"127.0.0.1:{behind}").Replace("443 ssl", $"127.0.0.1:{port} ssl")
            .Replace("/etc/ssl/auth.example.com.pem", $"{folder}/cert.pem").Replace("/etc/ssl/auth.example.com.key", $"{folder}/key.pem")
                .Replace("auth.example.com", "localhost");
        nginx = Nginx.Start(folder, site);
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }
        })
        { BaseAddress = new Uri(server.Issuer) };
        await Eventually.BecomesTrueAsync(async () =>
        {
            try { return (await http.ReplyAsync(HttpMethod.Get, Paths.Health)).Status == 200; }
            catch (HttpRequestException) { return false; }
        });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        nginx?.Dispose();
        http?.Dispose();
        if (server is not null) await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [TestCase(100), TestCase(3600), TestCase(7000)]
    public async Task A_long_state_comes_back(int length)
    {
        var app = await server.PublicClientAsync();
        var state = new string('s', length);

        // Refused with the state in Location, without a sign-in.
        var reply =
            await http.ReplyAsync(HttpMethod.Get,
                $"/authorize?client_id={app.Id}&redirect_uri={Uri.EscapeDataString(app.Redirect)}&response_type=token&state={state}");

        reply.Status.Should().Be(303, reply.Body);
        reply.Location.Should().Contain($"state={state}").And.Contain("error=");
    }

    [Test]
    public async Task The_server_learns_name_and_address_of_the_client()
    {
        (await http.ReplyAsync(HttpMethod.Get, "/.well-known/oauth-authorization-server")).Json.GetProperty("issuer").GetString()
            .Should().Be(server.Issuer);
        var refused =
            await http.ReplyAsync(HttpMethod.Post, Paths.Token,
                Requests.Form("grant_type=client_credentials&client_id=nobody&client_secret=x"), ("X-Forwarded-For", "203.0.113.7"));

        refused.Error.Should().Be("invalid_client");
        (await server.ScalarAsync<string>("select address from audit_events where request_id = @id", new { id = refused.RequestId }))
            .Should().Be("127.0.0.1", "what the client itself wrote is not believed");
    }

    private static string Snippet()
    {
        var page = File.ReadAllText(Path.Combine(TestDatabase.Root, "docs/operating.md"));
        var from = page.IndexOf("```nginx\n", StringComparison.Ordinal) + "```nginx\n".Length;
        return page[from..page.IndexOf("```\n", from, StringComparison.Ordinal)];
    }
}
