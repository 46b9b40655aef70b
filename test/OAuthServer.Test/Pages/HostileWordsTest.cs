using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages;

/// <summary>Apps, resources and rights are called by markup that would run: in a browser without our policy nothing but encoding holds it back (CWE-79).</summary>
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class HostileWordsTest
{
    private const string Words = "\"'><img src=x onerror=alert(1)><script>alert(1)</script><svg onload=alert(1)>";

    private World world = null!;

    [OneTimeSetUp]
    public async Task MakeWorldAsync() => world = await World.MakeAsync(Words);

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        if (world is not null) await world.DisposeAsync();
    }

    [TestCaseSource(typeof(Walk), nameof(Walk.Stops))]
    [Case("UI-007", "UI-036")]
    public async Task No_script_runs_on_it(Stop stop)
    {
        await using var visitor = await Visitor.WalkAsync(world, stop, new Look { Scripts = true, WithoutPolicy = true });

        await NothingRanAsync(visitor);
    }

    [TestCase("/authorize?client_id={0}"), TestCase("/authorize?{0}={0}&{0}={0}"), TestCase("/login?request={0}"), TestCase("/consent?request={0}"), TestCase("/{0}"), TestCase("/errors?{0}#{0}")]
    [Test, Case("UI-036")]
    public async Task No_script_of_an_address_runs(string address)
    {
        await using var visitor = await Visitor.ArriveAsync(world, Who.Nobody, new Look { Scripts = true, WithoutPolicy = true });

        await visitor.OpenAsync(string.Format(address, Uri.EscapeDataString(Words)));

        await NothingRanAsync(visitor);
    }

    [Test, Case("UI-036")]
    public async Task No_script_of_a_request_runs_and_the_person_still_reads_the_words()
    {
        await using var visitor = await Visitor.ArriveAsync(world, Who.Alice, new Look { Scripts = true, WithoutPolicy = true });
        var all = new (string, string?)[] { ("state", Words), ("login_hint", Words), ("ui_locales", Words), ("nonce", Words), ("scope", "notes:read notes:write notes:delete") };

        await visitor.AskedByAsync(world.Stranger, all);
        await NothingRanAsync(visitor);
        await visitor.SignInAsync();
        (await visitor.Page.Locator("h1").InnerTextAsync()).Should().Contain("<script>alert(1)</script>");
        await NothingRanAsync(visitor);
    }

    private static async Task NothingRanAsync(Visitor visitor)
    {
        // A failing image tells so a moment later.
        await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        (await visitor.Page.Locator("script, img, [onerror], [onload]").CountAsync()).Should().Be(0, "our pages have no such elements");
        visitor.Alarms.Where(alarm => !alarm.StartsWith("Failed to load resource", StringComparison.Ordinal)).Should().BeEmpty();
    }
}
