using Microsoft.AspNetCore.Http.Features;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OpenTelemetry.Metrics;

namespace OAuthServer.Observability;

/// <summary>
/// GET /metrics at OAuth__MetricsListen, and nothing else there: an address of its own can be kept from the world. Whoever reaches it
/// may read it.
/// </summary>
internal sealed class MetricsListener(MeterProvider figures, Settings settings) : IHostedService, IAsyncDisposable
{
    private const string Path = "/metrics";

    private WebApplication? app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var at = ListenAddress.OfMetrics(settings, out _)!;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 100;
            kestrel.Limits.MaxRequestBodySize = 0;
            Listening.At(kestrel, at);
        });
        app = builder.Build();
        app.Use((http, next) =>
        {
            // What is asked here is no request of a client.
            http.Features.Get<IHttpMetricsTagsFeature>()?.MetricsDisabled = true;
            return next(http);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint(figures, http => http.Request.Path == Path, null, null, null);
        app.Run(http =>
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return http.Response.WriteAsync($"Only {Path} is here.\n", http.RequestAborted);
        });
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException fault)
        {
            throw new CannotListenException(nameof(Settings.MetricsListen), fault);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => app?.DisposeAsync() ?? ValueTask.CompletedTask;
}
