using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Test.Html;

namespace OAuthServer.Test.Playground;

/// <summary>What a newcomer sees at the playground, who does every step of it.</summary>
public static class PlaygroundPageTour
{
    public static IReadOnlyList<PageCase> Cases { get; } =
    [
        new("playground", PageViewer.Nobody, Paths.Playground, one => one.OpenAsync(Paths.Playground)),
        .. Stages.All.Select(stage =>
            new PageCase($"playground, {stage}", PageViewer.Nobody, Paths.Playground, one =>
            one.OpenAsync($"{Paths.Playground}?step={stage}"))),
        new("playground, a token for a machine", PageViewer.Nobody, Paths.Playground, one => DoAsync(one, Stages.Machine)),
        new("playground, a code for a token", PageViewer.Nobody, Paths.Playground, ReturnAsync),
        new("playground, a refresh", PageViewer.Nobody, Paths.Playground, async one =>
        {
            await ReturnAsync(one);
            await DoAsync(one, Stages.Refresh);
        }),
        new("playground, a replay", PageViewer.Nobody, Paths.Playground, async one =>
        {
            await ReturnAsync(one);
            await DoAsync(one, Stages.Refresh);
            await DoAsync(one, Stages.Replay);
        }),
        new("playground, the whole way", PageViewer.Nobody, Paths.Playground, async one =>
        {
            await DoAsync(one, Stages.Machine);
            await ReturnAsync(one);
            foreach (var stage in new[] { Stages.Refresh, Stages.Replay, Stages.Revoke }) await DoAsync(one, stage);
        }),
    ];

    private static async Task DoAsync(BrowserSession one, string stage)
    {
        await one.OpenAsync($"{Paths.Playground}?step={stage}");
        await one.PressAsync("main button.primary");
    }

    private static async Task ReturnAsync(BrowserSession one)
    {
        await DoAsync(one, Stages.Person);
        await one.SignInAsync("alice", "alice-demo-password");
        await one.PressAsync("button[value=allow]");
    }
}
