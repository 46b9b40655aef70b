using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Test.Html;

namespace OAuthServer.Test.Playground;

/// <summary>What a newcomer sees at the playground, who does every step of it.</summary>
public static class PlaygroundWalk
{
    public static IReadOnlyList<Stop> Stops { get; } =
    [
        new("playground", Who.Nobody, Paths.Playground, one => one.OpenAsync(Paths.Playground)),
        .. Stages.All.Select(stage => new Stop($"playground, {stage}", Who.Nobody, Paths.Playground, one => one.OpenAsync($"{Paths.Playground}?step={stage}"))),
        new("playground, a token for a machine", Who.Nobody, Paths.Playground, one => DoAsync(one, Stages.Machine)),
        new("playground, a code for a token", Who.Nobody, Paths.Playground, ReturnAsync),
        new("playground, a refresh", Who.Nobody, Paths.Playground, async one =>
        {
            await ReturnAsync(one);
            await DoAsync(one, Stages.Refresh);
        }),
        new("playground, a replay", Who.Nobody, Paths.Playground, async one =>
        {
            await ReturnAsync(one);
            await DoAsync(one, Stages.Refresh);
            await DoAsync(one, Stages.Replay);
        }),
        new("playground, the whole way", Who.Nobody, Paths.Playground, async one =>
        {
            await DoAsync(one, Stages.Machine);
            await ReturnAsync(one);
            foreach (var stage in new[] { Stages.Refresh, Stages.Replay, Stages.Revoke }) await DoAsync(one, stage);
        }),
    ];

    private static async Task DoAsync(Visitor one, string stage)
    {
        await one.OpenAsync($"{Paths.Playground}?step={stage}");
        await one.PressAsync("main button.primary");
    }

    private static async Task ReturnAsync(Visitor one)
    {
        await DoAsync(one, Stages.Person);
        await one.SignInAsync("alice", "alice-demo-password");
        await one.PressAsync("button[value=allow]");
    }
}
