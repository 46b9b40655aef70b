using System.Globalization;

namespace OAuthServer.Test.Soak;

/// <summary>A line a minute of what a soak saw, and what follows from them.</summary>
public sealed class SoakLog
{
    /// <summary>The most by which the last third may be above the middle one: what a process that levels off wanders by.</summary>
    public const double Tolerance = 0.03, HeapTolerance = 0.10;

    private const string Header = """
        | minute | answered | unexpected | p99 (ms) | resident (MiB) | anonymous | GC heap | GC committed | gen 2 | pool threads |
        |---|---|---|---|---|---|---|---|---|---|
        """;

    private readonly List<Row> rows = [];

    /// <summary>All minutes, in Markdown.</summary>
    public string Table => string.Join('\n', [Header, .. rows.Select(Line)]);

    /// <summary>Adds a minute; its line.</summary>
    public string Add(IReadOnlyList<ProcessMemory> samples, MixedLoad load)
    {
        rows.Add(new Row(
            rows.Count + 1, load.Answered, load.Unexpected.Values.Sum(), load.TakeP99(), Mean(samples, memory => memory.Resident),
                Mean(samples, memory => memory.Anonymous),
            Mean(samples, memory => memory.Heap), Mean(samples, memory => memory.Committed), samples[^1].FullCollections,
                samples[^1].PoolThreads));
        return rows.Count == 1 ? $"{Header}\n{Line(rows[^1])}" : Line(rows[^1]);
    }

    /// <summary>
    /// How much the last third's middle is above the middle third's, as a share of it. Medians: one collection more or less decides
    /// nothing.
    /// </summary>
    public double Growth(Func<Row, double> column) => Median(Third(2), column) / Median(Third(1), column) - 1;

    /// <summary>docs/soak.md.</summary>
    public string Page(MixedLoad load) => $"""
        # Soak

        Written by `make soak`: the program with default limits under {MixedLoad.PerSecond} mixed requests a second for
        {rows.Count} minutes, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, with a
        durable PostgreSQL and the load on the same machine. {load.Answered.ToString("N0", CultureInfo.InvariantCulture)} requests
        answered, {load.Unexpected.Values.Sum()} of them not as expected.

        | middle of | first third | middle third | last third | last against middle |
        |---|---|---|---|---|
        {Thirds("resident memory (MiB)", row => row.Resident)}
        {Thirds("anonymous memory (MiB)", row => row.Anonymous)}
        {Thirds("managed heap (MiB)", row => row.Heap)}
        {Thirds("p99 (ms)", row => row.P99)}

        {Table}

        """;

    private static double Mean(IReadOnlyList<ProcessMemory> samples, Func<ProcessMemory, double> column) => samples.Average(column);

    private static double Median(IEnumerable<Row> of, Func<Row, double> column)
    {
        var order = of.Select(column).Order().ToList();
        return order[order.Count / 2];
    }

    private IEnumerable<Row> Third(int third) => rows.Count < 3 ? rows : rows.Skip(third * rows.Count / 3).Take(rows.Count / 3);

    private string Thirds(string name, Func<Row, double> column) => string.Create(CultureInfo.InvariantCulture,
        $"| {name} | {Median(Third(0), column):0.0} | {Median(Third(1), column):0.0} "
        + $"| {Median(Third(2), column):0.0} | {Growth(column):+0.0%;-0.0%} |");

    private static string Line(Row row) => string.Create(CultureInfo.InvariantCulture,
        $"| {row.Minute} | {row.Answered} | {row.Unexpected} | {row.P99:0} "
        + $"| {row.Resident:0.0} | {row.Anonymous:0.0} | {row.Heap:0.0} | {row.Committed:0.0} "
        + $"| {row.FullCollections} | {row.PoolThreads} |");

    public sealed record Row(
        int Minute, int Answered, int Unexpected, double P99, double Resident, double Anonymous, double Heap, double Committed,
            int FullCollections, int PoolThreads);
}
