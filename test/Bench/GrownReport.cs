using System.Globalization;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>What was measured on the grown database, printed, and written down when the run was whole.</summary>
internal sealed class GrownReport(GrownOptions options)
{
    private const string Page = "docs/performance-grown.md";

    private readonly Dictionary<string, List<(Sample Empty, Sample Grown)>> rounds = [];
    private readonly Dictionary<string, List<(double Alone, double Beside)>> cleanUps = [];
    private readonly List<Row> pages = [];

    /// <summary>Resident megabytes of both servers at the end.</summary>
    public (double Empty, double Grown) Memory { get; set; }

    public void Add(string name, Sample empty, Sample grown) => Measurements.ListOf(rounds, name).Add((empty, grown));

    public void AddPages(IEnumerable<Row> measured) => pages.AddRange(measured);

    public void AddCleanUp(string name, double alone, double beside) => Measurements.ListOf(cleanUps, name).Add((alone, beside));

    public async Task WriteAsync(CancellationToken cancel)
    {
        List<Row> rows =
        [
            .. rounds.Select(one => Rate(one.Key, one.Value)), .. cleanUps.Select(one => CleanUp(one.Key, one.Value)), Resident(),
        ];
        var text = Text(rows);
        Console.WriteLine($"\n{text}");
        if (options.IsWhole)
        {
            await File.WriteAllTextAsync(Page, $"# Performance on a grown database\n\n{text}", cancel);
            Console.WriteLine($"bench: wrote {Page}");
        }
        else Console.WriteLine($"bench: {Page} stays as it is: that takes scale 1 and at least three rounds");
        if (options.Json) Console.WriteLine(Report.Json([.. rows, .. pages]));
    }

    private string Text(IReadOnlyList<Row> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            Written by `make bench ARGS=--grown`: two published servers (Release, ReadyToRun, Production), each on a PostgreSQL of its
            own with `{GrownWorld.PostgresSettings}`, fsync and synchronous_commit on, over a unix socket; one
            database holds the demo world only, the other {options.Clients:N0} clients, {options.People:N0} people,
            {options.Grants:N0} live grants and {options.Audit:N0} audit rows beside it. {Environment.ProcessorCount} cores,
            {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, .NET {Environment.Version}, {DateTime.UtcNow:yyyy-MM-dd}.

            Middle, least and most of {options.Rounds} rounds of {options.Seconds} s each, which interleave both; a ratio is taken within
            its round. "Even" goes through grants spread over all of them, each once; "hot" through one grant in a hundred. Pages: middle,
            least and most of twenty requests of an administrator, judged by the middle.
            Clean-up: the server's own statement that deletes expired
            grants, without the pause the server makes, while {500_000 * options.Scale:N0} wait.

            {Row.Verdict(rows.Concat(pages))}

            ## Rates, clean-up, memory


            """);
        Report.Table(text, ["what", "measured", "empty database", "ratio", "ratio by CPU", "target", ""], rows.Select(row => row.Cells));
        text.AppendLine("\n## Pages\n");
        Report.Table(text, ["what", "measured", "target", ""],
            pages.Select(row => (string[])[row.Title, row.ValueText, row.TargetText, row.VerdictText]));
        return text.ToString();
    }

    private static Row Rate(string name, IReadOnlyList<(Sample Empty, Sample Grown)> measured) => new()
    {
        Name = name,
        Title = name.Replace('_', ' '),
        Unit = "/s",
        Value = Spread.Of(measured.Select(one => one.Grown.PerSecond)),
        Limit = Spread.Of(measured.Select(one => one.Empty.PerSecond)),
        Ratio = Spread.Of(measured.Select(one => one.Grown.PerSecond / one.Empty.PerSecond)),
        ByCpu = Spread.Of(measured.Select(one => one.Empty.Total / one.Grown.Total)),
        Target = name.EndsWith("_even", StringComparison.Ordinal) ? 0.60 : name.EndsWith("_hot", StringComparison.Ordinal) ? 0.85 : 0.90,
        IsLeast = true,
    };

    private static Row CleanUp(string name, IReadOnlyList<(double Alone, double Beside)> measured) => new()
    {
        Name = $"clean_up_{name}",
        Title = $"clean-up: p99 of {name.Replace('_', ' ')} beside it",
        Unit = "ms",
        Value = Spread.Of(measured.Select(one => one.Beside)),
        Limit = Spread.Of(measured.Select(one => one.Alone)),
        LimitName = "without",
        Ratio = Spread.Of(measured.Select(one => one.Beside / one.Alone)),
        Target = 2,
    };

    private Row Resident() => new()
    {
        Name = "memory",
        Title = "resident memory of the server at the end",
        Unit = "MB",
        Value = Spread.Of([Memory.Grown]),
        Limit = Spread.Of([Memory.Empty]),
        Ratio = Spread.Of([Memory.Grown / Memory.Empty]),
        Target = 1.5,
    };
}
