using System.Text;
using OAuthServer.Pages;
using OAuthServer.Protocol;
using OAuthServer.Wire;

namespace OAuthServer.Endpoints;

/// <summary>Pages that decide nothing: the way in, the stylesheet, and what error_uri points at.</summary>
public static class PageRoutes
{
    private static readonly byte[] Style = Encoding.UTF8.GetBytes(Stylesheet.Text);

    extension(IEndpointRouteBuilder app)
    {
        public void MapPages(Settings settings)
        {
            var first = settings.HasPlayground ? Paths.Playground : Paths.ConnectedApps;
            app.MapGet("/", http =>
            {
                http.GoTo(first);
                return Task.CompletedTask;
            });
            app.MapGet(Paths.Errors, (RequestDelegate)(http => http.ErrorsAsync()));
            app.MapGet(Paths.Stylesheet, (RequestDelegate)StyleAsync);
        }
    }

    private static Task StyleAsync(HttpContext http)
    {
        // The URL carries the text's hash: what it names never changes.
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        if (http.IsKnown($"\"{Stylesheet.Version}\"")) return Task.CompletedTask;
        http.Response.ContentType = "text/css; charset=utf-8";
        http.Response.ContentLength = Style.Length;
        return http.Response.Body.WriteAsync(Style, CancellationToken.None).AsTask();
    }
}
