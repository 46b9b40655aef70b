using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The run: warms up, measures in turns, reports.</summary>
internal sealed class Bench
{
    private readonly BenchOptions options;
    private readonly PublishedServer published;
    private readonly Peers peers;
    private readonly Load load;
    private readonly ProductStatement rotation;
    private readonly ProductStatement redemption;
    private readonly ProofSupply proofs;
    private readonly Measurements results;

    private Bench(BenchOptions options, PublishedServer published, Peers peers)
    {
        (this.options, this.published, this.peers) = (options, published, peers);
        proofs = new(published.Cluster, $"http://{published.Host}");
        load = new(published, new GrantSupply(published.Cluster), proofs: proofs);
        rotation = new(published.Cluster, options.Server, rotation: true);
        redemption = new(published.Cluster, options.Server, rotation: false);
        results = new(options);
    }

    /// <summary>Answers the exit code. Whatever it started has ended, also after Ctrl-C.</summary>
    public static Task<int> RunAsync(BenchOptions options) => Interruptible.RunAsync(async cancel =>
    {
        Say("making a PostgreSQL of its own, durable, with the demo world");
        await using var published = await PublishedServer.MakeAsync(options.Server, cancel);
        await using var peers = await Peers.StartAsync(options, published, cancel);
        var bench = new Bench(options, published, peers);
        using (bench.proofs) await bench.MeasureAsync(cancel);
        await Report.WriteAsync(bench.results, peers, cancel);
    });

    /// <summary>Whether a run could begin; answers the exit code.</summary>
    public static int Check(BenchOptions options)
    {
        try
        {
            if (options.Server.Length > 0) ProductStatement.Check(options.Server);
            return 0;
        }
        catch (BenchException problem)
        {
            Console.Error.WriteLine($"bench: {problem.Message}");
            return 1;
        }
    }

    private IEnumerable<Workload> Chosen => Workload.All.Where(workload => options.Has(workload.Name));

    private string Script => Path.Combine(published.Folder, "statement.sql");

    private ProductStatement StatementOf(Workload workload) => workload.Script == "rotation" ? rotation : redemption;

    private async Task MeasureAsync(CancellationToken cancel)
    {
        if (options.Has(Workload.Memory)) await MeasureMemoryAsync(cancel);
        await using var server = published.Serve(published.Port, measured: true);
        await published.ReadyAsync(server, published.Port, cancel);
        await load.PrepareAsync(cancel);
        foreach (var workload in Chosen)
        {
            var (seconds, isSteady) = await load.WarmAsync(workload, published.Port, slice: 2, cancel);
            results.Warmed(workload.Name, seconds, isSteady);
            // The statement's first run is its warm-up; it counts nowhere.
            if (workload.Against == Limit.JwtAndStatement) await StatementOf(workload).MeasureAsync(Script, 2, cancel);
            Say($"warmed up {workload.Name}: {(isSteady ? "steady" : "not steady")} after {seconds} s");
            await peers.WarmAsync(workload, cancel);
        }

        var wrongSecrets = new WrongSecrets(published, load, options.Seconds);
        await using var instances = new TwoInstances(published, load, server, options.Seconds);
        var proving = new Proving(published, load, server, options.Seconds);
        await using var kit = new KitCost(published, proofs, options.Seconds);
        if (options.Has(Workload.WrongSecrets)) await wrongSecrets.WarmAsync(cancel);
        if (options.Has(Workload.Proofs))
        {
            await proofs.PrepareAsync(cancel);
            await proving.WarmAsync(cancel);
            await kit.StartAsync(cancel);
        }

        if (options.Has(Workload.TwoInstances)) await instances.StartAsync(cancel);
        for (var round = 1; round <= options.Rounds; round++)
        {
            await MeasureLimitsAsync(cancel);
            foreach (var workload in Chosen)
            {
                if (workload.Against == Limit.JwtAndStatement) await MeasureStatementAsync(workload, cancel);
                Keep(workload.Name, await load.MeasureAsync(workload, server, published.Port, options.Seconds, cancel));
                await peers.MeasureAsync(workload, options.Seconds, cancel);
            }

            if (options.Has(Workload.ColdStart)) await MeasureColdStartAsync(cancel);
            if (options.Has(Workload.WrongSecrets)) await wrongSecrets.MeasureAsync(cancel);
            if (options.Has(Workload.Proofs)) await proving.MeasureAsync(cancel);
            if (options.Has(Workload.Proofs)) await kit.MeasureAsync(cancel);
            if (options.Has(Workload.TwoInstances)) await instances.MeasureAsync(cancel);
            Say($"round {round} of {options.Rounds}: {results.LastRound()}");
        }

        results.Further.AddRange([.. wrongSecrets.Rows(), .. proving.Rows(), .. kit.Rows(), .. instances.Rows()]);
        results.FurtherCosts.AddRange(proving.Costs());
    }

