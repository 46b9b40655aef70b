using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>All that was measured, and the rows that are made of it.</summary>
internal sealed class Measurements(BenchOptions options)
{
    /// <summary>Past this a limit is no measure: the machine had other work.</summary>
    public const double MostWander = 0.25;

    private readonly Dictionary<string, List<Sample>> samples = [];
    private readonly Dictionary<string, List<double>> starts = [];
    private readonly List<(string Name, int Seconds, bool IsSteady)> warmed = [];

    public BenchOptions Options => options;
    public (double Idle, double Loaded)? Memory { get; set; }

    /// <summary>The rows that are measured by themselves.</summary>
    public List<Row> Further { get; } = [];

    /// <summary>What a request of those cost.</summary>
    public List<(string Title, IReadOnlyList<Sample> Samples)> FurtherCosts { get; } = [];

    /// <summary>How long each took; the limits begin anew in each round, and the longest counts.</summary>
    public IEnumerable<(string Name, int Seconds, bool IsSteady)> WarmUps =>
        from warm in warmed
        group warm by warm.Name into all
        select (all.Key, all.Max(warm => warm.Seconds), all.All(warm => warm.IsSteady));

    public IReadOnlyList<Workload> Chosen { get; } = [.. Workload.All.Where(workload => options.Has(workload.Name))];

    /// <summary>The limits that were measured, as they were: name, title, samples.</summary>
    public IEnumerable<(string Title, IReadOnlyList<Sample> Samples)> Limits =>
        LimitTitles.Where(limit => samples.ContainsKey(limit.Name)).Select(limit => (limit.Title, Of(limit.Name)));

    /// <summary>The limits that wandered too far, by their titles.</summary>
    public IEnumerable<string> Wandering =>
        from limit in Limits
        let wander = PerSecond(limit.Samples).Wander
        where wander > MostWander
        select string.Create(CultureInfo.InvariantCulture, $"{limit.Title} ({wander:P0})");

    /// <summary>The share of the machine that others took while we measured.</summary>
    public Spread Others => Spread.Of(
        samples.Values.SelectMany(list => list).Select(sample => sample.Others).Where(share => share > 0).DefaultIfEmpty());

    public static string StatementOf(string workload) => $"P {workload}";

    /// <summary>Under which name C is kept.</summary>
    public static string LimitOf(string workload) => $"C {workload}";

    public void Add(string name, Sample sample) => ListOf(samples, name).Add(sample);

    public void AddStart(string name, double milliseconds) => ListOf(starts, name).Add(milliseconds);

    public void Warmed(string name, int seconds, bool isSteady) => warmed.Add((name, seconds, isSteady));

    public IReadOnlyList<Sample> Of(string name) => samples[name];

    public Sample Last(string name) => samples[name][^1];

    public static Spread PerSecond(IReadOnlyList<Sample> samples) => Spread.Of(samples.Select(sample => sample.PerSecond));

    /// <summary>The ratios of the round that just ended.</summary>
    public string LastRound()
    {
        var ratios =
            from workload in Chosen
            let rate = Last(workload.Name).PerSecond
            select string.Create(CultureInfo.InvariantCulture,
                $"{workload.Name} {rate:0}/s {rate / Last(Against(workload)).PerSecond:0.00}");
        return string.Join(", ", ratios.Concat(starts.Select(start =>
            string.Create(CultureInfo.InvariantCulture, $"{(start.Key == "F" ? "F starts in" : start.Key)} {start.Value[^1]:0} ms"))));
    }

    /// <summary>Every figure that has a target.</summary>
    public IReadOnlyList<Row> Rows() => [.. Chosen.SelectMany(RowsOf), .. ColdStart(), .. MemoryRows(), .. Further];

