using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>Should markup of somebody else ever get onto a page of ours: our policy is the second wall, and Chromium keeps it.</summary>
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class PolicyTest
{
    private const string Policy = "content-security-policy";
    private const string Foreign = "https://scripts.example/one.js";

    private const string Injected = $"""
        <p id="injected">
        <script>document.documentElement.dataset.inline = 'ran'</script>
        <img src="data:," onerror="document.documentElement.dataset.handler = 'ran'">
        <script src="{Foreign}"></script>
        <a href="javascript:void(document.documentElement.dataset.link = 'ran')">Win a prize</a>
        """;

    [TestCase("sign in"), TestCase("consent"), TestCase("connected apps, one"), TestCase("error codes"), TestCase("dashboard"),
        TestCase("playground")]
    [Rfc(9700, "4.16"), Case("UI-007", "UI-036")]
    public async Task No_script_runs_that_somebody_put_into_it(string pageCase)
    {
        await using var visitor =
            await BrowserSession.OpenAsync(PagesSetUp.PageFixture, PageTour.Cases.Single(one => one.Name == pageCase),
                new Look { Scripts = true });
        await visitor.Page.RouteAsync(Foreign, route =>
            route.FulfillAsync(new() { ContentType = "text/javascript", Body = "document.documentElement.dataset.foreign = 'ran'" }));

        (await RanAsync(visitor, headers => headers)).Should().BeEmpty();
        visitor.Alarms.Should().Contain(alarm => alarm.Contains("Content Security Policy"), "Chromium says what it blocked");

        (await RanAsync(visitor, headers => headers.Where(header => header.Key != Policy)))
            .Should().BeEquivalentTo(["inline", "handler", "foreign", "link"], "without the policy the same page runs it all");
    }

    // The page as the server sends it, but for what is put into it, and which of its headers arrive.
    private static async Task<string[]> RanAsync(
        BrowserSession visitor, Func<Dictionary<string, string>, IEnumerable<KeyValuePair<string, string>>> headers)
    {
        var address = visitor.Page.Url;
        await visitor.Page.RouteAsync(address, async route =>
        {
            var answer = await route.FetchAsync();
            answer.Headers.Should().ContainKey(Policy);
            await route.FulfillAsync(new()
            {
                Status = answer.Status,
                Headers = headers(answer.Headers),
                Body = (await answer.TextAsync()).Replace("</main>", Injected + "</main>", StringComparison.Ordinal)
            });
        });
        await visitor.Page.GotoAsync(address, new() { WaitUntil = WaitUntilState.NetworkIdle });
        await visitor.Page.Locator("#injected ~ a, #injected a").ClickAsync();
        await visitor.Page.UnrouteAsync(address);
        // Such a link runs a moment after it was pressed.
        string[] ran = [];
        for (var i = 0; i < 10 && ran.Length < 4; i++)
        {
            await Task.Delay(100);
            ran = await visitor.Page.EvaluateAsync<string[]>("() => Object.keys(document.documentElement.dataset)");
        }

        return ran;
    }
}
