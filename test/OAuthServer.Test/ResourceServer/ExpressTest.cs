using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>The Express example of docs/resource-servers.md, run by node with express and jose as npm has them.</summary>
[NUnit.Framework.Category("Interop"), Behaviour(23, 38)]
public sealed class ExpressTest : ServerFixture
{
    private static readonly string Folder = Path.Combine(TestDatabase.Root, "test/Interop");
    private Process? node;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task StartNodeAsync()
    {
        Tools.Need("node");
        if (!Directory.Exists(Path.Combine(Folder, "node_modules/jose"))) await InstallAsync();
        var port = TestServer.FreePort();
        var start =
            new ProcessStartInfo(Path.Combine(Folder, "node_modules/.bin/node"),
                [Path.Combine(Folder, "express-jose.mjs")])
            { RedirectStandardOutput = true, RedirectStandardError = true };
        await Guide.RegisterAsync(Server);
        var client = await Server.ResourceServerAsync(Guide.Resource);
        start.Environment["ISSUER"] = Server.Issuer;
        start.Environment["RESOURCE"] = Guide.Resource;
        start.Environment["CLIENT_ID"] = client.Id;
        start.Environment["CLIENT_SECRET"] = client.Secret;
        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        node = Process.Start(start)!;
        (await node.StandardOutput.ReadLineAsync()).Should().Be("listening");
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://localhost:{port}") };
        var token = (await (await TasksMachineAsync()).CredentialsAsync()).AccessToken;
        await Eventually.BecomesTrueAsync(async () => (await GetAsync("/tasks", token)).Status != 503, TimeSpan.FromSeconds(30),
            "it has heard from the feed");
    }

    [OneTimeTearDown]
    public void StopNode()
    {
        if (node is { HasExited: false }) node.Kill();
        node?.Dispose();
        http?.Dispose();
    }

    [Test]
    public void The_page_shows_the_very_file() => Guide.Snippet("js").Should().Be(
        File.ReadAllText(Path.Combine(Folder, "express-jose.mjs")));

    [Test, Rfc(9068, "4")]
    public async Task An_Express_API_takes_good_tokens_and_refuses_the_rest()
    {
        var machine = await TasksMachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        var good = await GetAsync("/tasks", token);
        good.Status.Should().Be(200, good.ToString());
        (await GetAsync("/.well-known/oauth-protected-resource/tasks")).Json.GetProperty("resource").GetString()
            .Should().Be(Guide.Resource);

        var none = await GetAsync("/tasks");
        none.Status.Should().Be(401);
        none.Header("WWW-Authenticate").Should().NotContain("error").And.EndWith(", scope=\"tasks:read\"");
        (await GetAsync("/tasks", token[..^4])).Header("WWW-Authenticate").Should().Contain("invalid_token");
        (await GetAsync($"/tasks?access_token={token}")).Status.Should().Be(400);
        var other =
            (await (await Server.MachineAsync()).CredentialsAsync(("scope", "read_sensors"), ("resource", Cast.Sensors))).AccessToken;
        (await GetAsync("/tasks", other)).Status.Should().Be(401);
        var little = await SendAsync(HttpMethod.Post, "/tasks", token);
        little.Status.Should().Be(403);
        little.Header("WWW-Authenticate").Should().Contain("insufficient_scope").And.Contain("scope=\"tasks:read tasks:write\"");
    }

    [Test, Rfc(6750, "2")]
    public async Task Two_Authorization_headers_are_400()
    {
        var token = (await (await TasksMachineAsync()).CredentialsAsync()).AccessToken;
        foreach (var second in new[] { $"Bearer {token}", "Basic YTpi" })
        {
            // HttpClient would join them with a comma.
            using var socket = new TcpClient();
            await socket.ConnectAsync(http.BaseAddress!.Host, http.BaseAddress.Port);
            var request =
                $"GET /tasks HTTP/1.1\r\nHost: {http.BaseAddress.Authority}\r\nAuthorization: "
                    + $"Bearer {token}\r\nAuthorization: {second}\r\nConnection: close\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            using var reader = new StreamReader(socket.GetStream());
            (await reader.ReadToEndAsync()).Should().StartWith("HTTP/1.1 400").And.Contain("error=\"invalid_request\"");
        }
    }

    [Test]
    public async Task A_host_application_learns_of_a_revocation_within_a_second()
    {
        var machine = await TasksMachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        (await GetAsync("/tasks", token)).Status.Should().Be(200);
        await machine.RevokeAsync(token);
        await Eventually.BecomesTrueAsync(async () => (await GetAsync("/tasks", token)).Status == 401, Eventually.Second);
    }

    private Task<TestClient> TasksMachineAsync() =>
        Server.AddClientAsync("m2m", "machine", "client_secret_basic", [], "tasks:read tasks:write", "operator", Guide.Resource,
            Cast.Secret, "tasks:read");

    private Task<Reply> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, token);

    private async Task<Reply> SendAsync(HttpMethod method, string path, string? token)
    {
        using var message = new HttpRequestMessage(method, path);
        if (token is not null) message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        return await Reply.ReadAsync(await http.SendAsync(message));
    }

    private static async Task InstallAsync()
    {
        using var npm =
            Process.Start(new ProcessStartInfo(Tools.Need("npm"),
                ["--prefix", Folder, "ci", "--no-progress"])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await npm.StandardError.ReadToEndAsync();
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0) throw new InvalidOperationException($"npm ci in test/Interop failed: {said}");
    }
}
