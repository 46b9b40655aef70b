using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Html;

/// <summary>
/// A browser that still has the cookie of the server that was here before is signed in on its first page, if that session was imported; the
/// cookie goes, and ours takes its place.
/// </summary>
public static class EarlierSessions
{
    private const int LongestCookie = 4096;

    extension(WebApplication app)
    {
        public void UseEarlierSessions(Settings settings)
        {
            var name = settings.EarlierSessionCookie;
            if (name.Length == 0) return;
            var (cookies, sessions) = (app.Services.GetRequiredService<Cookies>(), app.Services.GetRequiredService<Sessions>());
            app.Use(async (http, next) =>
            {
                // An image on another site shall not spend it: a browser would not keep our cookie there.
                if (http.Request.Headers["Sec-Fetch-Dest"].ToString() is "" or "document"
                    && http.GetEndpoint()?.Metadata.GetMetadata<MappedRoute>() is { } route && route.Traits.HasFlag(RouteTraits.Page)
                    && http.Request.Cookies[name] is { Length: > 0 and <= LongestCookie } earlier
                    && await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is null
                    && await sessions.ExchangeAsync(earlier, http.Request.Headers.UserAgent.ToString(), http.Context()) is { } id)
                {
                    cookies.SetSession(http, new StartedSession(id, null));
                    http.Response.Cookies.Delete(name, new CookieOptions { Path = "/", Secure = true, HttpOnly = true });
                }

                await next(http);
            });
        }
    }
}
