using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>Pages that decide nothing: the way in, what all pages load, and what error_uri points at.</summary>
public static class PageEndpoints
{
    /// <summary>The front door leads to the playground where there is one, else to the connected apps.</summary>
    public static Task EnterAsync(HttpContext http)
    {
        http.GoTo(http.RequestServices.GetRequiredService<Settings>().HasPlayground ? Paths.Playground : Paths.ConnectedApps);
        return Task.CompletedTask;
    }

    public static Task ErrorsAsync(HttpContext http) => ErrorPage.ErrorsAsync(http);

    public static Task LoadAsync(HttpContext http, Asset asset)
    {
        // The URL carries the octets' hash: what it names never changes.
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        // A drawing opened by its address is a document: it runs and loads nothing.
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        if (http.IsKnown($"\"{asset.Version}\"")) return Task.CompletedTask;
        http.Response.ContentType = asset.Type;
        http.Response.ContentLength = asset.Octets.Length;
        return http.Response.Body.WriteAsync(asset.Octets, CancellationToken.None).AsTask();
    }
}
