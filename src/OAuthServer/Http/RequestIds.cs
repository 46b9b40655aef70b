using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// Every answer carries a Request-Id of ours (<see cref="TimedId"/>); what a client sends under that name is not believed. It begins
/// with a letter until the year 2100, so that <c>why</c> and other commands take it as it is.
/// </summary>
public static class RequestIds
{
    public const string Header = "Request-Id";

    public static void UseRequestIds(this WebApplication app, Settings settings)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.Use((http, next) =>
        {
            http.TraceIdentifier = TimedId.NewRequestId(time.GetUtcNow());
            http.Response.Headers[Header] = http.TraceIdentifier;
            return next(http);
        });
        if (settings.LogFormat != "json") return;
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OAuthServer.Requests");
        app.Use(async (http, next) =>
        {
            using var scope = log.BeginScope(new Dictionary<string, object> { ["RequestId"] = http.TraceIdentifier });
            await next(http);
        });
    }
}
