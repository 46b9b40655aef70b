using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;

namespace OAuthServer.Test.Html;

/// <summary>What browsers send, and what people call them.</summary>
public sealed class BrowserNamesTest
{
    [TestCase("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "Chrome", "Linux")]
    [TestCase("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36", "Chrome",
        "Linux")]
    [TestCase("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "Chrome",
        "ChromeOS")]
    [TestCase("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome",
        "Android")]
    [TestCase(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            + "like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", "Chrome", "iPhone")]
    [TestCase("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox", "Windows")]
    [TestCase("Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", "Firefox", "Android")]
    [TestCase(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 14_7_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            + "like Gecko) FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iPhone")]
    [TestCase("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
        "Safari", "macOS")]
    [TestCase(
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
        "Safari", "iPad")]
    [TestCase(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.70",
        "Edge", "Windows")]
    [TestCase(
        "Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, "
            + "like Gecko) Chrome/131.0.6778.81 Mobile Safari/537.36 EdgA/131.0.2903.48", "Edge", "Android")]
    [TestCase(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, "
            + "like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0", "Opera", "macOS")]
    [TestCase(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, "
            + "like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36", "SamsungBrowser", "Android")]
    public void A_browser_is_called(string agent, string browser, string system)
    {
        BrowserNames.Find(agent).Should().Be((browser, system));
        BrowserNames.Say(agent, OAuthServer.Html.Language.English).ToString().Should().Be($"<bdi>{browser}</bdi> on <bdi>{system}</bdi>");
        BrowserNames.Exactly(agent, OAuthServer.Html.Language.English).ToString().Should().Contain($"<bdi>{agent}</bdi>");
    }

    [TestCase("curl/8.5.0", "curl/8.5.0"), TestCase("", "unknown browser"), TestCase("Lynx on Linux \u202E<b>", "Lynx on Linux &lt;b&gt;")]
    public void An_unknown_browser_is_shown_by_its_own_name(string agent, string words)
    {
        BrowserNames.Say(agent, OAuthServer.Html.Language.English).ToString().Should().Be($"<bdi>{words}</bdi>");
        BrowserNames.Exactly(agent, OAuthServer.Html.Language.English).ToString().Should().BeEmpty();
    }
}
