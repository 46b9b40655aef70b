using System.Text.RegularExpressions;
using FluentAssertions;
using FluentAssertions.Execution;

namespace OAuthServer.Test.Support;

/// <summary>What no page goes without, in one assertion.</summary>
public static partial class PageAssertions
{
    public const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

    /// <summary>Of a page that loads a script of ours, and of no other.</summary>
    public const string WithScript = ContentSecurityPolicy + "; script-src 'self'; connect-src 'self'";

    /// <summary>An HTML page with this status and all protecting headers, that runs nothing and loads nothing from elsewhere.</summary>
    /// <param name="drawn">A page with charts, drawn here as SVG.</param>
    public static void BeAPage(this Refusals.ReplyAssertions reply, int status, bool drawn = false)
    {
        var page = reply.Subject;
        using var scope = new AssertionScope(page.ToString());
        page.Status.Should().Be(status);
        page.ContentHeaders.ContentType?.ToString().Should().Be("text/html; charset=utf-8");
        page.Header("Content-Security-Policy").Should()
            .Be(OurScript().Count(page.Body) == 1 ? WithScript : ContentSecurityPolicy);
        page.Header("Referrer-Policy").Should().Be("same-origin");
        page.Header("X-Frame-Options").Should().Be("DENY");
        page.Header("X-Content-Type-Options").Should().Be("nosniff");
        page.Header("Cache-Control").Should().Contain("no-store");
        page.Location.Should().BeNull();
        // Between the quotes of attributes anything may stand: there it is text.
        Regex.Replace(OurScript().Replace(Icon().Replace(page.Body, ""), "", 1), "\"[^\"]*\"", "\"\"")
            .Should().NotMatchRegex(
                $"(?i)<(script|iframe|object|embed|base|style{(drawn ? "" : "|svg")})|\\shttp-equiv=|<[^>]*\\s(style|on[a-z]+)=");
        page.Body.Should().NotMatchRegex("(?i)(href|src|action)=\"\\s*(javascript|data:text|vbscript)");
        page.Body.Should().NotMatchRegex("(?i)<(img|link|source|video)[^>]*(src|href)=\"(https?:)?//", "nothing comes from another host");
        page.Body.Should().Contain(page.RequestId);
    }

    /// <summary>The same, for an error: its code and its public words.</summary>
    public static void BeAnErrorPage(this Refusals.ReplyAssertions reply, string code, int status = 400, string? words = null)
    {
        reply.BeAPage(status);
        reply.Subject.Body.Should().Contain($"<code>{code}</code>").And.Contain($"/errors#{code}");
        if (words is not null) reply.Subject.Body.Should().Contain(words);
    }

    // With it, scripts are loaded from here; what runs them from elsewhere, or inline, is still refused.
    [GeneratedRegex("""<script src="[a-z/]*/(passkey|post)\.js\?v=[0-9a-f]{12}" defer></script>""")]
    private static partial Regex OurScript();

    // A drawing of ours in the text: one path, nothing else.
    [GeneratedRegex("""<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="[MmLlHhVvCcSsAaZz0-9 .-]+"/></svg>""")]
    private static partial Regex Icon();
}
