using Microsoft.Net.Http.Headers;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>
/// A refusal in the form its reader can use: pages for people, JSON (RFC 6749 §5.2) for programs and for everybody who prefers it.
/// </summary>
public static class Refusals
{
    /// <summary>Writes the refusal as a page or as JSON.</summary>
    public static Task RefuseAsync(HttpContext http, OAuthError error) => RefuseAsync(http, error, null);

    /// <param name="link">Where a person can go from here.</param>
    public static Task RefuseAsync(HttpContext http, OAuthError error, ErrorPage.Link? link)
    {
        if (!WantsPage(http)) return http.RefuseAsync(error);
        http.Response.SetErrorHeaders(error);
        return http.ErrorAsync(error, link);
    }

    private static bool WantsPage(HttpContext http)
    {
        var route = http.Route;
        if (route.HasFlag(RouteTraits.Json)) return false;
        var (html, json) = (Quality(http, "text", "html"), Quality(http, "application", "json"));
        // Where pages live, a page unless JSON is preferred; elsewhere JSON unless somebody names HTML.
        return route.HasFlag(RouteTraits.Page) ? json <= html : html > json;
    }

    // RFC 9110 §12.5.1: the most specific range that fits decides; no header is any type.
    private static double Quality(HttpContext http, string type, string subtype)
    {
        if (!MediaTypeHeaderValue.TryParseList(http.Request.Headers.Accept, out var ranges) || ranges.Count == 0) return 1;
        var fits = ranges.Where(range =>
            (range.Type == "*" || range.Type.Equals(type, StringComparison.OrdinalIgnoreCase))
            && (range.SubType == "*" || range.SubType.Equals(subtype, StringComparison.OrdinalIgnoreCase)));
        return fits.OrderBy(range => (range.Type == "*" ? 2 : 0) + (range.SubType == "*" ? 1 : 0)).FirstOrDefault() is { } best
            ? best.Quality ?? 1 : 0;
    }
}
