using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthServer.Fetch;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;
using OAuthServer.Trust;

namespace OAuthServer.Cli;

/// <summary>trust test: what would become of an assertion, rule by rule. It spends nothing, and the assertion is not repeated.</summary>
internal static class TrustTest
{
    public static CliCommand Make()
    {
        var file = new Argument<string>("FILE") { Description = "A file with the assertion alone, or - for standard input" };
        return CliCommand.On("test", "Try an assertion: signature, claims, and every rule; spends nothing",
            "oauth-server trust test token.jwt\nkubectl create token etl --audience https://auth.example | oauth-server trust test -", [file],
            async (parse, context, cancel) =>
        {
            var path = parse.GetRequiredValue(file);
            var text = path == "-" ? await Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(path, cancel);
            var (settings, store) = (context.Settings, new TrustStore(context.Database));
            using var fetcher = new Fetcher(Network.OfTheSystem, settings, TimeProvider.System);
            using var notifications = new Notifications(context.Database, TimeProvider.System, NullLogger<Notifications>.Instance);
            var keys = new IssuerKeys(new KeySets(new KeySetStore(context.Database), fetcher, TimeProvider.System), notifications, settings,
                TimeProvider.System);
            var assertions = new Assertions(new TrustDirectory(store, notifications, settings), keys, settings);
            var lines = await new TrustTrial(assertions, new IdentityStore(context.Database), store, TimeProvider.System)
                .RunAsync(text, cancel);
            TrialLine[] rules = [.. lines.Where(line => line.What.StartsWith("rule", StringComparison.Ordinal))];
            var works = rules.Length > 0 ? rules.Count(line => line.Holds) == 1 : lines.All(line => line.Holds);
            return context.Output.Done(new { works, checks = lines.Select(line => new { line.What, line.Holds, line.Detail }) },
                string.Join('\n', lines.Select(line => $"{(line.Holds ? "ok" : "no"),-3} {line.What}: {line.Detail}")), works ? 0 : 1);
        });
    }
}
