namespace OAuthServer.Http;

/// <summary>
/// RFC 9110 §9.3.2: HEAD answers wherever GET does, with its headers and no body; Kestrel holds the body back. Where a GET spends
/// or stores something (a code, a pending request), HEAD is 200 and does nothing: link scanners send it.
/// </summary>
public static class HeadRequests
{
    /// <summary>Whether this GET was sent as HEAD.</summary>
    public static bool IsHead(this HttpContext http) => http.Features.Get<SentAsHead>() is not null;

    /// <summary>HEAD becomes GET.</summary>
    public static void UseHead(this IApplicationBuilder app) =>
        app.Use((http, next) => HttpMethods.IsHead(http.Request.Method) ? AsGetAsync(http, next) : next(http));

    private static async Task AsGetAsync(HttpContext http, RequestDelegate next)
    {
        http.Features.Set(SentAsHead.Instance);
        http.Request.Method = HttpMethods.Get;
        // The access log says what was sent.
        try { await next(http); }
        finally { http.Request.Method = HttpMethods.Head; }
    }

    /// <summary>
    /// Answers HEAD of a route that spends; and what a browser fetches before anybody wants it, by a status after which it fetches
    /// again when somebody does.
    /// </summary>
    public static void UseSpendingHead(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        var isEarly = IsPrefetch(http.Request.Headers);
        if (!http.Route.HasFlag(RouteTraits.Spends) || !(http.IsHead() || isEarly)) return next(http);
        if (!http.IsHead()) http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.NoStore();
        http.Response.ContentType = "text/html; charset=utf-8";
        return Task.CompletedTask;
    });

    // Fetch metadata's own header, and what came before it.
    private static bool IsPrefetch(IHeaderDictionary headers) =>
        Says(headers["Sec-Purpose"]) || Says(headers["Purpose"]) || Says(headers["X-Moz"]);

    private static bool Says(string? purpose) => purpose?.StartsWith("prefetch", StringComparison.OrdinalIgnoreCase) is true;

    // A feature, not an item: looking for one makes nothing.
    private sealed class SentAsHead
    {
        public static readonly SentAsHead Instance = new();
    }
}
