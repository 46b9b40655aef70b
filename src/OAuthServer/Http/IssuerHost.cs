using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// A Host other than the issuer's is refused: nothing here is ever served, or linked to, under a foreign name (RFC 9700 §4.13).
/// </summary>
public static class IssuerHost
{
    public static void UseIssuerHost(this IApplicationBuilder app, Settings settings, Func<HttpContext, OAuthError, Task> refuse)
    {
        var authority = settings.IssuerAuthority;
        // RFC 9110 §4.2.3: with the scheme's own port, or without, it is the same host.
        var withPort = new Uri(settings.Issuer) is { IsDefaultPort: true } issuer ? $"{authority}:{issuer.Port}" : authority;
        app.Use((http, next) =>
            string.Equals(http.Request.Host.Value, authority, StringComparison.OrdinalIgnoreCase)
            || string.Equals(http.Request.Host.Value, withPort, StringComparison.OrdinalIgnoreCase)
            || http.Route.HasFlag(RouteTraits.AnyHost)
                ? next(http)
                : refuse(http, OAuthError.InvalidRequest("Host must be the issuer's", "another Host", "RFC 9700 §4.13", authority,
                    http.Request.Host.Value)));
    }
}
