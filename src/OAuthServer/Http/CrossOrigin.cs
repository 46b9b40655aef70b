using Microsoft.Extensions.Primitives;

namespace OAuthServer.Http;

/// <summary>
/// CORS for what a page of another origin may call: metadata, JWKS, token, revoke, register (and a client's own registration),
/// errors and preflights included; never /authorize and the pages (RFC 9700 §2.6). Without credentials, so any origin is admitted.
/// </summary>
public static class CrossOrigin
{
    public static void UseCrossOrigin(this IApplicationBuilder app)
    {
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

        // A shared cache may keep an answer that no page requested, and give it to a page later.
        app.Use((http, next) =>
        {
            if (http.Request.Headers.Origin.Count == 0 && HttpMethods.IsGet(http.Request.Method) && IsOpen(http))
                http.Response.Headers.AccessControlAllowOrigin = "*";
            return next(http);
        });
    }

    private static bool IsOpen(HttpContext http) => http.Route.HasFlag(RouteTraits.Cors);

    private static bool IsVisible(StringValues names) =>
        names.All(name => name is null || name.All(character => character is >= ' ' and <= '~'));
}
