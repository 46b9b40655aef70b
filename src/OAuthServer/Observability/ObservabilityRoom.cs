using OAuthServer.Protocol;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace OAuthServer.Observability;

/// <summary>
/// Figures, traces and log lines for whoever collects them: by OTLP when the standard OTEL_EXPORTER_OTLP_… variables name a collector,
/// and as Prometheus reads them, on a listener of its own. Without either, nothing of this is loaded.
/// </summary>
public static class ObservabilityRoom
{
    // Ours, what ASP.NET Core and .NET measure about themselves, and the pool of connections.
    private static readonly string[] Meters =
        [Telemetry.Name, "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private static readonly string[] Sources = [Telemetry.Name, "Npgsql", "Microsoft.AspNetCore"];

    extension(IServiceCollection services)
    {
        public void AddObservability(Settings settings)
        {
            var (otlp, prometheus) = (HasCollector, settings.MetricsListen.Length > 0);
            if (otlp || prometheus) services.Export(otlp, prometheus);
        }

        // A method of its own: the libraries are loaded when it is called.
        private void Export(bool otlp, bool prometheus)
        {
            var export = services.AddOpenTelemetry()
                .ConfigureResource(resource => { if (ServiceName is null) resource.AddService("oauth-server"); })
                .WithMetrics(metrics =>
                {
                    metrics.AddMeter(Meters);
                    if (prometheus) metrics.AddPrometheusExporter();
                });
            if (prometheus) services.AddHostedService<MetricsListener>();
            if (!otlp) return;
            // Or a request's span has a name and nothing else.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            export.WithTracing(traces => traces.AddSource(Sources)).WithLogging(_ => { }, log => log.IncludeFormattedMessage = true)
                .UseOtlpExporter();
        }
    }

    private static string? ServiceName => Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME");

    private static bool HasCollector => Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name =>
        name.StartsWith("OTEL_EXPORTER_OTLP_", StringComparison.Ordinal) && name.EndsWith("ENDPOINT", StringComparison.Ordinal));
}
