using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>The operator's logo, accent and links, all of it from this server; and what stands there without them.</summary>
public sealed class BrandTest : ServerFixture
{
    private const string Drawing =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"><script>alert(1)</script><rect width=\"4\" height=\"4\"/></svg>";

    private readonly string logo = Path.GetTempFileName();

    protected override Settings Change(Settings settings)
    {
        File.WriteAllText(logo, Drawing);
        return settings with
        {
            DisplayName = "Example <Corp>",
            BrandLogoFile = logo,
            BrandAccent = "#7a0019",
            PrivacyUrl = "https://example.com/privacy?a&b",
            TermsUrl = "https://example.com/terms",
            SupportUrl = "mailto:help@example.com",
        };
    }

    [OneTimeTearDown]
    public void RemoveLogo() => File.Delete(logo);

    [Test, Case("UI-007")]
    public async Task The_logo_is_served_from_here_and_runs_nothing_when_opened_by_itself()
    {
        var page = await Server.NewBrowser().GetAsync("/login");
        var source = page.Page.QuerySelector("img.logo[alt='']")!.GetAttribute("src")!;

        var picture = await Server.GetAsync(source);

        page.Should().BeAPage(200);
        source.Should().MatchRegex(@"^/logo\?v=[0-9a-f]{12}$");
        (picture.Status, picture.ContentHeaders.ContentType!.MediaType, picture.Body).Should().Be((200, "image/svg+xml", Drawing));
        picture.Header("Content-Security-Policy").Should().Be("default-src 'none'; style-src 'unsafe-inline'; sandbox");
        (picture.Header("X-Content-Type-Options"), picture.Header("Cache-Control")).Should()
            .Be(("nosniff", "public, max-age=31536000, immutable"));
    }

    [Test]
    public async Task The_accent_colours_the_stylesheet_and_the_icon_of_the_tab()
    {
        var page = await Server.NewBrowser().GetAsync("/errors");

        var style = await Server.GetAsync(page.Page.QuerySelector("link[rel=stylesheet]")!.GetAttribute("href")!);
        var icon = await Server.GetAsync(page.Page.QuerySelector("link[rel=icon]")!.GetAttribute("href")!);

        style.Body.Should().Contain(":root { --accent: #7a0019; --accent-ground: ")
            .And.MatchRegex(@"dark\) \{ :root \{ --accent: #(?!7a0019)[0-9a-f]{6};");
        (icon.Status, icon.ContentHeaders.ContentType!.MediaType).Should().Be((200, "image/svg+xml"));
        icon.Body.Should().Contain("#7a0019");
    }

    [Test]
    public async Task Every_page_links_to_privacy_terms_and_help_and_the_sign_in_says_whom_to_ask()
    {
        var browser = Server.NewBrowser();
        var login = await browser.GetAsync("/login");
        await browser.SignInAsync(await Server.UserAsync());

        foreach (var page in new[] { login, await browser.GetAsync("/connected-apps"), await browser.GetAsync("/errors"),
            await browser.GetAsync("/nowhere") })
            page.Body.Should()
                .Contain("<a href=\"https://example.com/privacy?a&amp;b\">Privacy</a><a href=\"https://example.com/terms\">Terms</a><a "
                    + "href=\"mailto:help@example.com\">Help</a>").And.Contain("Example &lt;Corp&gt;");
        login.Body.Should().Contain("Forgot your password? <a href=\"mailto:help@example.com\">Ask for help</a>");
    }

    [Test]
    public async Task Without_them_there_is_no_logo_and_no_link_and_a_key_in_the_tab()
    {
        await using var plain = await TestServer.StartAsync();

        var login = await plain.NewBrowser().GetAsync("/login");

        login.Body.Should().NotContain("<img").And.NotContain("Privacy").And.Contain("Forgot your password? Ask your administrator.")
            .And.Contain("<link rel=\"icon\" href=\"/icon.svg?v=");
        (await plain.GetAsync("/logo")).Status.Should().Be(404);
        (await plain.GetAsync("/icon.svg")).Body.Should().Contain("#2a5bd7");
    }
}
