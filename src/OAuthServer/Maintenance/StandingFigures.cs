using System.Diagnostics.Metrics;
using Npgsql;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Maintenance;

/// <summary>What there is, and what ends soon. Counted once a minute, and only while somebody collects it.</summary>
public sealed class StandingFigures : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    private readonly Meter meter = Telemetry.NewMeter();
    private readonly DashboardStore store;
    private readonly TimeProvider time;
    private readonly ILogger<StandingFigures> log;
    private readonly Instrument sessions;
    private volatile Standing? last;

    public StandingFigures(DashboardStore store, KeyRing keys, Settings settings, TimeProvider time, ILogger<StandingFigures> log)
    {
        (this.store, this.time, this.log) = (store, time, log);
        sessions = meter.CreateObservableGauge("oauth.sessions", () => Counted(standing => standing.Sessions.Rows),
            description: "Browser sessions that are not over; of many, as PostgreSQL's planner expects.");
        meter.CreateObservableGauge("oauth.grants", () => Counted(standing => standing.LiveGrants.Rows),
            description: "Grants that are not over; of many, as PostgreSQL's planner expects.");
        meter.CreateObservableGauge("oauth.secrets.expiring", () => Counted(standing => standing.ExpiringSecrets.Rows),
            description: "Client secrets in use that end within 30 days; 2000 stands for more.");
        meter.CreateObservableGauge("oauth.signing_key.replaced_in", () => ReplacedIn(keys, settings), "s",
            "Until the next signing key of an algorithm is due; below 0: it is overdue. None while OAuth__KeyRotationDays is 0.");
    }

    /// <summary>Counts once a minute until <paramref name="cancel"/>.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (sessions.Enabled) last = await store.StandingAsync(time.GetUtcNow(), Soon, cancel);
            }
            catch (OperationCanceledException) { return; }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                log.LogDebug("Nothing is counted while the database is away: {Reason}", fault.Message);
                last = null;
            }

            try { await Task.Delay(Pause, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    public void Dispose() => meter.Dispose();

    private IEnumerable<Measurement<long>> Counted(Func<Standing, long> figure) => last is { } standing ? [new(figure(standing))] : [];

    private IEnumerable<Measurement<double>> ReplacedIn(KeyRing keys, Settings settings) =>
        from alg in settings.SigningAlgorithms
        let active = keys.ActiveOf(alg)
        where settings.KeyRotationDays > 0 && active is not null
        select new Measurement<double>((active.Row.SignsFrom.AddDays(settings.KeyRotationDays) - time.GetUtcNow()).TotalSeconds,
            new KeyValuePair<string, object?>("alg", alg));
}
