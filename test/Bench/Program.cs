// make bench: `run` measures the server against `limits`, a process of its own. `check` starts nothing: it reads the arguments of `run`,
// and with --server the statements of a published server.
// `flood URL HOST wrong_secrets` or METHOD, of registrations, is what a server has to withstand; `run` starts the one, a test the other.
using OAuthServer.Bench;

switch (args)
{
    case ["flood", var server, var host, var what]:
        var flood = what == Flood.WrongSecrets
            ? Flood.OfWrongSecrets(new Uri(server), host)
            : Flood.OfRegistrations(new Uri(server), host, method: what);
        await flood.RunAsync(Console.In, Console.Out);
        return 0;
    case ["limits", "--urls", var url]:
        await Limits.RunAsync(url);
        return 0;
    case ["check" or "run", .. var rest] when rest.Contains("--grown") && !rest.Contains("--help"):
        var (grown, wrong) = GrownOptions.Read(rest);
        if (grown is not null) return args[0] == "check" ? 0 : await GrownBench.RunAsync(grown);
        await Console.Error.WriteLineAsync($"bench: {wrong}\nbench: make bench ARGS=--help lists what there is");
        return 2;
    case ["check" or "run", .. var rest]:
        var (options, problem) = BenchOptions.Read(rest);
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"bench: {problem}\nbench: make bench ARGS=--help lists what there is");
            return 2;
        }

        if (options.Help) Console.WriteLine(BenchOptions.HelpText);
        return options.Help ? 0 : args[0] == "check" ? Bench.Check(options) : await Bench.RunAsync(options);
    default:
        await Console.Error.WriteLineAsync("bench: run [ARGUMENT…], check [ARGUMENT…], limits --urls URL, or flood URL HOST WHAT");
        return 2;
}
