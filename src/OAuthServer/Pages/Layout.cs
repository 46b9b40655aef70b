using System.Text;
using OAuthServer.Protocol;
using OAuthServer.Wire;

namespace OAuthServer.Pages;

/// <summary>The frame around every page, and the headers no page goes without.</summary>
public static class Layout
{
    // No form-action: Chromium applies it to the redirect that follows consent, which would break clients on other origins.
    private const string ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

    /// <summary>Answers with a page.</summary>
    /// <param name="title">What the tab says, before the server's name.</param>
    /// <param name="content">Begins with the page's only h1.</param>
    public static Task PageAsync(this HttpContext http, int status, string title, Html content)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        Html page = $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{title} · {settings.DisplayName}</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="{Stylesheet.Url(settings)}">
            </head>
            <body>
            <header><p class="server">{settings.DisplayName}</p><p class="host">{settings.IssuerAuthority}</p></header>
            <main>
            {content}
            </main>
            <footer><p>Request <code>{http.TraceIdentifier}</code></p></footer>
            </body>
            </html>
            """;

        http.Response.NoStore();
        Protect(http.Response, "same-origin");
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        var bytes = Encoding.UTF8.GetBytes(page.ToString());
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, CancellationToken.None).AsTask();
    }

    /// <summary>On to another page of ours. Always 303: a password is never posted twice (RFC 9700 §4.12).</summary>
    /// <param name="path">Below the issuer, begins with a slash, nothing in it from the request but a ticket.</param>
    public static void GoTo(this HttpContext http, string path)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        Redirect(http.Response, settings.Issuer + path, "same-origin");
    }

    /// <summary>Back to the client: 303, and no page learns the code from a Referer (RFC 9700 §4.2.4).</summary>
    public static void GoToClient(this HttpContext http, string uri) => Redirect(http.Response, uri, "no-referrer");

    private static void Redirect(HttpResponse response, string uri, string referrers)
    {
        response.NoStore();
        Protect(response, referrers);
        response.StatusCode = StatusCodes.Status303SeeOther;
        response.Headers.Location = uri;
        response.ContentLength = 0;
    }

    private static void Protect(HttpResponse response, string referrers)
    {
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        response.Headers["Referrer-Policy"] = referrers;
        response.Headers.XFrameOptions = "DENY";
        response.Headers.XContentTypeOptions = "nosniff";
    }
}
