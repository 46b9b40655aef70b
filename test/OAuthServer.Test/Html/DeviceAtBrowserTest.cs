using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>A person with a telephone in front of a television.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(56)]
public sealed class DeviceAtBrowserTest
{
    [Test, Rfc(8628, "3.3"), Behaviour(55, 57)]
    public async Task Alice_reads_the_code_from_her_television_allows_it_and_sees_it_among_her_apps()
    {
        var (world, tv) = (PagesSetUp.PageFixture, PagesSetUp.PageFixture.Tv);
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look());
        var asked = (await tv.PostAsync(Paths.DeviceAuthorization, ("scope", "notes:read"))).Json;

        await alice.Page.GotoAsync(asked.GetProperty("verification_uri_complete").GetString()!);
        await alice.SignInAsync();
        (await alice.Page.InnerTextAsync("main")).Should().Contain(asked.GetProperty("user_code").GetString()!);
        (await alice.Page.InputValueAsync("input[name=user_code]")).Should().Be(asked.GetProperty("user_code").GetString()!);
        await alice.PressAsync("main form button.primary");
        (await alice.Page.InnerTextAsync("main")).Should().Contain("Continue only if the device is in front of you and you started this. "
            + "Nobody from support asks for this code.").And.Contain("127.0.0.1");
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending");
        await alice.PressAsync("button[value=allow]");
        (await alice.Page.InnerTextAsync("h1")).Should().Be("Device allowed");

        (await PollAsync(tv, asked)).Should().HaveIssuedTokens("notes:read");
        await alice.OpenAsync(Paths.ConnectedApps);
        (await alice.Page.TextContentAsync("main")).Should().Contain("A device whose code you entered");
        alice.Alarms.Should().BeEmpty();
    }

    [TestCase("<script>alert(1)</script>")]
    [TestCase("\u202E\"><img src=x onerror=alert(1)>")]
    [Case("DEV-110")]
    public async Task A_hostile_code_runs_nothing(string code)
    {
        await using var alice = await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look());
        await alice.SignInAsync();

        await alice.OpenAsync($"{Paths.Device}?user_code={Uri.EscapeDataString(code)}");
        await alice.TypeCodeAsync(code);

        (await alice.Page.Locator("main script, main img").CountAsync()).Should().Be(0);
        alice.Alarms.Where(alarm => !alarm.Contains("400")).Should().BeEmpty();
    }

    private static Task<Reply> PollAsync(TestClient tv, System.Text.Json.JsonElement asked) => tv.TokenAsync(
        ("grant_type", GrantType.DeviceCode.Name), ("device_code", asked.GetProperty("device_code").GetString()));
}
