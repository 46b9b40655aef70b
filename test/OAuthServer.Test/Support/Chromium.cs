using Microsoft.Playwright;

namespace OAuthServer.Test.Support;

/// <summary>How somebody looks at our pages.</summary>
public sealed record Look
{
    /// <summary>Our pages have none; a page of another site may, and what measures them.</summary>
    public bool Scripts { get; init; }

    /// <summary>For what is injected to measure: our pages forbid all scripts.</summary>
    public bool WithoutPolicy { get; init; }

    public bool Dark { get; init; }

    /// <summary>The browser's few colours in place of ours (high contrast).</summary>
    public bool ForcedColors { get; init; }

    /// <summary>What the browser says it reads, as a language tag.</summary>
    public string Language { get; init; } = "en";

    /// <summary>The cookies of a browser that was here before.</summary>
    public string? Remembered { get; init; }

    public int Width { get; init; } = 1024;

    public int Height { get; init; } = 768;

    /// <summary>Device pixels for one of CSS.</summary>
    public float Scale { get; init; } = 1;
}

/// <summary>
/// Debian's Chromium: one for the whole run, with a profile of its own (no cookies, nothing kept) for everybody who opens it.
/// </summary>
public static class Chromium
{
    // --no-sandbox: it refuses to run as root otherwise. The rest keeps it from talking to anybody else.
    private static readonly string[] Quiet =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"];

    private static readonly Lazy<Task<(IPlaywright Driver, IBrowser Browser)>> Running = new(StartAsync);

    /// <summary>A fresh profile; dispose it. Skips the test where there is no Chromium.</summary>
    public static async Task<IBrowserContext> OpenAsync(Look look)
    {
        Tools.Need("chromium");
        var context = await (await Running.Value).Browser.NewContextAsync(new BrowserNewContextOptions
        {
            JavaScriptEnabled = look.Scripts,
            BypassCSP = look.WithoutPolicy,
            ColorScheme = look.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ForcedColors = look.ForcedColors ? ForcedColors.Active : ForcedColors.None,
            ReducedMotion = ReducedMotion.Reduce,
            Locale = look.Language,
            StorageState = look.Remembered,
            ViewportSize = new ViewportSize { Width = look.Width, Height = look.Height },
            DeviceScaleFactor = look.Scale,
        });
        context.SetDefaultTimeout(15_000);
        return context;
    }

    /// <summary>When nobody will open it again.</summary>
    public static async Task CloseAsync()
    {
        if (!Running.IsValueCreated || !Running.Value.IsCompletedSuccessfully) return;
        var (driver, browser) = await Running.Value;
        await browser.DisposeAsync();
        driver.Dispose();
    }

    private static async Task<(IPlaywright Driver, IBrowser Browser)> StartAsync()
    {
        var driver = await Playwright.CreateAsync();
        return (driver,
            await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Tools.Need("chromium"), Args = Quiet }));
    }
}
