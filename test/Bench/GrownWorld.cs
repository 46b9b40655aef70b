using System.Diagnostics;
using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The grown database: seeded by set-based SQL (grown/), said in percent, and kept for the next run once it is whole.</summary>
internal sealed class GrownWorld(PublishedServer published, GrownOptions options)
{
    /// <summary>What docs/operating.md advises for a large database, for both that are measured.</summary>
    public const string PostgresSettings = "shared_buffers=4GB max_wal_size=8GB wal_compression=lz4";

    private static readonly TimeSpan Keeps = TimeSpan.FromDays(7);

    private readonly Stopwatch watch = Stopwatch.StartNew();

    private Cluster Cluster => published.Cluster;

    /// <summary>The kept folder; whatever in it was cut short, is too old or of another size is deleted first.</summary>
    public static async Task<(string Folder, bool IsSeeded)> FolderAsync(GrownOptions options)
    {
        var folder = Path.GetFullPath(Path.Combine(options.Server, "../grown"));
        var mark = Mark(folder);
        var isFresh = File.Exists(mark) && DateTime.UtcNow - File.GetLastWriteTimeUtc(mark) < Keeps;
        if (!options.Anew && isFresh && await File.ReadAllTextAsync(mark) == Of(options))
        {
            Bench.Say($"{folder} was seeded {File.GetLastWriteTimeUtc(mark):yyyy-MM-dd HH:mm} UTC and is taken as it is");
            return (folder, true);
        }

        if (Directory.Exists(folder))
        {
            Bench.Say(File.Exists(mark) ? "what is there is of another size, too old, or not wanted: seeding anew"
                : "seeding was cut short: anew");
            await Cluster.DestroyAsync(folder);
        }

        return (folder, false);
    }

    /// <summary>Seeds all of it, and says so in the folder at the very end.</summary>
    public async Task SeedAsync(string folder, CancellationToken cancel)
    {
        await RunAsync("world", cancel,
            ("clients", options.Clients), ("people", options.People), ("grants", options.Grants), ("audit", options.Audit));
        // Two at a time: the log is beside the rest.
        var log = SeedAuditAsync(cancel);
        await InBatchesAsync("people", options.People, 200_000, cancel);
        await InBatchesAsync("clients", options.Clients, 100_000, cancel);
        await InBatchesAsync("grants", options.Grants, 250_000, cancel);
        await RunAsync("end", cancel);
        Bench.Say($"indexes are built, {watch.Elapsed.TotalSeconds:0} s");
        await log;
        await Cluster.SqlAsync("vacuum analyze", cancel);
        Bench.Say($"vacuumed and analysed, {watch.Elapsed.TotalSeconds:0} s");
        await File.WriteAllTextAsync(Mark(folder), Of(options), cancel);
    }

    private async Task SeedAuditAsync(CancellationToken cancel)
    {
        foreach (var month in await RunAsync("months", cancel))
        {
            if (month.Split('|') is not [var part, var first, var last]) continue;
            var (from, to) = (long.Parse(first, CultureInfo.InvariantCulture), long.Parse(last, CultureInfo.InvariantCulture));
            for (var at = from; at < to; at += 250_000)
            {
                await RunAsync("audit", cancel, ("part", part), ("from", at), ("to", Math.Min(to, at + 250_000)));
                Progress("audit", Math.Min(to, at + 250_000), options.Audit);
            }

            await RunAsync("attach", cancel, ("part", part));
        }
    }

    private async Task InBatchesAsync(string name, long count, long batch, CancellationToken cancel)
    {
        for (long from = 0; from < count; from += batch)
        {
            var to = Math.Min(count, from + batch);
            await RunAsync(name, cancel, ("from", from), ("to", to));
            Progress(name, to, count);
        }
    }

    private async Task<string[]> RunAsync(string name, CancellationToken cancel, params IEnumerable<(string, object)> variables) =>
        await Cluster.SqlAsync(await File.ReadAllTextAsync($"test/Bench/grown/{name}.sql", cancel), cancel, variables);

    private void Progress(string name, long done, long count) => Bench.Say(string.Create(CultureInfo.InvariantCulture,
        $"seeding {name}: {done:N0} of {count:N0}, {(double)done / count:P0}, {watch.Elapsed.TotalSeconds:0} s"));

    private static string Mark(string folder) => Path.Combine(folder, "seeded");

    private static string Of(GrownOptions options) => string.Create(CultureInfo.InvariantCulture,
        $"clients {options.Clients}, people {options.People}, grants {options.Grants}, audit {options.Audit}");
}
