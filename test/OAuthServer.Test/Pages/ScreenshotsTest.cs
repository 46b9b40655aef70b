using System.Net.NetworkInformation;
using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Protocol;
using OAuthServer.Stores;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages;

/// <summary>`make screenshots`: what the demo world looks like, written into docs/screenshots.</summary>
[Category("Screenshots")]
public sealed class ScreenshotsTest
{
    private const int Largest = 150 * 1024;

    private static readonly string Folder = Path.Combine(TestDatabase.Root, "docs/screenshots");

    private TestServer server = null!;

    /// <summary>A picture and how to come to what it shows.</summary>
    public sealed record Shot(string Name, string? Username, Func<IPage, string, Task> Go)
    {
        public override string ToString() => Name;
    }

    /// <summary>A line here is a picture in light and one in dark.</summary>
    public static IReadOnlyList<Shot> Shots { get; } =
    [
        new("sign-in", null, (page, issuer) => page.GotoAsync(issuer + Ask("notes:read notes:write"))),
        new("consent", "alice", (page, issuer) => page.GotoAsync(issuer + Ask("notes:read notes:write offline_access"))),
        new("error", null, (page, issuer) => page.GotoAsync($"{issuer}{Paths.Authorize}?client_id=gone&response_type=code")),
    ];

    [OneTimeSetUp]
    public async Task StartDemoAsync()
    {
        server = await TestServer.StartAsync(settings => settings with { Issuer = $"http://localhost:{ShownPort(settings)}", Demo = true });
        (await Demo.SeedAsync(server.Get<Database>(), server.Settings, CancellationToken.None)).Should().BeNull();
        Directory.CreateDirectory(Folder);
    }

    [OneTimeTearDown]
    public async Task StopDemoAsync()
    {
        if (server is not null) await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Shots))]
    public async Task It_is_taken_in_light_and_in_dark(Shot shot)
    {
        foreach (var dark in new[] { false, true })
        {
            await using var context = await Chromium.OpenAsync(new Look { Dark = dark, Width = 600, Height = 400, Scale = 2 });
            var page = await context.NewPageAsync();
            if (shot.Username is not null)
            {
                await page.GotoAsync(server.Issuer + Paths.Login);
                await page.GetByLabel("User name").FillAsync(shot.Username);
                await page.GetByLabel("Password").FillAsync($"{shot.Username}-demo-password");
                await page.RunAndWaitForResponseAsync(() => page.Locator("main button").ClickAsync(), response => response.Request.Method == "GET");
                await page.WaitForLoadStateAsync();
            }

            await shot.Go(page, server.Issuer);
            var picture = await page.ScreenshotAsync(new() { FullPage = true, Path = Path.Combine(Folder, $"{shot.Name}-{(dark ? "dark" : "light")}.png") });

            picture.Should().HaveCountLessThan(Largest);
        }
    }

    private static string Ask(string scope) =>
        $"{Paths.Authorize}?response_type=code&client_id=claude-desktop&redirect_uri=http://127.0.0.1:7777/callback&scope={Uri.EscapeDataString(scope)}&state=af0ifjs"
        + $"&code_challenge={Pkce.Challenge(TestClient.NewVerifier())}&code_challenge_method=S256";

    // The address of `make run`, unless it is running.
    private static int ShownPort(Settings otherwise) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(taken => taken.Port == 8080) ? new Uri(otherwise.Issuer).Port : 8080;
}
