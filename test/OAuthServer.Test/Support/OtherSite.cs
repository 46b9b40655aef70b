using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;

namespace OAuthServer.Test.Support;

/// <summary>
/// Another web site on this computer: where a client waits for its answer, or where a trap is laid. Called 127.0.0.1 it is another
/// site than ours; called localhost it is the same site on another origin, to which browsers also show our Lax cookies.
/// </summary>
public sealed class OtherSite : IAsyncDisposable
{
    private readonly WebApplication app;

    private OtherSite(WebApplication app, int port) => (this.app, Port) = (app, port);

    public int Port { get; }

    /// <summary>What it answers everybody, as HTML.</summary>
    public string Page { get; set; } = "<!DOCTYPE html><title>The app</title><h1>Thank you</h1>";

    /// <summary>Every address that was asked for, but for icons.</summary>
    public ConcurrentQueue<string> Visits { get; } = [];

    /// <summary>Its origin as another site.</summary>
    public string CrossSite => $"http://127.0.0.1:{Port}";

    /// <summary>Its origin under our own name.</summary>
    public string SameSite => $"http://localhost:{Port}";

    public static async Task<OtherSite> StartAsync()
    {
        var port = TestServer.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        var neighbour = new OtherSite(builder.Build(), port);
        neighbour.app.Run(async http =>
        {
            if (http.Request.Path == "/favicon.ico") return;
            neighbour.Visits.Enqueue(http.Request.GetEncodedUrl());
            http.Response.ContentType = "text/html; charset=utf-8";
            await http.Response.WriteAsync(neighbour.Page);
        });
        await neighbour.app.StartAsync();
        return neighbour;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
