using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>
/// Two servers on one database against one, with as many connections in all: the sum of what both answer as a share of what the one
/// does. On the whole machine, and with each held to a core of its own, which shows whether they are in each other's way.
/// </summary>
internal sealed class TwoInstances(PublishedServer published, Load load, Child first, int seconds) : IAsyncDisposable
{
    private const string OnCores = "client_credentials_on_a_core_each";

    private static readonly IReadOnlyList<Workload> Measured = [Workload.Named("client_credentials"), Workload.Named("refresh")];

    // Its own families: one that both exchange has been used before.
    private readonly Load other = new(published, new GrantSupply(published.Cluster, "other"), "tokens-other");
    private readonly int port = PublishedServer.FreePort();
    private readonly Dictionary<string, List<(double One, double Two)>> rates = [];
    private Child? second;

    /// <summary>Starts the second, and warms both.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        second = published.Serve(port, measured: false);
        await published.ReadyAsync(second, port, cancel);
        await other.PrepareAsync(cancel);
        foreach (var workload in Measured)
        {
            await load.WarmAsync(workload, published.Port, slice: 2, cancel);
            await other.WarmAsync(workload, port, slice: 2, cancel);
        }
    }

    /// <summary>One round.</summary>
    public async Task MeasureAsync(CancellationToken cancel)
    {
        foreach (var workload in Measured) await MeasureAsync(workload.Name, workload, cancel);
        if (Environment.ProcessorCount < 2) return;
        await HoldAsync("0", "1", cancel);
        await MeasureAsync(OnCores, Measured[0], cancel);
        var all = $"0-{Environment.ProcessorCount - 1}";
        await HoldAsync(all, all, cancel);
    }

    public IEnumerable<Row> Rows() => rates.Select(all => new Row
    {
        Name = $"{Workload.TwoInstances}_{all.Key}",
        Title = $"two instances: {all.Key}",
        Unit = "/s",
        Value = Spread.Of(all.Value.Select(rate => rate.Two)),
        Limit = Spread.Of(all.Value.Select(rate => rate.One)),
        LimitName = "one",
        Ratio = Spread.Of(all.Value.Select(rate => rate.Two / rate.One)),
        Target = 1,
        IsLeast = true,
    });

    public async ValueTask DisposeAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    private async Task MeasureAsync(string name, Workload workload, CancellationToken cancel)
    {
        var one = (await load.SendAsync(workload, published.Port, seconds, cancel)).PerSecond;
        var half = workload with { Connections = workload.Connections / 2 };
        await load.SupplyAsync(half, seconds, cancel);
        await other.SupplyAsync(half, seconds, cancel);
        var both = await Task.WhenAll(
            load.RunAsync(half, published.Port, seconds, cancel), other.RunAsync(half, port, seconds, cancel));
        var two = both.Sum(run => run.PerSecond);
        Measurements.ListOf(rates, name).Add((one, two));
        Bench.Say(string.Create(CultureInfo.InvariantCulture, $"  two_instances {name}: {two:0}/s, one {one:0}/s: {two / one:0.00}"));
    }

    private async Task HoldAsync(string here, string there, CancellationToken cancel)
    {
        foreach (var (cores, server) in ((string, Child)[])[(here, first), (there, second!)])
            await Child.RunAsync("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, $"{server.Id}"], new Dictionary<string, string>(),
                cancel);
    }
}
