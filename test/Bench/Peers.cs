using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The servers that the run compares with, and what they did in each round. Without --peers there are none.</summary>
internal sealed class Peers : IAsyncDisposable
{
    private const double LeastTimes = 2.5;

    private static readonly (string Name, string Title)[] All = [("openiddict", "OpenIddict"), ("oidc-provider", "oidc-provider")];

    private readonly List<Peer> running = [];
    private readonly List<(string Title, string Reason)> missing = [];
    private readonly Dictionary<(string Peer, string Workload), List<Sample>> samples = [];
    private readonly List<string> warmUps = [];

    private Peers()
    {
    }

    /// <summary>The workloads that every server has.</summary>
    public static IReadOnlyList<string> Workloads { get; } = ["client_credentials", "code", "refresh", "introspection"];

    /// <summary>Those that could not be built or started, and why.</summary>
    public IReadOnlyList<(string Title, string Reason)> NotMeasured => missing;

    /// <summary>How long each took, and whether its rate got steady.</summary>
    public IReadOnlyList<string> WarmUps => warmUps;

    /// <summary>Everything that was measured, by the title of its row.</summary>
    public IEnumerable<(string Title, IReadOnlyList<Sample> Samples)> Measured(string workload) =>
        running.Where(peer => samples.ContainsKey((peer.Name, workload)))
            .Select(peer => ($"{workload} on {peer.Title}", (IReadOnlyList<Sample>)samples[(peer.Name, workload)]));

    /// <summary>Builds and starts them. One that cannot be had is named, with the reason, and the run goes on without it.</summary>
    public static async Task<Peers> StartAsync(BenchOptions options, PublishedServer published, CancellationToken cancel)
    {
        var peers = new Peers();
        try
        {
            foreach (var (name, title) in options.WithPeers ? All : []) await peers.StartAsync(name, title, published, cancel);
            return peers;
        }
        catch
        {
            await peers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Warms each up with a workload, if it is one that they have.</summary>
    public async Task WarmAsync(Workload workload, CancellationToken cancel)
    {
        foreach (var peer in Having(workload))
        {
            var (seconds, isSteady) = await peer.WarmAsync(workload, slice: 2, cancel);
            warmUps.Add($"{workload.Name} on {peer.Title} {seconds} s{(isSteady ? "" : " (not steady)")}");
            Bench.Say($"warmed up {workload.Name} on {peer.Title}: {(isSteady ? "steady" : "not steady")} after {seconds} s");
        }
    }

    /// <summary>Measures each, right after the server itself.</summary>
    public async Task MeasureAsync(Workload workload, int seconds, CancellationToken cancel)
    {
        foreach (var peer in Having(workload))
        {
            var sample = await peer.MeasureAsync(workload, seconds, cancel);
            Measurements.ListOf(samples, (peer.Name, workload.Name)).Add(sample);
            Bench.Say(string.Create(CultureInfo.InvariantCulture,
                $"  {workload.Name} on {peer.Title}: {sample.PerSecond:0}/s, {sample.Total:0} µs of CPU each"));
        }
    }

    /// <summary>How many times a peer's rate the server's is, by workload and peer.</summary>
    public IReadOnlyList<Row> Rows(Measurements results) =>
    [
        .. from workload in results.Chosen
           from peer in running
           where samples.ContainsKey((peer.Name, workload.Name))
           select RowOf(workload, peer, results.Of(workload.Name)),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in running) await peer.DisposeAsync();
    }

    private async Task StartAsync(string name, string title, PublishedServer published, CancellationToken cancel)
    {
        try
        {
            Bench.Say($"building {title}");
            await Peer.BuildAsync(name, cancel);
            running.Add(await Peer.StartAsync(name, title, published, cancel));
        }
        catch (BenchException problem) when (!cancel.IsCancellationRequested)
        {
            Bench.Say($"{title} is not measured: {problem.Message.Trim()}");
            missing.Add((title, OneLine(problem.Message)));
        }
    }

    private IEnumerable<Peer> Having(Workload workload) => Workloads.Contains(workload.Name) ? running : [];

    private Row RowOf(Workload workload, Peer peer, IReadOnlyList<Sample> own)
    {
        var its = samples[(peer.Name, workload.Name)];
        return new()
        {
            Name = $"{workload.Name}_vs_{peer.Name.Replace('-', '_')}",
            Title = workload.Name,
            Unit = "/s",
            Value = Measurements.PerSecond(own),
            Limit = Measurements.PerSecond(its),
            LimitName = peer.Title,
            Ratio = Measurements.Paired(own, its, (mine, other) => mine.PerSecond / other.PerSecond),
            ByCpu = Measurements.Paired(own, its, (mine, other) => other.Total / mine.Total),
            Target = LeastTimes,
            IsLeast = true,
        };
    }

    // For a page: no folder of this machine, no line breaks, no summary of a build behind an empty line.
    private static string OneLine(string message)
    {
        var words = message.Split("\n\n")[0]
            .Replace(Directory.GetCurrentDirectory() + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
            .Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var line = string.Join(' ', words);
        return line.Length <= 200 ? line : $"{line[..200]}…";
    }
}
