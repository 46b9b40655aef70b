using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>
/// /sessions: GET lists them beside what lately happened to the account, POST ends one, all others, or everything.
/// /sessions/everywhere asks before everything ends.
/// </summary>
public sealed class OwnSessionsEndpoint(
    SignedInGate gate, OwnSessionStore sessions, AccountEventStore events, AuditStore audit, Cookies cookies, Settings settings, TimeProvider time)
{
    private const string Page = "sessions";
    private const int HashBytes = 32;
    private const int Events = 20;
    private const int RefusedSignIns = 5;

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async visit =>
    {
        var (subject, cancel, now) = (visit.Session.Subject, http.RequestAborted, time.GetUtcNow());
        var done = visit.Asked["done"] is { } request ? await audit.FindAsync(request, cancel) : [];
        await http.OwnSessionsAsync(new OwnSessionsView
        {
            Navigation = visit.NavigationOf(Paths.Sessions),
            Antiforgery = visit.Antiforgery,
            Sessions = await sessions.ListAsync(subject, now.AddSeconds(-settings.SessionIdleSeconds), now, cancel),
            Events = await events.ListAsync(subject, Events, RefusedSignIns, cancel),
            SignedOut = Ended(done.Find(row => row.Event == AuditEvents.SignOut && row.Subject == subject.ToString())),
        });
    });

    public Task AskAsync(HttpContext http) => gate.ShowAsync(http, Page, visit =>
        http.SignOutEverywhereAsync(visit.Antiforgery, visit.NavigationOf(Paths.Sessions)));

    public Task EndAsync(HttpContext http) => gate.ChangeAsync(http, Page, visit => visit.Asked["what"] switch
    {
        "everywhere" => EndEverythingAsync(visit),
        "others" => EndOthersAsync(visit),
        _ => EndOneAsync(visit, visit.Asked["session"]),
    });

    private async Task EndOneAsync(PageRequest visit, string? key)
    {
        var (session, context) = (visit.Session, visit.Context);
        if (IdHash(key) is not { } id || !await sessions.EndAsync(id, session.Subject, context.RequestId, context.Address, time.GetUtcNow()))
            await SignedInGate.NotFoundAsync(visit);
        else if (id.AsSpan().SequenceEqual(session.IdHash))
            await SignedOutAsync(visit);
        else
            await visit.Done($"{Paths.Sessions}?done={context.RequestId}");
    }

    private async Task EndOthersAsync(PageRequest visit)
    {
        await sessions.EndOthersAsync(visit.Session.IdHash, visit.Session.Subject, visit.Context.RequestId, visit.Context.Address, time.GetUtcNow());
        await visit.Done($"{Paths.Sessions}?done={visit.Context.RequestId}");
    }

    private async Task EndEverythingAsync(PageRequest visit)
    {
        await sessions.EndEverythingAsync(visit.Session.Subject, visit.Author, time.GetUtcNow());
        await SignedOutAsync(visit);
    }

    private Task SignedOutAsync(PageRequest visit)
    {
        cookies.EndSession(visit.Http);
        return visit.Done(Paths.Logout);
    }

    // As OwnSessionStore wrote it.
    private static EndedSessions? Ended(AuditRow? row) => row switch
    {
        null => null,
        { Detail: { } detail } when detail.StartsWith("everywhere else", StringComparison.Ordinal) => EndedSessions.Others,
        _ => EndedSessions.One,
    };

    private static byte[]? IdHash(string? hex)
    {
        var hash = new byte[HashBytes];
        return hex?.Length == 2 * HashBytes && Convert.FromHexString(hex, hash, out _, out _) == System.Buffers.OperationStatus.Done ? hash : null;
    }
}