    private IEnumerable<Row> RowsOf(Workload workload)
    {
        var (own, limit) = (Of(workload.Name), Of(Against(workload)));
        yield return new()
        {
            Name = workload.Name,
            Title = workload.Title,
            Unit = "/s",
            Value = PerSecond(own),
            Limit = PerSecond(limit),
            LimitName = workload.Against switch { Limit.Bare => "F", Limit.Jwt => "J", _ => "C" },
            Ratio = Paired(own, limit, (mine, its) => mine.PerSecond / its.PerSecond),
            ByCpu = Paired(own, limit, (mine, its) => its.Total / mine.Total),
            Target = workload.Target,
            IsLeast = true,
        };
        if (workload.Name == "client_credentials")
            yield return new()
            {
                Name = "cpu_client_credentials",
                Title = "server CPU per client_credentials request",
                Unit = "µs",
                Value = Spread.Of(own.Select(sample => sample.Server)),
                Limit = Spread.Of(limit.Select(sample => sample.Server)),
                LimitName = "J",
                Ratio = Paired(own, limit, (mine, its) => mine.Server / its.Server),
                Target = 1.5,
            };
        if (workload.Name == "code")
            yield return new()
            {
                Name = "p99_code",
                Title = "code: 99 of 100 answered within",
                Unit = "ms",
                Value = Spread.Of(own.Select(sample => sample.P99)),
                Target = 50,
            };
        if (workload.MostBytes is { } most)
            yield return new()
            {
                Name = $"bytes_{workload.Name}",
                Title = $"bytes allocated per request: {workload.Name}",
                Unit = "B",
                Value = Spread.Of(own.Select(sample => sample.Allocated).Where(bytes => bytes > 0).DefaultIfEmpty()),
                Target = most,
            };
    }

    private IEnumerable<Row> ColdStart()
    {
        if (!starts.TryGetValue(Workload.ColdStart, out var own)) yield break;
        var limit = starts[Workload.Bare.Name];
        yield return new()
        {
            Name = Workload.ColdStart,
            Title = "cold start to the first 200 on metadata",
            Unit = "ms",
            Value = Spread.Of(own),
            Limit = Spread.Of(limit),
            LimitName = "F",
            Ratio = Spread.Of(own.Zip(limit, (mine, its) => mine / its)),
            Target = 1.5,
        };
    }

    private IEnumerable<Row> MemoryRows()
    {
        if (Memory is not var (idle, loaded)) yield break;
        yield return new()
        {
            Name = "memory_idle",
            Title = "resident memory, idle",
            Unit = "MB",
            Value = Spread.Of([idle]),
            Target = 95,
        };
        yield return new()
        {
            Name = "memory_loaded",
            Title = "resident memory after a minute of load",
            Unit = "MB",
            Value = Spread.Of([loaded]),
            Target = 160,
        };
    }

    /// <summary>A ratio, round by round: what disturbs the machine disturbs both.</summary>
    public static Spread Paired(IReadOnlyList<Sample> own, IReadOnlyList<Sample> limit, Func<Sample, Sample, double> share) =>
        Spread.Of(own.Zip(limit, share));

    private static string Against(Workload workload) => workload.Against switch
    {
        Limit.Bare => Workload.Bare.Name,
        Limit.Jwt => Workload.Jwt.Name,
        _ => LimitOf(workload.Name),
    };

    private static (string Name, string Title)[] LimitTitles { get; } =
    [
        (Workload.Bare.Name, Workload.Bare.Title), (Workload.Jwt.Name, Workload.Jwt.Title),
        (StatementOf("code"), "P: the server's statement of redemption, rows"), (LimitOf("code"), "C: J and redemption together"),
        (StatementOf("refresh"), "P: the server's statement of rotation, rows"), (LimitOf("refresh"), "C: J and rotation together"),
    ];

    /// <summary>The list under a name; an empty one to begin with.</summary>
    public static List<T> ListOf<TName, T>(Dictionary<TName, List<T>> lists, TName name) where TName : notnull =>
        lists.TryGetValue(name, out var list) ? list : lists[name] = [];
}
