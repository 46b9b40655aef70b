using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>
/// Tokens of seeded grants: refresh tokens or codes, of one grant in a hundred or spread over all others. Each is handed out once before
/// any is handed out again; then its grant is first made as it was seeded.
/// </summary>
internal sealed class GrownSupply(PublishedServer published, GrownOptions options, string folder)
{
    private const int AtOnce = 60_000;

    /// <summary>Writes the file that the scripts read.</summary>
    /// <param name="workload">rotation_hot and the like.</param>
    public async Task WriteAsync(string workload, CancellationToken cancel)
    {
        var (hot, family) = (workload.EndsWith("_hot", StringComparison.Ordinal), workload.Contains("rotation", StringComparison.Ordinal));
        // Kept beside the database: the next run goes on there.
        var file = Path.Combine(folder, $"used-{workload}");
        var used = File.Exists(file) ? long.Parse(await File.ReadAllTextAsync(file, cancel), CultureInfo.InvariantCulture) : 0;
        var all = options.Grants / 100 * (hot ? 1 : family ? 5 : 4);
        var count = Math.Min(AtOnce, all);
        var again = used + count > all;
        var tokens = await published.Cluster.SqlAsync(await File.ReadAllTextAsync("test/Bench/grown/tokens.sql", cancel), cancel,
            ("from", used % all), ("count", count), ("hot", hot), ("family", family), ("armed", again));
        await File.WriteAllLinesAsync(Path.Combine(published.Folder, "tokens"), tokens, cancel);
        await File.WriteAllTextAsync(file, $"{used + count}", cancel);
    }
}