    // One process may be luckier than the next: a fresh one each round.
    private async Task MeasureLimitsAsync(CancellationToken cancel)
    {
        if (!Chosen.Any()) return;
        var port = PublishedServer.FreePort();
        await using var limits = published.ServeLimits(port, measured: true);
        await limits.FirstAnswerAsync(port, published.PostBare(), cancel);
        Workload[] needed =
        [
            .. Chosen.Any(workload => workload.Against == Limit.Bare) ? [Workload.Bare] : (Workload[])[],
            .. Chosen.Any(workload => workload.Against != Limit.Bare) ? [Workload.Jwt] : (Workload[])[],
        ];
        foreach (var limit in needed)
        {
            var (seconds, isSteady) = await load.WarmAsync(limit, port, slice: 1, cancel);
            results.Warmed(limit.Name, seconds, isSteady);
            Keep(limit.Name, await load.MeasureAsync(limit, limits, port, options.Seconds, cancel));
        }
    }

    private async Task MeasureStatementAsync(Workload workload, CancellationToken cancel)
    {
        var sample = await StatementOf(workload).MeasureAsync(Script, options.Seconds, cancel);
        Keep(Measurements.StatementOf(workload.Name), sample);
        results.Add(Measurements.LimitOf(workload.Name), Sample.Both(results.Last(Workload.Jwt.Name), sample));
    }

    private async Task MeasureColdStartAsync(CancellationToken cancel)
    {
        var port = PublishedServer.FreePort();
        await using (var server = published.Serve(port, measured: false))
            results.AddStart(Workload.ColdStart, await server.FirstAnswerAsync(port, published.Get(Workload.MetadataPath), cancel));
        await using var limits = published.ServeLimits(port, measured: false);
        results.AddStart(Workload.Bare.Name, await limits.FirstAnswerAsync(port, published.PostBare(), cancel));
    }

    private async Task MeasureMemoryAsync(CancellationToken cancel)
    {
        Say("memory: a server of its own, idle, and after a minute of tokens, introspection and rotation");
        var port = published.Port;
        await using var server = published.Serve(port, measured: false);
        await published.ReadyAsync(server, port, cancel);
        await Task.Delay(TimeSpan.FromSeconds(5), cancel);
        var idle = Cpu.ResidentMegabytes(server.Id);
        await load.PrepareAsync(cancel);
        foreach (var name in (string[])["client_credentials", "introspection", "refresh"])
            await load.SendAsync(Workload.Named(name), port, 20, cancel);
        results.Memory = (idle, Cpu.ResidentMegabytes(server.Id));
        Say(string.Create(CultureInfo.InvariantCulture, $"memory: {idle:0} MB idle, {results.Memory.Value.Loaded:0} MB after a minute"));
    }

    private void Keep(string name, Sample sample)
    {
        results.Add(name, sample);
        Say(string.Create(CultureInfo.InvariantCulture, $"  {name}: {sample.PerSecond:0}/s, {sample.Total:0} µs of CPU each"));
    }

    /// <summary>Prints a line of progress.</summary>
    public static void Say(string line) => Console.WriteLine($"bench: {line}");
}
