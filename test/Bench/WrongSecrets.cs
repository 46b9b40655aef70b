using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>
/// What 200 wrong secrets a second do to those who have the right one: p99 of client_credentials with the flood beside it, as a multiple
/// of p99 without, both in one round. The flood runs at the lowest priority: whoever floods a server computes elsewhere.
/// </summary>
internal sealed class WrongSecrets(PublishedServer published, Load load, int seconds)
{
    private static readonly Workload Good = Workload.Named("client_credentials");

    private readonly List<Wrk> alone = [];
    private readonly List<Wrk> flooded = [];
    private readonly SortedDictionary<int, int> answers = [];

    /// <summary>Neither the server nor its queue of slow hashes is measured cold.</summary>
    public async Task WarmAsync(CancellationToken cancel)
    {
        await load.WarmAsync(Good, published.Port, slice: 2, cancel);
        await InFloodAsync(cancel);
        answers.Clear();
    }

    /// <summary>One round.</summary>
    public async Task MeasureAsync(CancellationToken cancel)
    {
        // Good requests that are refused are an exception.
        alone.Add(await load.SendAsync(Good, published.Port, seconds, cancel));
        flooded.Add(await InFloodAsync(cancel));
        Bench.Say(string.Create(CultureInfo.InvariantCulture,
            $"  wrong_secrets: p99 {alone[^1].P99:0.0} ms alone, {flooded[^1].P99:0.0} ms beside them; {Shares}"));
    }

    public IEnumerable<Row> Rows()
    {
        if (alone.Count == 0) yield break;
        yield return new()
        {
            Name = Workload.WrongSecrets,
            Title = $"client_credentials beside 200 wrong secrets/s ({Shares}): p99",
            Unit = "ms",
            Value = Spread.Of(flooded.Select(run => run.P99)),
            Limit = Spread.Of(alone.Select(run => run.P99)),
            LimitName = "alone",
            Ratio = Spread.Of(flooded.Zip(alone, (with, without) => with.P99 / without.P99)),
            Target = 2,
        };
    }

    private string Shares =>
        string.Join(", ", answers.Select(answer =>
            string.Create(CultureInfo.InvariantCulture, $"{NameOf(answer.Key)}: {(double)answer.Value / answers.Values.Sum():0.0 %}")));

    private static string NameOf(int status) =>
        status == Flood.Unanswered ? "no answer" : status.ToString(CultureInfo.InvariantCulture);

    // It has begun when the measurement does, and goes on until after it.
    private async Task<Wrk> InFloodAsync(CancellationToken cancel)
    {
        var (before, after) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var length = before + TimeSpan.FromSeconds(seconds) + after;
        var flood = Child.RunAsync("nice",
            [
                "-n", "19", Path.Combine(AppContext.BaseDirectory, "OAuthServer.Bench"), "flood",
                $"http://127.0.0.1:{published.Port}", published.Host, Flood.WrongSecrets,
            ], new Dictionary<string, string>(), cancel, $"{length.TotalMilliseconds}\n");
        await Task.Delay(before, cancel);
        var good = await load.SendAsync(Good, published.Port, seconds, cancel);
        foreach (var pair in (await flood).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split(':');
            var (status, count) = (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
            if (status is not (401 or 429 or 503 or Flood.Unanswered))
                throw new BenchException($"{count} wrong secrets were answered with {status}");
            answers[status] = answers.GetValueOrDefault(status) + count;
        }

        return good;
    }
}
