using Microsoft.AspNetCore.Cors.Infrastructure;
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
                .Use(Answering(app.ApplicationServices)));

        // A shared cache may keep an answer that no page requested, and give it to a page later.
        app.Use((http, next) =>
        {
            if (http.Request.Headers.Origin.Count == 0 && HttpMethods.IsGet(http.Request.Method) && IsOpen(http))
                http.Response.Headers.AccessControlAllowOrigin = "*";
            return next(http);
        });
    }

    // As UseCors would, which compiles an expression first: a tenth of what the server takes to start.
    private static Func<RequestDelegate, RequestDelegate> Answering(IServiceProvider services) => next =>
    {
        var policy = new CorsPolicyBuilder()
            .AllowAnyOrigin()
            .WithMethods("GET", "POST", "HEAD", "PUT", "DELETE")
            .AllowAnyHeader()
            .WithExposedHeaders("WWW-Authenticate", "Retry-After", DpopRequests.NonceHeader, RequestIds.Header)
            .SetPreflightMaxAge(TimeSpan.FromHours(1))
            .Build();
        var cors = new CorsMiddleware(
            next, services.GetRequiredService<ICorsService>(), policy, services.GetRequiredService<ILoggerFactory>());
        var policies = services.GetRequiredService<ICorsPolicyProvider>();
        return http => cors.Invoke(http, policies);
    };

    private static bool IsOpen(HttpContext http) => http.Route.HasFlag(RouteTraits.Cors);

    private static bool IsVisible(StringValues names) =>
        names.All(name => name is null || name.All(character => character is >= ' ' and <= '~'));
}
