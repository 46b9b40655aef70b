using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>How pages look where colours are the browser's own, and how long a list becomes.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class LookTest
{
    [Test, Case("UI-045")]
    public async Task Forced_colours_bring_borders_where_there_was_a_ground()
    {
        await using var alice =
            await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look { ForcedColors = true });
        await alice.AskedByAsync(PagesSetUp.PageFixture.Stranger, ("scope", "notes:read notes:write"));
        (await BorderlessAsync(alice, "main")).Should().Be(0);
        await alice.SignInAsync(password: "not her password");
        (await BorderlessAsync(alice, ".error")).Should().Be(0);
        await alice.SignInAsync();

        foreach (var selector in new[] { "main", ".caution", ".mark", ".tile" })
            (await BorderlessAsync(alice, selector)).Should().Be(0, selector);
    }

    [Test, Behaviour(31)]
    public async Task Nine_connected_apps_fit_on_a_screen_or_so()
    {
        var world = PagesSetUp.PageFixture;
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Width = 1280 });
        for (var app = 0; app < 9; app++)
            await (await world.Server.PublicClientAsync(origin: "self-registered", resource: null)).TokensAsync(alice.Person!);
        await alice.SignInAsync();

        await alice.OpenAsync(Paths.ConnectedApps);

        (await alice.Page.Locator("main details").CountAsync()).Should().Be(9);
        (await alice.Page.EvaluateAsync<int>("() => document.documentElement.scrollHeight")).Should().BeLessThan(1_200);
    }

    // How many of them have no border; none there is an error.
    private static async Task<int> BorderlessAsync(BrowserSession visitor, string selector)
    {
        var borders =
            await visitor.Page.Locator(selector).EvaluateAllAsync<string[]>("all => all.map(one => getComputedStyle(one).borderTopWidth)");
        borders.Should().NotBeEmpty(selector);
        return borders.Count(border => border == "0px");
    }
}
