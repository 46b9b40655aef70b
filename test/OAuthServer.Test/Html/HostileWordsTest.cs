using FluentAssertions;
using Microsoft.Playwright;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>
/// Apps, resources and rights are called by markup that would run: in a browser without our policy nothing but encoding holds it
/// back (CWE-79).
/// </summary>
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class HostileWordsTest
{
    private const string Words = "\"'><img src=x onerror=alert(1)><script>alert(1)</script><svg onload=alert(1)>";

    private PageFixture world = null!;

    [OneTimeSetUp]
    public async Task MakeWorldAsync() => world = await PageFixture.MakeAsync(Words);

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        if (world is not null) await world.DisposeAsync();
    }

    [TestCaseSource(typeof(PageTour), nameof(PageTour.Cases))]
    [Case("UI-007", "UI-036")]
    public async Task No_script_runs_on_it(PageCase pageCase)
    {
        await using var visitor = await BrowserSession.OpenAsync(world, pageCase, new Look { Scripts = true, WithoutPolicy = true });

        await NothingRanAsync(visitor);
    }

    [TestCase("/authorize?client_id={0}"), TestCase("/authorize?{0}={0}&{0}={0}"), TestCase("/login?request={0}"),
        TestCase("/consent?request={0}"), TestCase("/{0}"), TestCase("/errors?{0}#{0}")]
    [Test, Case("UI-036")]
    public async Task No_script_of_an_address_runs(string address)
    {
        await using var visitor =
            await BrowserSession.ArriveAsync(world, PageViewer.Nobody, new Look { Scripts = true, WithoutPolicy = true });

        await visitor.OpenAsync(string.Format(address, Uri.EscapeDataString(Words)));

        await NothingRanAsync(visitor);
    }

    [Test, Case("UI-036")]
    public async Task No_script_of_a_request_runs_and_the_person_still_reads_the_words()
    {
        await using var visitor =
            await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = true, WithoutPolicy = true });
        var all = new (string, string?)[] { ("state", Words), ("login_hint", Words), ("ui_locales", Words), ("nonce", Words),
            ("scope", "notes:read notes:write notes:delete") };

        await visitor.AskedByAsync(world.Stranger, all);
        await NothingRanAsync(visitor);
        await visitor.SignInAsync();
        (await visitor.Page.Locator("h1").InnerTextAsync()).Should().Contain("<script>alert(1)</script>");
        await NothingRanAsync(visitor);
    }

    [Test, Case("UI-036")]
    public async Task No_script_of_a_name_that_is_typed_runs()
    {
        await using var visitor =
            await BrowserSession.ArriveAsync(world, PageViewer.Olivia, new Look { Scripts = true, WithoutPolicy = true });

        await visitor.SignInAsync(Words, "not the password");
        (await visitor.Page.InputValueAsync("input[name=username]")).Should().Contain("<script>alert(1)</script>");
        await NothingRanAsync(visitor);
        await visitor.SignInAsync();
        await visitor.OpenAsync(Paths.AdminUsersAdd);
        await visitor.TypeAsync("main [name=username]", Words);
        await visitor.PressAsync("main button.primary");
        (visitor.Status, await visitor.Page.InputValueAsync("main [name=username]")).Should().Be((400, Words), "no such name can be had");
        await NothingRanAsync(visitor);
        foreach (var search in new[] { $"{Paths.AdminUsers}?q=", $"{Paths.AdminAudit}?person=", $"{Paths.AdminApps}?q=",
            $"{Paths.AdminWhy}?id=" })
        {
            await visitor.OpenAsync(search + Uri.EscapeDataString(Words));
            await NothingRanAsync(visitor);
        }
    }

    [Test, Case("UI-036")]
    public async Task No_script_of_an_answer_to_the_playground_runs()
    {
        await using var visitor =
            await BrowserSession.ArriveAsync(world, PageViewer.Nobody, new Look { Scripts = true, WithoutPolicy = true });
        await visitor.OpenAsync($"{Paths.Playground}?step={Stages.Person}");
        await visitor.PressAsync("main button.primary");
        var state =
            (await world.Server.QueryAsync<string>("select query from authorization_requests where client_id = @App order by created_at",
                new { PlaygroundRequests.App })).Select(query => Parameters.OfQuery(query)["state"]).Last();

        await visitor
            .OpenAsync(
                $"{Paths.PlaygroundCallback}?state={state}&iss={Uri.EscapeDataString(world.Server.Issuer)}"
                    + $"&error={Uri.EscapeDataString(Words)}&error_description={Uri.EscapeDataString(Words)}"
                    + $"&error_uri={Uri.EscapeDataString(Words)}");

        (await visitor.Page.InnerTextAsync("main")).Should().Contain("error_description=");
        await NothingRanAsync(visitor);
    }

    // What a redirect URI may have: no quote of attributes and no angle bracket, but those of script, and references to characters.
    [Test, Case("UI-036")]
    public async Task No_script_of_a_redirect_URI_runs()
    {
        const string hostile =
            "https://client.example/'onmouseover='alert(1)'?a=&lt;script&gt;alert(1)&lt;/script&gt;&lt;img/src=x/onerror=alert(1)&gt;";
        var app = await world.Server.PublicClientAsync(hostile);
        await using var alice =
            await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = true, WithoutPolicy = true });
        await using var olivia =
            await BrowserSession.ArriveAsync(world, PageViewer.Olivia, new Look { Scripts = true, WithoutPolicy = true });

        await alice.SignInAsync();
        await alice.AskedByAsync(app);
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.Consent);
        await NothingRanAsync(alice);
        await alice.AskedByAsync(app, ("redirect_uri", Words));
        alice.Status.Should().Be(400);
        await NothingRanAsync(alice);
        await olivia.SignInAsync();
        await olivia.OpenAsync($"{Paths.AdminClient}?id={app.Id}");
        (await olivia.Page.InputValueAsync("main [name=redirect_uris]")).Should().Be(hostile);
        await NothingRanAsync(olivia);
    }

    [TestCase("https://\"><img src=x onerror=alert(1)>.example/cb"), TestCase("https://<script>alert(1)</script>/cb"),
        TestCase("com.example.<img>:/cb"), TestCase("https://client.example/\"onmouseover=\"alert(1)")]
    [Test, Case("UI-036")]
    public async Task No_app_can_wait_at_a_host_that_is_markup(string redirect)
    {
        var add = () => world.Server.PublicClientAsync(redirect);

        (await add.Should().ThrowAsync<PostgresException>()).Which.ColumnName.Should().Be("redirect_uris");
    }

    private static async Task NothingRanAsync(BrowserSession visitor)
    {
        // A failing image tells so a moment later.
        await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        (await visitor.Page.Locator("script:not([src*='/passkey.js?v=']), img, [onerror], [onload]").CountAsync()).Should()
            .Be(0, "our pages have no such elements");
        visitor.Alarms.Where(alarm => !alarm.StartsWith("Failed to load resource", StringComparison.Ordinal)).Should().BeEmpty();
    }
}
