using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The run on a grown database, in turns with an empty one: rates, pages, clean-up, memory.</summary>
internal sealed class GrownBench
{
    private static readonly Pair[] Pairs =
    [
        new("client_credentials", "client_credentials"),
        new("introspection", "introspection"),
        new("metadata", "metadata"),
        new("rotation_even", "refresh", "grown_rotation"),
        new("rotation_hot", "refresh", "grown_rotation"),
        new("code_even", "code", "grown_code"),
        new("code_hot", "code", "grown_code"),
    ];

    private readonly GrownOptions options;
    private readonly PublishedServer empty;
    private readonly PublishedServer grown;
    private readonly Load emptyLoad;
    private readonly Load grownLoad;
    private readonly GrownSupply supply;
    private readonly GrownReport report;

    private GrownBench(GrownOptions options, PublishedServer empty, PublishedServer grown, string folder)
    {
        (this.options, this.empty, this.grown) = (options, empty, grown);
        emptyLoad = new(empty, new GrantSupply(empty.Cluster));
        grownLoad = new(grown, new GrantSupply(grown.Cluster));
        supply = new(grown, options, folder);
        report = new(options);
    }

    /// <summary>Answers the exit code. Whatever it started has ended, also after Ctrl-C.</summary>
    public static Task<int> RunAsync(GrownOptions options) => Interruptible.RunAsync(async cancel =>
    {
        var (folder, isSeeded) = await GrownWorld.FolderAsync(options);
        Bench.Say($"PostgreSQL with {GrownWorld.PostgresSettings}");
        await using var grown = await PublishedServer.MakeAsync(options.Server, cancel, GrownWorld.PostgresSettings, folder);
        if (!isSeeded) await new GrownWorld(grown, options).SeedAsync(folder, cancel);
        if (options.SeedOnly) return;
        await using var empty = await PublishedServer.MakeAsync(options.Server, cancel, GrownWorld.PostgresSettings);
        var bench = new GrownBench(options, empty, grown, folder);
        await bench.MeasureAsync(cancel);
        await bench.report.WriteAsync(cancel);
    });

    // Of clean-up, what it could hold up: those who only add rows, and those who change the rows it looks at.
    private static IEnumerable<Pair> BesideCleanUp => Pairs.Where(pair => pair.Name is "client_credentials" or "rotation_hot");

    private async Task MeasureAsync(CancellationToken cancel)
    {
        await using var emptyServer = empty.Serve(empty.Port, measured: true);
        await using var grownServer = grown.Serve(grown.Port, measured: true);
        await empty.ReadyAsync(emptyServer, empty.Port, cancel);
        await grown.ReadyAsync(grownServer, grown.Port, cancel);
        await emptyLoad.PrepareAsync(cancel);
        await grownLoad.PrepareAsync(cancel);
        foreach (var pair in Pairs)
        {
            await emptyLoad.SendAsync(Workload.Named(pair.Empty), empty.Port, options.Seconds, cancel);
            await grownLoad.SendAsync(await ReadyAsync(pair, cancel), grown.Port, options.Seconds, cancel);
        }

        Bench.Say("warmed up");
        for (var round = 1; round <= options.Rounds; round++)
            foreach (var pair in Pairs)
            {
                var own = await emptyLoad.MeasureAsync(Workload.Named(pair.Empty), emptyServer, empty.Port, options.Seconds, cancel);
                var its = await OnGrownAsync(pair);
                report.Add(pair.Name, own, its);
                Bench.Say(string.Create(CultureInfo.InvariantCulture,
                    $"round {round} of {options.Rounds}: {pair.Name} {own.PerSecond:0}/s empty, "
                    + $"{its.PerSecond:0}/s grown, {its.PerSecond / own.PerSecond:0.00}, by CPU {own.Total / its.Total:0.00}"));
            }

        report.AddPages(await new GrownPages(grown).MeasureAsync(cancel));
        var cleanUp = new GrownCleanUp(grown, options);
        for (var round = 1; round <= options.Rounds; round++)
            foreach (var pair in BesideCleanUp)
            {
                var alone = await OnGrownAsync(pair);
                await cleanUp.SupplyAsync(cancel);
                var workload = await ReadyAsync(pair, cancel);
                var (beside, gone) = await cleanUp.DuringAsync(
                    () => grownLoad.MeasureAsync(workload, grownServer, grown.Port, options.Seconds, cancel), cancel);
                report.AddCleanUp(pair.Name, alone.P99, beside.P99);
                Bench.Say(string.Create(CultureInfo.InvariantCulture,
                    $"{pair.Name}: p99 {alone.P99:0.0} ms, {beside.P99:0.0} ms while {gone} expired grants were deleted"));
            }

        report.Memory = (Cpu.ResidentMegabytes(emptyServer.Id), Cpu.ResidentMegabytes(grownServer.Id));

        async Task<Sample> OnGrownAsync(Pair pair) => await grownLoad.MeasureAsync(
            await ReadyAsync(pair, cancel), grownServer, grown.Port, options.Seconds, cancel);
    }

    // What a grown workload needs is written first, before the clocks.
    private async Task<Workload> ReadyAsync(Pair pair, CancellationToken cancel)
    {
        if (pair.Script is null) return Workload.Named(pair.Empty);
        await supply.WriteAsync(pair.Name, cancel);
        return Workload.Named(pair.Empty) with { Name = pair.Name, Script = pair.Script };
    }

    /// <param name="Empty">The workload that the empty database gets.</param>
    /// <param name="Script">The one in load/ that the grown database gets; null: the same.</param>
    private sealed record Pair(string Name, string Empty, string? Script = null);
}
