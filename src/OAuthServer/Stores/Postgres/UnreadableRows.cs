using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OAuthServer.Protocol;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Rows that cannot be read: each is skipped, so that it harms only itself, and named by its key (never its content) once in the
/// log, in the detail of /readyz, and counted by the gauge <c>oauth.rows.unreadable</c> of the meter OAuthServer.
/// </summary>
public sealed class UnreadableRows : IDisposable
{
    private const int MostNamed = 5;

    private readonly Meter meter = Telemetry.NewMeter();
    private readonly ConcurrentDictionary<string, string[]> keys = new(StringComparer.Ordinal);
    private readonly ILogger<UnreadableRows> log;

    public UnreadableRows(ILogger<UnreadableRows> log)
    {
        this.log = log;
        meter.CreateObservableGauge("oauth.rows.unreadable",
            () => keys.Select(table => new Measurement<int>(table.Value.Length, new KeyValuePair<string, object?>("table", table.Key))),
            description: "Rows that cannot be read and are skipped.");
    }

    /// <summary>In words, for /readyz; null when every row can be read.</summary>
    public string? Detail => keys.Where(table => table.Value.Length > 0).ToArray() is { Length: > 0 } found
        ? "unreadable rows are skipped: " + string.Join("; ", found.Select(table => $"{table.Key} {Named(table.Value)}"))
        : null;

    /// <summary>What the last reading of a table could not read; none when all of it was readable.</summary>
    public void Report(string table, IReadOnlyCollection<string> unreadable)
    {
        string[] now = [.. unreadable.Select(key => VisibleText.Escape(key))];
        var before = keys.GetValueOrDefault(table, []);
        keys[table] = now;
        foreach (var key in now.Except(before))
            log.LogError("The row {Key} of {Table} cannot be read and is skipped: correct it or delete it", key, table);
    }

    public void Dispose() => meter.Dispose();

    private static string Named(string[] all) =>
        string.Join(", ", all.Take(MostNamed)) + (all.Length > MostNamed ? $" and {all.Length - MostNamed} more" : "");
}
