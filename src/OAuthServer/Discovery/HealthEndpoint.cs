using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Discovery;

/// <summary>Whether this server can decide: database reachable, migrated, a signing key read, clocks close enough.</summary>
public sealed class Readiness(
    Migrations migrations, KeyRing keys, DatabaseClock clock, UnreadableRows unreadable, AuditPartitions audit, Shutdown shutdown,
    Settings settings, ILogger<Readiness> log) : IHealthCheck
{
    private static readonly TimeSpan WorthAWarning = TimeSpan.FromMilliseconds(500);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (shutdown.Begun) return HealthCheckResult.Unhealthy("the server is shutting down");
        try
        {
            var schema = await migrations.StateAsync(cancellationToken);
            if (schema.Problem is { } problem) return HealthCheckResult.Unhealthy(problem);
            if (schema.Pending.Count > 0)
                return HealthCheckResult.Unhealthy(
                    $"migrations are pending ({string.Join(", ", schema.Pending)}): run oauth-server migrate");
            await clock.MeasureAsync(cancellationToken);
        }
        catch (NpgsqlException fault) when (fault is PoolerException or StandbyException)
        {
            return HealthCheckResult.Unhealthy(fault.Message);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("the database is away");
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            log.LogError(fault, "readiness check failed");
            throw;
        }

        if (!keys.Ready) return HealthCheckResult.Unhealthy(Reason(keys.Problem));
        var skew = clock.Skew.Duration();
        var words = Reason($"our clock and the database's differ by {(long)clock.Skew.TotalMilliseconds} ms");
        return skew.TotalSeconds > settings.MaxClockSkewSeconds ? HealthCheckResult.Unhealthy(words)
            : skew > WorthAWarning ? HealthCheckResult.Degraded(words)
            : HealthCheckResult.Healthy(words);

        // What harms only itself is told here and keeps nobody from being served.
        string Reason(string reason) => string.Join("; ", new[] { reason, NoIdTokens, unreadable.Detail, audit.Detail }.OfType<string>());
    }

    private string? NoIdTokens =>
        settings.OpenId && keys.Ready && !keys.SignsIdTokens ? "no RS256 key signs: OpenID Connect is off" : null;
}

/// <summary>/healthz answers while the process lives, /readyz once it can serve.</summary>
public sealed class HealthEndpoint(HealthCheckService checks)
{
    public Task HealthAsync(HttpContext http) => http.JsonAsync(200, json => json.WriteString("status", "alive"));

    public async Task ReadyAsync(HttpContext http)
    {
        var report = await checks.CheckHealthAsync(http.RequestAborted);
        var ready = report.Status != HealthStatus.Unhealthy;
        if (!ready) http.Response.Headers.RetryAfter = "5";
        await http.JsonAsync(ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, json =>
        {
            json.WriteString("status", report.Status switch
            {
                HealthStatus.Healthy => "ready",
                HealthStatus.Degraded => "ready, with a warning",
                _ => "not ready",
            });
            foreach (var (name, entry) in report.Entries)
                if (entry.Description is { } words)
                    json.WriteString(name, words);
        });
    }
}
