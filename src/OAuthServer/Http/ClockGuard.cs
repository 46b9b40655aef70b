using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Http;

/// <summary>While our clock is too far from the database's, nothing that depends on time is decided: 503 until it is back.</summary>
public static class ClockGuard
{
    public static void UseClockGuard(this WebApplication app, Settings settings, Func<HttpContext, OAuthError, Task> refuse)
    {
        var clock = app.Services.GetRequiredService<DatabaseClock>();
        app.Use((http, next) =>
            clock.Skew.Duration().TotalSeconds > settings.MaxClockSkewSeconds && http.Route.HasFlag(RouteTraits.Clock)
                ? refuse(http, OAuthError.TemporarilyUnavailable($"our clock and the database's differ by {clock.Skew.TotalSeconds:0} s"))
                : next(http));
    }
}
