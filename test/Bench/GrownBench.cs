using System.Globalization;
using System.Runtime.InteropServices;

namespace OAuthServer.Bench;

/// <summary>The run on a grown database, in turns with an empty one: rates, pages, clean-up, memory.</summary>
internal sealed class GrownBench
{
    private static readonly (string Name, string Empty, string? Script)[] Pairs =
    [
        ("client_credentials", "client_credentials", null),
        ("introspection", "introspection", null),
        ("metadata", "metadata", null),
        ("rotation_even", "refresh", "grown_rotation"),
        ("rotation_hot", "refresh", "grown_rotation"),
        ("code_even", "code", "grown_code"),
        ("code_hot", "code", "grown_code"),
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
    public static async Task<int> RunAsync(GrownOptions options)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var (folder, isSeeded) = await GrownWorld.FolderAsync(options);
            Say($"PostgreSQL with {GrownWorld.PostgresSettings}");
            await using var grown = await PublishedServer.MakeAsync(options.Server, stop.Token, GrownWorld.PostgresSettings, folder);
            if (!isSeeded) await new GrownWorld(grown, options).SeedAsync(folder, stop.Token);
            if (options.SeedOnly) return 0;
            await using var empty = await PublishedServer.MakeAsync(options.Server, stop.Token, GrownWorld.PostgresSettings);
            var bench = new GrownBench(options, empty, grown, folder);
            await bench.MeasureAsync(stop.Token);
            await bench.report.WriteAsync(stop.Token);
            return 0;
        }
        // wrk hears Ctrl-C, too, and may be the first to end.
        catch (Exception) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("bench: stopped");
            return 130;
        }
        catch (BenchException problem)
        {
            await Console.Error.WriteLineAsync($"bench: {problem.Message}");
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private async Task MeasureAsync(CancellationToken cancel)
    {
        await using var emptyServer = empty.Serve(empty.Port, measured: true);
        await using var grownServer = grown.Serve(grown.Port, measured: true);
        await empty.ReadyAsync(emptyServer, empty.Port, cancel);
        await grown.ReadyAsync(grownServer, grown.Port, cancel);
        await emptyLoad.PrepareAsync(cancel);
        await grownLoad.PrepareAsync(cancel);
        foreach (var (name, before, script) in Pairs)
        {
            await emptyLoad.SendAsync(Workload.Named(before), empty.Port, options.Seconds, cancel);
            var workload = await ReadyAsync(name, before, script, cancel);
            await grownLoad.SendAsync(workload, grown.Port, options.Seconds, cancel);
        }

        Say("warmed up");
        for (var round = 1; round <= options.Rounds; round++)
            foreach (var (name, before, script) in Pairs)
            {
                var own = await emptyLoad.MeasureAsync(Workload.Named(before), emptyServer, empty.Port, options.Seconds, cancel);
                var workload = await ReadyAsync(name, before, script, cancel);
                var its = await grownLoad.MeasureAsync(workload, grownServer, grown.Port, options.Seconds, cancel);
                report.Add(name, own, its);
                Say(string.Create(CultureInfo.InvariantCulture, $"round {round} of {options.Rounds}: {name} {own.PerSecond:0}/s empty, "
                    + $"{its.PerSecond:0}/s grown, {its.PerSecond / own.PerSecond:0.00}, by CPU {own.Total / its.Total:0.00}"));
            }

        report.AddPages(await new GrownPages(grown).MeasureAsync(cancel));
        var cleanUp = new GrownCleanUp(grown, options);
        for (var round = 1; round <= options.Rounds; round++)
            foreach (var name in (string[])["client_credentials", "rotation_hot"])
            {
                var workload = await ReadyAsync(name, name == "rotation_hot" ? "refresh" : name,
                    name == "rotation_hot" ? "grown_rotation" : null, cancel);
                var alone = await grownLoad.MeasureAsync(workload, grownServer, grown.Port, options.Seconds, cancel);
                await cleanUp.SupplyAsync(cancel);
                workload = await ReadyAsync(name, workload.Name, workload.Script == "machine" ? null : workload.Script, cancel);
                var (beside, gone) = await cleanUp.DuringAsync(
                    () => grownLoad.MeasureAsync(workload, grownServer, grown.Port, options.Seconds, cancel), cancel);
                report.AddCleanUp(name, alone.P99, beside.P99);
                Say(string.Create(CultureInfo.InvariantCulture,
                    $"{name}: p99 {alone.P99:0.0} ms, {beside.P99:0.0} ms while {gone} expired grants were deleted"));
            }

        report.Memory = (Cpu.ResidentMegabytes(emptyServer.Id), Cpu.ResidentMegabytes(grownServer.Id));
    }

    // What a grown workload needs is written first, before the clocks.
    private async Task<Workload> ReadyAsync(string name, string like, string? script, CancellationToken cancel)
    {
        if (script is null) return Workload.Named(like);
        await supply.WriteAsync(name, cancel);
        return Workload.Named("refresh") with { Name = name, Script = script };
    }

    private static void Say(string line) => Console.WriteLine($"bench: {line}");
}
