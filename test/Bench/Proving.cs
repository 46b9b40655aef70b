using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>
/// What a proof costs: a machine's token by key as a share of one by secret, a rotation with DPoP as a share of one without; in one round,
/// one behind the other. Clients choose how they sign: verifying ES256 costs three times what RS256 does.
/// </summary>
internal sealed class Proving(PublishedServer published, Load load, Child server, int seconds)
{
    private static readonly (Workload With, Workload Without, double Target, string Name)[] Pairs =
    [
        (Workload.ByKey("ES256"), Workload.Named("client_credentials"), 0.8, "by secret"),
        (Workload.ByKey("RS256"), Workload.Named("client_credentials"), 0.8, "by secret"),
        (Workload.BoundRefresh("ES256"), Workload.Named("refresh"), 0.75, "Bearer"),
        (Workload.BoundRefresh("RS256"), Workload.Named("refresh"), 0.75, "Bearer"),
    ];

    private readonly List<Sample>[] with = [[], [], [], []];
    private readonly List<Sample>[] without = [[], [], [], []];

    /// <summary>Neither is measured cold.</summary>
    public async Task WarmAsync(CancellationToken cancel)
    {
        foreach (var pair in Pairs)
        {
            await load.WarmAsync(pair.Without, published.Port, slice: 2, cancel);
            await load.WarmAsync(pair.With, published.Port, slice: 2, cancel);
        }
    }

    /// <summary>One round.</summary>
    public async Task MeasureAsync(CancellationToken cancel)
    {
        for (var i = 0; i < Pairs.Length; i++)
        {
            without[i].Add(await load.MeasureAsync(Pairs[i].Without, server, published.Port, seconds, cancel));
            with[i].Add(await load.MeasureAsync(Pairs[i].With, server, published.Port, seconds, cancel));
            Bench.Say(string.Create(CultureInfo.InvariantCulture,
                $"  {Pairs[i].With.Name}: {with[i][^1].PerSecond:0}/s, {Pairs[i].Name} {without[i][^1].PerSecond:0}/s"));
        }
    }

    /// <summary>What a request with a proof cost.</summary>
    public IEnumerable<(string Title, IReadOnlyList<Sample> Samples)> Costs() =>
        Pairs.Select((pair, i) => (pair.With.Title, (IReadOnlyList<Sample>)with[i])).Where(one => one.Item2.Count > 0);

    public IEnumerable<Row> Rows()
    {
        for (var i = 0; i < Pairs.Length && with[i].Count > 0; i++)
            yield return new()
            {
                Name = Pairs[i].With.Name,
                Title = Pairs[i].With.Title,
                Unit = "/s",
                Value = Spread.Of(with[i].Select(sample => sample.PerSecond)),
                Limit = Spread.Of(without[i].Select(sample => sample.PerSecond)),
                LimitName = Pairs[i].Name,
                Ratio = Spread.Of(with[i].Zip(without[i], (one, other) => one.PerSecond / other.PerSecond)),
                ByCpu = Spread.Of(with[i].Zip(without[i], (one, other) => other.Total / one.Total)),
                Target = Pairs[i].Target,
                IsLeast = true,
            };
    }
}
