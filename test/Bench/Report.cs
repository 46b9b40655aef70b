using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OAuthServer.Bench;

/// <summary>Prints the tables, and writes them down when the run was whole.</summary>
internal static class Report
{
    private const string Page = "docs/performance.md";
    private const string Picture = "docs/performance.svg";

    // A page of its own: a run without the peers says nothing new about them.
    private const string Beside = """

        ## Beside other servers

        [performance-peers.md](performance-peers.md): OpenIddict and node oidc-provider under the same load (`make bench ARGS=--peers`).

        """;

    /// <summary>The columns of <see cref="Cost"/>.</summary>
    public static string[] CostHead { get; } =
        ["what", "per second", "CPU µs: server", "PostgreSQL", "generator", "in all", "bytes allocated", "p99 ms"];

    public static async Task WriteAsync(Measurements results, Peers peers, CancellationToken cancel)
    {
        var rows = results.Rows();
        var text = Text(results, rows);
        Console.WriteLine();
        Console.WriteLine(text);
        await PeersReport.WriteAsync(results, peers, cancel);
        if (results.Options.IsWhole)
        {
            var beside = File.Exists(PeersReport.Page) ? Beside : "";
            await File.WriteAllTextAsync(
                Page, $"# Performance\n\n![Shares of what the machine allows](performance.svg)\n\n{text}{beside}", cancel);
            await File.WriteAllTextAsync(Picture, Chart.Draw(rows), cancel);
            Console.WriteLine($"bench: wrote {Page} and {Picture}");
        }
        else Console.WriteLine($"bench: {Page} stays as it is: that takes every workload and at least five rounds");
        if (results.Options.Json) Console.WriteLine(Json([.. rows, .. peers.Rows(results)]));
    }

    private static string Text(Measurements results, IReadOnlyList<Row> rows)
    {
        var options = results.Options;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            Written by `make bench`: the published server (Release, ReadyToRun, Production) on a PostgreSQL of its own, with fsync and
            synchronous_commit on, over a unix socket. wrk, one thread, 32 keep-alive connections unless said. All share one machine:
            {Environment.ProcessorCount} cores, {Processor()}, .NET {Environment.Version}, {DateTime.UtcNow:yyyy-MM-dd}.

            Middle, least and most of {options.Rounds} rounds of {options.Seconds} s each, which interleave the server with the limits.
            A ratio is taken within its round: absolute figures wander, ratios less. CPU is from /proc; "ratio by CPU" is what a request of
            the limit costs server, PostgreSQL and generator together, as a share of what this one costs. Where J and the server's own
            statement (P, run by pgbench) must both be paid on these cores, the limit is C, 1 / (1/J + 1/P).


            """);
        var settings = PublishedServer.Settings.Select(setting => $"`{setting.Key}={setting.Value}`");
        text.AppendLine($"Settings other than the defaults: {string.Join(", ", settings)}.");
        var warmUps = results.WarmUps.Select(warm => $"{warm.Name} {warm.Seconds} s{(warm.IsSteady ? "" : " (not steady)")}");
        text.AppendLine($"Warm-up until three slices were within a tenth: {string.Join(", ", warmUps.DefaultIfEmpty("none"))}.");
        var others = results.Others;
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Other work took {others.Median:P0} of the machine's CPU ({others.Min:P0} to {others.Max:P0}).");
        if (results.Wandering.ToList() is { Count: > 0 } wandering)
            text.AppendLine(
                $"\nThese limits wandered by more than 25 %, so CPU decides what is held against them: {string.Join("; ", wandering)}.\n");
        text.AppendLine(Row.Verdict(rows));

        text.AppendLine("\n## Against the targets\n");
        Table(text, ["what", "measured", "limit", "ratio", "ratio by CPU", "target", ""],
            rows.Select(row => row.Cells));
        text.AppendLine("\n## What a request costs\n");
        Table(text, CostHead,
            results.Limits.Concat(results.Chosen.Select(workload => (workload.Title, results.Of(workload.Name))))
                .Concat(results.FurtherCosts).Select(Cost));
        return text.ToString();
    }

    /// <summary>The middle of what one workload costs.</summary>
    public static string[] Cost((string Title, IReadOnlyList<Sample> Samples) of)
    {
        return
        [
            of.Title, Middle(sample => sample.PerSecond), Middle(sample => sample.Server), Middle(sample => sample.Postgres),
            Middle(sample => sample.Generator), Middle(sample => sample.Total), Middle(sample => sample.Allocated),
            Middle(sample => sample.P99),
        ];

        string Middle(Func<Sample, double> figure) => Spread.Of(of.Samples.Select(figure)).Median is > 0 and var value
            ? value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)
            : "";
    }

    /// <summary>Appends a table of Markdown.</summary>
    public static void Table(StringBuilder text, string[] head, IEnumerable<string[]> rows)
    {
        text.AppendLine($"| {string.Join(" | ", head)} |").AppendLine($"|{string.Concat(Enumerable.Repeat("---|", head.Length))}");
        foreach (var row in rows) text.AppendLine($"| {string.Join(" | ", row)} |");
    }

    /// <summary>The line that --json asks for.</summary>
    public static string Json(IEnumerable<Row> rows) => JsonSerializer.Serialize(new
    {
        workloads = rows.Select(row => new
        {
            name = row.Name,
            median = Round(row.Value.Median),
            limit = Round(row.Limit?.Median),
            ratio = row.Limit is null ? null : Round(row.Decisive),
            target = row.Target,
        }),
    });

    private static double? Round(double? value) => value is { } number ? Math.Round(number, 3) : null;

    /// <summary>The name of this machine's processor.</summary>
    public static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 2)..]
            : RuntimeInformation.ProcessArchitecture.ToString();
}
