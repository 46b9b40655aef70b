using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>The nginx configuration of docs/resource-servers.md, in a real nginx.</summary>
[Category("Interop"), Behaviour(38)]
public sealed class NginxTest : ServerFixture
{
    private static readonly string[] Names = ["X-Auth-Subject", "X-Auth-Client", "X-Auth-Scope", "Authorization"];

    private readonly string folder = Directory.CreateTempSubdirectory("oauth-nginx-").FullName;
    private ProtectedApi api = null!;
    private WebApplication behind = null!;
    private Nginx? nginx;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task StartNginxAsync()
    {
        Tools.Need("nginx");
        api = await ProtectedApi.StartAsync(Server);
        var (port, behindPort) = (TestServer.FreePort(), TestServer.FreePort());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{behindPort}");
        behind = builder.Build();
        behind.Map("/{**path}", (HttpContext http) =>
            string.Join('|', Names.Select(name => http.Request.Headers[name].ToString()).Prepend(http.Request.Method)));
        await behind.StartAsync();

        var site = Guide.Snippet("nginx").Replace("tasks:read", "notes:read")
            .Replace("127.0.0.1:8000", $"127.0.0.1:{port}").Replace("127.0.0.1:3000", $"127.0.0.1:{behindPort}")
                .Replace("http://127.0.0.1:9000", api.Url.Replace("localhost", "127.0.0.1"))
            .Replace("location = /_auth",
                $"location /write {{ auth_request /_auth_write; auth_request_set $challenge $upstream_http_www_authenticate; "
                    + $"error_page 403 = @step_up; proxy_pass http://127.0.0.1:{behindPort}; }}\n    location = /_auth_write {{ internal; "
                    + $"proxy_pass {api.Url.Replace("localhost", "127.0.0.1")}/auth?scope=notes:write; }}\n    location = /_auth");
        nginx = Nginx.Start(folder, site);
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        for (var i = 0; i < 100 && !nginx.HasExited; i++)
        {
            try
            {
                await http.GetAsync("/");
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException($"nginx did not start: {await File.ReadAllTextAsync(Path.Combine(folder, "error.log"))}");
    }

    [OneTimeTearDown]
    public async Task StopNginxAsync()
    {
        nginx?.Dispose();
        http?.Dispose();
        if (behind is not null) await behind.DisposeAsync();
        if (api is not null) await api.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Test, Rfc(6750, "3")]
    public async Task The_proxy_passes_good_tokens_and_challenges_on()
    {
        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;

        var good = await GetAsync("/", token);
        good.Status.Should().Be(200);
        good.Body.Should().Be($"GET|{machine.Id}|{machine.Id}|notes:read|", "the application behind learns who it is and not the token");

        var none = await GetAsync("/", null);
        none.Status.Should().Be(401);
        none.Header("WWW-Authenticate").Should().StartWith("Bearer resource_metadata=").And.NotContain("error");
        (await GetAsync("/", token[..^4])).Header("WWW-Authenticate").Should().Contain("error=\"invalid_token\"");

        var little = await GetAsync("/write", token);
        little.Status.Should().Be(403);
        little.Header("WWW-Authenticate").Should().Contain("insufficient_scope").And.Contain("notes:write");

        (await GetAsync($"/?access_token={token}", null)).Status.Should().Be(400);
    }

    [Test, Rfc(9728, "3")]
    public async Task The_metadata_document_and_a_preflight_pass_without_a_token()
    {
        var document = await GetAsync("/.well-known/oauth-protected-resource/mcp", null);
        document.Status.Should().Be(200);
        document.Json.GetProperty("resource").GetString().Should().Be(Cast.Notes);

        foreach (var path in new[] { "/", "/anything?a=b" })
        {
            var preflight = await SendAsync(HttpMethod.Options, path, null);
            preflight.Status.Should().Be(200, "the application behind answers it");
            preflight.Body.Should().Be("OPTIONS||||", "it is nobody's");
        }
    }

    [Test]
    public async Task The_endpoint_it_asks_answers_204_401_and_403_only()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        (await api.GetAsync("/auth", token)).Status.Should().Be(204);
        (await api.GetAsync("/auth?scope=notes:write", token)).Status.Should().Be(403);
        (await api.GetAsync("/auth")).Status.Should().Be(401);
        (await api.GetAsync($"/auth?access_token={token}", token)).Status.Should().Be(401);
    }

    private Task<Reply> GetAsync(string path, string? token) => SendAsync(HttpMethod.Get, path, token);

    // Every request tries to say who it is itself.
    private async Task<Reply> SendAsync(HttpMethod method, string path, string? token)
    {
        using var message = new HttpRequestMessage(method, path);
        if (token is not null) message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        foreach (var name in Names[..3]) message.Headers.TryAddWithoutValidation(name, "forged");
        return await Reply.ReadAsync(await http.SendAsync(message));
    }
}
