using System.Text.RegularExpressions;

namespace OAuthServer.Bench;

/// <summary>Another server, on the run's PostgreSQL, in a schema of its own. test/Bench/peers/README.md says how it is set.</summary>
internal sealed partial class Peer : IAsyncDisposable
{
    private const string Script = "test/Bench/peers/peer.sh";

    // Until .NET has compiled its many small handlers anew, a request to OpenIddict costs several times the CPU.
    private const int LeastRequestsToWarm = 3000;

    // What is written for a measurement lies on disk before it, as the server's own grants do.
    private const string SettleSql = """
        select format('vacuum analyze %I.%I', schemaname, tablename) from pg_tables where schemaname = :'schema' \gexec
        checkpoint;
        """;

    private readonly Child child;
    private readonly Cluster cluster;
    private readonly int port;
    private readonly string supply;
    private readonly Queue<string> codes = [];
    private readonly Dictionary<string, string> environment = new() { ["CLIENT"] = "app" };
    private readonly Dictionary<string, Uri> urls = [];
    private double codesPerSecond = 300;

    private Peer(string name, string title, PublishedServer published)
    {
        (Name, Title, cluster, port) = (name, title, published.Cluster, PublishedServer.FreePort());
        supply = Path.Combine(published.Folder, name);
        (environment["CODES"], environment["TOKENS"]) = (supply, supply);
        child = Child.Start(Script, ["serve", name, $"{port}", cluster.Connection], new Dictionary<string, string>(), allocations: null);
    }

    /// <summary>As peer.sh calls it.</summary>
    public string Name { get; }

    /// <summary>As its authors call it.</summary>
    public string Title { get; }

    /// <summary>Installs and builds what it needs, which may take a minute.</summary>
    public static Task BuildAsync(string name, CancellationToken cancel) =>
        Child.RunAsync(Script, ["build", name], new Dictionary<string, string>(), cancel);

    /// <summary>Starts one that is built, and waits until it serves.</summary>
    public static async Task<Peer> StartAsync(string name, string title, PublishedServer published, CancellationToken cancel)
    {
        var peer = new Peer(name, title, published);
        try
        {
            await peer.child.FirstAnswerAsync(
                peer.port, $"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nConnection: close\r\n\r\n", cancel);
            foreach (Match url in Assignment().Matches(await peer.AskAsync("urls", cancel)))
                peer.urls[url.Groups[1].Value] = new Uri(url.Groups[2].Value);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Loads it until its rate is steady.</summary>
    /// <returns>How many seconds that took, and whether it came to it.</returns>
    public Task<(int Seconds, bool IsSteady)> WarmAsync(Workload workload, int slice, CancellationToken cancel) =>
        Load.WarmAsync(slice, LeastRequestsToWarm, async () => (await MeasureAsync(workload, slice, cancel)).PerSecond);

    /// <summary>One measurement. It is made again with more codes if those there were did not suffice.</summary>
    public async Task<Sample> MeasureAsync(Workload workload, int seconds, CancellationToken cancel)
    {
        while (true)
        {
            await SupplyAsync(workload, seconds, cancel);
            var before = CpuTimes.Now(child.Id, cluster.Postmaster);
            if (await RunAsync(workload, seconds, cancel) is { } seen)
                return Sample.Of(seen, CpuTimes.Now(child.Id, cluster.Postmaster).Since(before), allocated: 0);
        }
    }

    public ValueTask DisposeAsync() => child.DisposeAsync();

    private async Task SupplyAsync(Workload workload, int seconds, CancellationToken cancel)
    {
        // Each time: some of its tokens live ten minutes.
        if (workload.Script == "introspection") environment["TOKEN"] = (await AskAsync("token", cancel)).Trim();
        if (workload.Script is not ("code" or "rotation")) return;
        if (workload.Script == "rotation") await AskAsync("families", cancel, $"{GrantSupply.Families}", supply);
        else
        {
            var needed = (int)(codesPerSecond * seconds * 1.5) + 200;
            if (needed > codes.Count)
            {
                await AskAsync("codes", cancel, $"{needed - codes.Count}", supply);
                foreach (var code in await File.ReadAllLinesAsync(supply, cancel)) codes.Enqueue(code);
            }

            await File.WriteAllLinesAsync(supply, codes, cancel);
        }

        await cluster.SqlAsync(SettleSql, cancel, ("schema", $"peer_{Name.Replace('-', '_')}"));
    }

    // Null: it ran out of codes.
    private async Task<Wrk?> RunAsync(Workload workload, int seconds, CancellationToken cancel)
    {
        var script = $"test/Bench/{(workload.Script == "rotation" ? "" : "peers/")}load/{workload.Script}.lua";
        var url = urls[workload.Script == "introspection" ? "INTROSPECT_URL" : "TOKEN_URL"];
        try
        {
            var seen = await Wrk.RunAsync($"{workload.Name} on {Title}", workload.Connections, seconds, script, url.Authority, url,
                environment, cancel);
            if (workload.Script != "code") return seen;
            // Those on their way when wrk ended were used, too.
            for (var used = seen.Requests + 4 * workload.Connections; used > 0 && codes.TryDequeue(out _); used--) { }
            codesPerSecond = seen.PerSecond;
            return seen;
        }
        catch (BenchException problem) when (problem.Message.Contains("ran out of codes", StringComparison.Ordinal))
        {
            codes.Clear();
            codesPerSecond *= 2;
            return null;
        }
    }

    private Task<string> AskAsync(string verb, CancellationToken cancel, params IEnumerable<string> more) =>
        Child.RunAsync(Script, [verb, Name, $"{port}", .. more], new Dictionary<string, string>(), cancel);

    // TOKEN_URL=http://…, a line each, as peer.sh prints them for a shell.
    [GeneratedRegex(@"^(TOKEN_URL|INTROSPECT_URL)=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Assignment();
}
