using OAuthServer.Federation;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Cli;

/// <summary>providers test: walks discovery, keys and client authentication, as a sign-in would, and says what it finds.</summary>
internal static class ProviderTest
{
    public static CliCommand Make()
    {
        var id = ProviderCommands.Id();
        return CliCommand.On("test", "Try a provider: discovery document, keys, and whether it takes this server's credentials",
            "oauth-server providers test entra", [id], async (parse, context, cancel) =>
        {
            if (await ProviderCommands.FindAsync(context, parse.GetRequiredValue(id), cancel) is not { } row)
                return ProviderCommands.Unknown(context, parse.GetRequiredValue(id));
            var settings = context.Settings;
            using var fetcher = new Fetcher(Network.OfTheSystem, settings, TimeProvider.System);
            var upstreams = new Upstreams(new KeySets(new KeySetStore(context.Database), fetcher, TimeProvider.System), settings);
            var codes = new CodeExchange(fetcher, upstreams, new KeyEncryption(settings), TimeProvider.System);
            var steps = await new ProviderProbe(upstreams, codes, settings).WalkAsync(new Provider(row), cancel);
            var works = steps.All(step => step.Outcome != "failed");
            return context.Output.Done(
                new { row.Id, works, steps = steps.Select(step => new { outcome = step.Outcome, what = step.What }) },
                string.Join('\n', steps.Select(step => $"{step.Outcome,-7} {step.What}")), works ? 0 : 1);
        }, withKey: true);
    }
}
