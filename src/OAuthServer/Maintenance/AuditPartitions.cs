using System.Diagnostics.Metrics;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Maintenance;

/// <summary>
/// Keeps the audit log's months: a round makes partitions two months ahead, or drops one that is old enough. It waits 100 ms for a lock
/// and no longer, since whoever writes to the log would queue behind it; what could not be had is tried again a minute later.
/// </summary>
public sealed class AuditPartitions : IDisposable
{
    private readonly Meter meter = Telemetry.NewMeter();
    private readonly AuditStore store;
    private readonly Settings settings;
    private readonly ILogger<AuditPartitions> log;
    private volatile AuditMonths last = new() { Waits = false, Strays = false };

    public AuditPartitions(AuditStore store, Settings settings, ILogger<AuditPartitions> log)
    {
        (this.store, this.settings, this.log) = (store, settings, log);
        meter.CreateObservableGauge("oauth.audit.partition_waits", () => last.Waits ? 1 : 0,
            description: "1 while a month of the audit log cannot be made or dropped because somebody holds a lock on it.");
        meter.CreateObservableGauge("oauth.audit.default_partition_used", () => last.Strays ? 1 : 0,
            description: "1 while the audit log has rows in its default partition, which no month that is dropped takes along.");
    }

    /// <summary>In words, for /readyz; null when all is in order.</summary>
    public string? Detail => last switch
    {
        { Waits: true } => "a month of the audit log waits for a lock that somebody holds",
        { Strays: true } => "the audit log has rows in its default partition, see docs/operating.md",
        _ => null,
    };

    /// <summary>One round.</summary>
    public async Task MaintainAsync(CancellationToken cancel)
    {
        var now = await store.MaintainAsync(settings.AuditMonths, cancel);
        if (now.Waits && !last.Waits)
            log.LogWarning(
                "A month of the audit log could not be made or dropped: "
                    + "another transaction (pg_dump, say) holds a lock; trying every minute");
        if (now.Strays && !last.Strays)
            log.LogWarning("The audit log has rows in its default partition, which never leave by themselves: see docs/operating.md");
        last = now;
    }

    public void Dispose() => meter.Dispose();
}
