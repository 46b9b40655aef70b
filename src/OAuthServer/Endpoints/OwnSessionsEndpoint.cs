using OAuthServer.Pages;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Endpoints;

/// <summary>/sessions: GET asks about all of them, POST ends one, all others, or everything.</summary>
public sealed class OwnSessionsEndpoint(Gate gate, OwnSessionStore sessions, Cookies cookies, TimeProvider time)
{
    private const string Page = "apps";
    private const int HashBytes = 32;

    public Task AskAsync(HttpContext http) => gate.ShowAsync(http, Page, visit => http.SignOutEverywhereAsync(visit.Antiforgery, visit.FrameOf(Paths.ConnectedApps)));

    public Task EndAsync(HttpContext http) => gate.ChangeAsync(http, Page, visit => visit.Asked["what"] switch
    {
        "everywhere" => EndEverythingAsync(visit),
        "others" => EndOthersAsync(visit),
        _ => EndOneAsync(visit, visit.Asked["session"]),
    });

    private async Task EndOneAsync(Visit visit, string? key)
    {
        var (session, context) = (visit.Session, visit.Context);
        if (IdHash(key) is not { } id || !await sessions.EndAsync(id, session.Subject, context.RequestId, context.Address, time.GetUtcNow()))
            await Gate.NothingHereAsync(visit);
        else if (id.AsSpan().SequenceEqual(session.IdHash))
            await SignedOutAsync(visit);
        else
            await visit.Done($"{Paths.ConnectedApps}?done={context.RequestId}");
    }

    private async Task EndOthersAsync(Visit visit)
    {
        await sessions.EndOthersAsync(visit.Session.IdHash, visit.Session.Subject, visit.Context.RequestId, visit.Context.Address, time.GetUtcNow());
        await visit.Done($"{Paths.ConnectedApps}?done={visit.Context.RequestId}");
    }

    private async Task EndEverythingAsync(Visit visit)
    {
        await sessions.EndEverythingAsync(visit.Session.Subject, visit.Author, time.GetUtcNow());
        await SignedOutAsync(visit);
    }

    private Task SignedOutAsync(Visit visit)
    {
        cookies.EndSession(visit.Http);
        return visit.Done(Paths.Logout);
    }

    private static byte[]? IdHash(string? hex)
    {
        var hash = new byte[HashBytes];
        return hex?.Length == 2 * HashBytes && Convert.FromHexString(hex, hash, out _, out _) == System.Buffers.OperationStatus.Done ? hash : null;
    }
}

/// <summary>Where it is found.</summary>
public static class OwnSessionsRoutes
{
    extension(IEndpointRouteBuilder app)
    {
        public void MapOwnSessions()
        {
            var sessions = app.ServiceProvider.GetRequiredService<OwnSessionsEndpoint>();
            app.MapGet(Paths.Sessions, sessions.AskAsync);
            app.MapPost(Paths.Sessions, sessions.EndAsync);
        }
    }
}
