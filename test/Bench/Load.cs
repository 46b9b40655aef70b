using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace OAuthServer.Bench;

/// <summary>Sends workloads to a process and measures what they cost.</summary>
/// <param name="file">Where the tokens are that it sends.</param>
internal sealed class Load(PublishedServer published, GrantSupply grants, string file = "tokens", ProofSupply? proofs = null)
{
    private const int MostSlicesToWarm = 8;
    private const double Steady = 0.10;

    private readonly Dictionary<string, string> environment = [];
    private readonly string tokens = Path.Combine(published.Folder, file);
    private readonly string proofFile = Path.Combine(published.Folder, $"{file}-proofs");
    private double codesPerSecond = 8000;
    private double proofsPerSecond = 8000;

    private Uri Server => new($"http://127.0.0.1:{published.Port}");

    /// <summary>Gets the cookies of somebody signed in.</summary>
    public async Task PrepareAsync(CancellationToken cancel)
    {
        using var person = new SignIn(Server, published.Host);
        environment["COOKIE"] = await person.CookiesAsync(cancel);
        environment["AUTHORIZE"] = SignIn.Request;
        environment["TOKENS"] = tokens;
        environment["CLIENT"] = "claude-desktop";
    }

    /// <summary>Loads a process until its rate is steady.</summary>
    /// <returns>How many seconds that took, and whether it came to it.</returns>
    public Task<(int Seconds, bool IsSteady)> WarmAsync(Workload workload, int port, int slice, CancellationToken cancel) =>
        WarmAsync(slice, leastRequests: 0, async () => (await SendAsync(workload, port, slice, cancel)).PerSecond);

    /// <summary>Sends slices of load until the rate is steady: three within a tenth of each other.</summary>
    /// <param name="leastRequests">It goes on until so many were answered, though not for ever.</param>
    /// <param name="send">Sends one slice; answers its rate.</param>
    public static async Task<(int Seconds, bool IsSteady)> WarmAsync(int slice, int leastRequests, Func<Task<double>> send)
    {
        var rates = new List<double>();
        while (rates.Count < MostSlicesToWarm || (IsTooFew() && rates.Count < 3 * MostSlicesToWarm))
        {
            rates.Add(await send());
            if (rates.Count < 3 || IsTooFew()) continue;
            if (Spread.Of(rates.TakeLast(3)).Wander <= Steady) return (rates.Count * slice, true);
        }

        return (rates.Count * slice, false);

        bool IsTooFew() => rates.Sum() * slice < leastRequests;
    }

    /// <summary>One measurement.</summary>
    public async Task<Sample> MeasureAsync(Workload workload, Child server, int port, int seconds, CancellationToken cancel)
    {
        // Before the clocks: what it needs is written first.
        await SupplyAsync(workload, seconds, cancel);
        var allocated = await server.AllocatedAsync(cancel);
        var before = CpuTimes.Now(server.Id, published.Cluster.Postmaster);
        var seen = await RunAsync(workload, port, seconds, cancel);
        var spent = CpuTimes.Now(server.Id, published.Cluster.Postmaster).Since(before);
        allocated = await server.AllocatedAsync(cancel) - allocated;
        return Sample.Of(seen, spent, allocated);
    }

    /// <summary>Load without a measurement.</summary>
    public async Task<Wrk> SendAsync(Workload workload, int port, int seconds, CancellationToken cancel)
    {
        await SupplyAsync(workload, seconds, cancel);
        return await RunAsync(workload, port, seconds, cancel);
    }

    /// <summary>Writes what a run needs.</summary>
    public async Task SupplyAsync(Workload workload, int seconds, CancellationToken cancel)
    {
        if (workload.Script == "code") await grants.CodesAsync(tokens, (int)(codesPerSecond * seconds * 1.7) + 2000, cancel);
        if (workload.Script == "rotation") await grants.FamiliesAsync(tokens, cancel);
        if (workload.Script == "introspection") environment["TOKEN"] = await TokenAsync(cancel);
        environment.Remove("PROOFS");
        if (workload.ProofAlg is not { } alg) return;
        environment["PROOFS"] = proofFile;
        var count = (int)(proofsPerSecond * seconds * 1.7) + 2000;
        if (workload.Script == "by_key") await proofs!.AssertionsAsync(alg, proofFile, count, cancel);
        else await proofs!.DpopAsync(alg, proofFile, count, cancel);
    }

    // Each time: one lives ten minutes, and of an expired one the database is not asked.
    private async Task<string> TokenAsync(CancellationToken cancel)
    {
        using var token = await AskAsync("/token", "nightly-etl", "grant_type", "client_credentials", cancel);
        return token.RootElement.GetProperty("access_token").GetString()!;
    }

    private async Task<JsonDocument> AskAsync(string path, string client, string name, string value, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = Server, DefaultRequestHeaders = { Host = published.Host } };
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{client}:{client}-secret")));
        using var form = new FormUrlEncodedContent([new(name, value)]);
        using var answer = await http.PostAsync(path, form, cancel);
        return JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancel));
    }

    /// <summary>Load with what was supplied.</summary>
    public async Task<Wrk> RunAsync(Workload workload, int port, int seconds, CancellationToken cancel)
    {
        var script = workload.Script is { } name ? $"test/Bench/load/{name}.lua" : null;
        var seen = await Wrk.RunAsync(workload.Name, workload.Connections, seconds, script, published.Host,
            new Uri($"http://127.0.0.1:{port}{workload.Path}"), environment, cancel);
        if (workload.Script == "introspection")
        {
            using var state = await AskAsync(workload.Path, "notes-api", "token", environment["TOKEN"], cancel);
            if (!state.RootElement.GetProperty("active").GetBoolean())
                throw new BenchException("the token that was introspected is not active");
        }

        if (environment.ContainsKey("PROOFS")) proofsPerSecond = Math.Max(proofsPerSecond, seen.PerSecond);
        if (workload.Script != "code") return seen;
        // Those on their way when wrk ended were used, too.
        grants.Used(seen.Requests + 4 * workload.Connections);
        codesPerSecond = Math.Max(codesPerSecond, seen.PerSecond);
        return seen;
    }
}
