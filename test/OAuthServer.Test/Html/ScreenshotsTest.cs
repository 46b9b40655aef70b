using System.Net.NetworkInformation;
using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>`make screenshots`: what the demo world looks like, written into docs/screenshots.</summary>
[Category("Screenshots")]
public sealed class ScreenshotsTest
{
    private const int Largest = 300 * 1024;

    // A page of many rows is shown from its top.
    private const int Tallest = 2400;

    private static readonly string Folder = Path.Combine(TestDatabase.Root, "docs/screenshots");

    private TestServer server = null!;

    /// <summary>A picture and how to come to what it shows.</summary>
    /// <param name="Username">Who looks at it, or null for nobody.</param>
    public sealed record Screenshot(string Name, string? Username, Func<IPage, string, Task> Go, int Width = 600)
    {
        public override string ToString() => Name;
    }

    /// <summary>A line here is a picture in light and one in dark.</summary>
    public static IReadOnlyList<Screenshot> Shots { get; } =
    [
        new("sign-in", null, (page, issuer) => page.GotoAsync(issuer + PlaygroundRequest("notes:read notes:write"))),
        new("consent", "alice", (page, issuer) => page.GotoAsync(issuer + PlaygroundRequest("notes:read notes:write offline_access"))),
        new("connected-apps", "alice", async (page, issuer) =>
        {
            await page.GotoAsync(issuer + Paths.ConnectedApps);
            await page.Locator("main summary").First.ClickAsync();
        }, 900),
        new("dashboard", "olivia", (page, issuer) => page.GotoAsync(issuer + Paths.Admin), 1200),
        new("client", "olivia", (page, issuer) => page.GotoAsync($"{issuer}{Paths.AdminClient}?id=nightly-etl"), 1200),
        new("error", null, (page, issuer) => page.GotoAsync($"{issuer}{Paths.Authorize}?client_id=gone&response_type=code")),
    ];

    [OneTimeSetUp]
    public async Task StartDemoAsync()
    {
        server = await TestServer.StartAsync(settings => settings with { Issuer = $"http://localhost:{ShownPort(settings)}", Demo = true });
        // What the tests bring is no part of the demo.
        await server.ExecuteAsync("delete from resources");
        (await Demo.SeedAsync(server.Get<Database>(), server.Settings, CancellationToken.None)).Should().BeNull();
        Directory.CreateDirectory(Folder);
        await LiveThroughADayAsync();
    }

    [OneTimeTearDown]
    public async Task StopDemoAsync()
    {
        if (server is not null) await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Shots))]
    public async Task A_screenshot_is_taken_in_light_and_in_dark(Screenshot shot)
    {
        foreach (var dark in new[] { false, true })
        {
            await using var context =
                await Chromium.OpenAsync(new Look
                {
                    Scripts = true,
                    Dark = dark,
                    Width = shot.Width,
                    Height = 400,
                    Scale = shot.Width > 600 ? 1 : 2,
                });
            var page = await context.NewPageAsync();
            if (shot.Username is not null)
            {
                await page.GotoAsync(server.Issuer + Paths.Login);
                await page.GetByLabel("Username").FillAsync(shot.Username);
                await page.GetByLabel("Password").FillAsync($"{shot.Username}-demo-password");
                await page.RunAndWaitForResponseAsync(() => page.Locator("main button.primary").ClickAsync(), response =>
                    response.Request.Method == "GET");
                await page.WaitForLoadStateAsync();
            }

            await shot.Go(page, server.Issuer);
            var height = await page.EvaluateAsync<float>("document.documentElement.scrollHeight");
            var picture =
                await page.ScreenshotAsync(new()
                {
                    FullPage = true,
                    Clip = new() { Width = shot.Width, Height = Math.Min(height, Tallest) },
                    Path = Path.Combine(Folder, $"{shot.Name}-{(dark ? "dark" : "light")}.png"),
                });

            picture.Should().HaveCountLessThan(Largest);
        }
    }

    // A dashboard of a server nobody has used shows nothing.
    private async Task LiveThroughADayAsync()
    {
        var (machine, claude) =
            (new TestClient(server, "nightly-etl", "nightly-etl-secret", "client_secret_basic", ""),
                new TestClient(server, "claude-desktop", null, "none", "http://127.0.0.1:7777/callback"));
        var grid = new TestClient(server, "GRID_001", "SECRET_KEY", "client_secret_basic", "https://app.internal/callback");
        for (var hour = 0; hour < 24; hour++)
        {
            for (var token = 0; token < 6 + (hour * 7 % 11) + (hour is > 8 and < 18 ? 14 : 0); token++)
                await machine.TokenAsync(("grant_type", "client_credentials"));
            for (var refused = 0; refused < hour * 5 % 4; refused++)
                await machine.With("guess").TokenAsync(("grant_type", "client_credentials"));
            if (hour == 9) await AllowAsync(claude, "notes:read notes:write offline_access");
            if (hour == 15) await AllowAsync(grid, "read_sensors", ("resource", "https://sensors.example.test/"));
            server.Clock.Travel(TimeSpan.FromHours(1));
        }
    }

    private async Task AllowAsync(TestClient client, string scope, params (string Name, string? Value)[] more)
    {
        var (browser, verifier) = (server.NewBrowser(), TestClient.NewVerifier());
        var login = await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(verifier, [("scope", scope), .. more])}");
        var consent = await browser.SignInAsync(login, new Person("alice", Guid.Empty), "alice-demo-password");
        var answer = await browser.SubmitAsync(consent, "decision", "allow");
        var code = Parameters.OfQuery(new Uri(answer.Location!).Query)["code"]!;
        (await client.RedeemAsync(new Code(code, verifier, client.Redirect))).Should().HaveIssuedTokens();
    }

    private static string PlaygroundRequest(string scope) =>
        $"{Paths.Authorize}?response_type=code&client_id=claude-desktop&redirect_uri=http://127.0.0.1:7777/callback"
        + $"&scope={Uri.EscapeDataString(scope)}&state=af0ifjs"
        + $"&code_challenge={Pkce.Challenge(TestClient.NewVerifier())}&code_challenge_method=S256";

    // The address of `make run`, unless it is running.
    private static int ShownPort(Settings otherwise) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(taken => taken.Port == 8080) ? new Uri(otherwise.Issuer).Port
            : 8080;
}
