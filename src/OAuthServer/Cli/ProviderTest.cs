using OAuthServer.Federation;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
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
            var (steps, works) = await WalkAsync(context, row, cancel);
            var text = string.Join('\n', steps.Select(step => $"{step.Outcome,-7} {step.What}"));
            return context.Output.Done(
                new { row.Id, works, steps = steps.Select(step => new { outcome = step.Outcome, what = step.What }) }, text, works ? 0 : 1);
        }, withKey: true);
    }

    private static async Task<(List<Step> Steps, bool Works)> WalkAsync(CommandContext context, ProviderRow row, CancellationToken cancel)
    {
        var (steps, provider, settings) = (new List<Step>(), new Provider(row), context.Settings);
        using var fetcher = new Fetcher(Network.OfTheSystem, settings, TimeProvider.System);
        var sets = new KeySets(new KeySetStore(context.Database), fetcher, TimeProvider.System);
        var upstreams = new Upstreams(sets, settings);
        var place = ProviderMetadata.PlaceOf(row.Issuer).AbsoluteUri;
        if ((await upstreams.MetadataAsync(provider, cancel)).Refused(out var error, out var metadata))
            return (Failed($"discovery: {place}: {error.Reason}"), false);
        steps.Add(new("ok", $"discovery: {place}"));
        if ((await upstreams.ReadAsync(provider, cancel)).Refused(out error, out var upstream))
            return (Failed($"keys: {metadata.JwksUri}: {error.Reason}"), false);
        steps.Add(new("ok", $"keys: {metadata.JwksUri}"));

        var redirect = FederationRequests.RedirectUri(settings, row.Id);
        var codes = new CodeExchange(fetcher, upstreams, new KeyEncryption(settings), TimeProvider.System);
        if (await codes.TryCredentialsAsync(upstream, redirect, cancel) is { } refused)
            return (Failed($"client authentication ({row.AuthMethod}): {refused.Reason}{(refused.Got is { } got ? $": {got}" : "")}"), false);
        steps.Add(new("ok", $"client authentication ({row.AuthMethod}): not refused"));

        if (metadata.AuthMethods is { } methods && !methods.Contains(row.AuthMethod))
            steps.Add(new("warning", $"its document does not list {row.AuthMethod}: {Scope.Join(methods)}"));
        if (metadata.SaysWhen is false)
            steps.Add(new("warning", "its document lists no auth_time: who must sign in anew is asked for a password or passkey here"));
        if (row.Reauth == "upstream" && metadata.SaysWhen is null)
            steps.Add(new("note", "its document lists no claims: see whether its id_tokens have auth_time"));
        if (metadata.EndSessionEndpoint is null) steps.Add(new("note",
            "it has no end_session_endpoint: users are not offered to sign out there"));
        if (!row.Enabled) steps.Add(new("note", "it is disabled"));
        steps.Add(new("note", $"redirect URI to register there: {redirect}"));
        return (steps, true);

        List<Step> Failed(string what)
        {
            steps.Add(new Step("failed", what));
            return steps;
        }
    }

    private sealed record Step(string Outcome, string What);
}
