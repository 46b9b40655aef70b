using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OAuthServer.Test.Support;

/// <summary>A host of companies that people sign in at, on this computer. Each is honest until a test makes it lie.</summary>
public sealed class LyingProvider : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Company> companies = new(StringComparer.Ordinal);
    private readonly WebApplication app;
    private int count;

    private LyingProvider(WebApplication app, int port) => (this.app, Port) = (app, port);

    public int Port { get; }

    public static async Task<LyingProvider> StartAsync()
    {
        var port = TestServer.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        var provider = new LyingProvider(builder.Build(), port);
        provider.app.Run(provider.AnswerAsync);
        await provider.app.StartAsync();
        return provider;
    }

    /// <summary>A company of its own: issuer, keys, people.</summary>
    public Company NewCompany()
    {
        var name = $"c{Interlocked.Increment(ref count)}";
        return companies[name] = new Company($"http://localhost:{Port}/{name}");
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!.Split('/', 3);
        if (path.Length == 3 && companies.TryGetValue(path[1], out var company)) await company.AnswerAsync(http, "/" + path[2]);
        else http.Response.StatusCode = 404;
    }
}
