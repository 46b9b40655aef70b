using Microsoft.Extensions.Primitives;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// CORS for what a page on another origin may call: metadata, JWKS, token, revoke, register (and a
/// client's own registration), errors and preflights included; never /authorize and the pages (RFC 9700 §2.6). Without credentials, so any origin may be let in.
/// </summary>
public static class CrossOrigin
{
    private static readonly string[] Open = [Paths.Token, Paths.Revoke, Paths.Register, Paths.Jwks, "/.well-known"];

    public static void UseCrossOrigin(this IApplicationBuilder app, Settings settings)
    {
        PathString[] paths = [.. Open.Select(path => new PathString(path)), .. Open.Select(path => new PathString(settings.IssuerPath + path))];
        bool IsOpen(HttpContext http) => Array.Exists(paths, path => http.Request.Path.StartsWithSegments(path));

        app.UseWhen(
            http => http.Request.Headers.Origin.Count > 0 && IsOpen(http),
            open => open
                .Use((http, next) =>
                {
                    // The answer repeats them, and no header of an answer holds such octets.
                    if (!IsVisible(http.Request.Headers.AccessControlRequestHeaders))
                        http.Request.Headers.Remove("Access-Control-Request-Headers");
                    return next(http);
                })
                .UseCors(policy => policy
                    .AllowAnyOrigin()
                    .WithMethods("GET", "POST", "HEAD", "PUT", "DELETE")
                    .AllowAnyHeader()
                    .WithExposedHeaders("WWW-Authenticate", "Retry-After", RequestIds.Header)
                    .SetPreflightMaxAge(TimeSpan.FromHours(1))));

        // A shared cache may keep an answer nobody asked for from a page, and give it to a page later.
        app.Use((http, next) =>
        {
            var reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
            if (http.Request.Headers.Origin.Count == 0 && reads && IsOpen(http)) http.Response.Headers.AccessControlAllowOrigin = "*";
            return next(http);
        });
    }

    private static bool IsVisible(StringValues names) =>
        names.All(name => name is null || name.All(character => character is >= ' ' and <= '~'));
}
