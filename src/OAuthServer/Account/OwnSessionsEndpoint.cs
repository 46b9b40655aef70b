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
    SignedInGate gate, OwnSessionStore sessions, AccountEventStore events, AuditStore audit, Cookies cookies, Settings settings,
        TimeProvider time)
{
    private const string Page = "sessions";
    private const int HashBytes = 32;
    private const int Events = 20;
    private const int RefusedSignIns = 5;

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async page =>
    {
        var (subject, cancel, now) = (page.Session.Subject, http.RequestAborted, time.GetUtcNow());
        var done = page.Parameters["done"] is { } request ? await audit.FindAsync(request, cancel) : [];
        await http.OwnSessionsAsync(new OwnSessionsView
        {
            Navigation = page.NavigationOf(Paths.Sessions),
            Antiforgery = page.Antiforgery,
            Sessions = await sessions.ListAsync(subject, now.AddSeconds(-settings.SessionIdleSeconds), now, cancel),
            Events = await events.ListAsync(subject, Events, RefusedSignIns, cancel),
            SignedOut = Ended(done.Find(row => row.Event == AuditEvents.SignOut && row.Subject == subject.ToString())),
        });
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAsync(http, Page, page =>
        http.SignOutEverywhereAsync(page.Antiforgery, page.NavigationOf(Paths.Sessions)));

    public Task EndAsync(HttpContext http) => gate.ChangeAsync(http, Page, page => page.Parameters["what"] switch
    {
        "everywhere" => EndEverythingAsync(page),
        "others" => EndOthersAsync(page),
        _ => EndOneAsync(page, page.Parameters["session"]),
    });

    private async Task EndOneAsync(PageRequest page, string? key)
    {
        var (session, context) = (page.Session, page.Context);
        if (IdHash(key) is not { } id || !await sessions.EndAsync(id, session.Subject, context.RequestId, context.Address, context.At))
            await SignedInGate.NotFoundAsync(page);
        else if (id.AsSpan().SequenceEqual(session.IdHash))
            await SignedOutAsync(page);
        else
            await page.Done($"{Paths.Sessions}?done={context.RequestId}");
    }

    private async Task EndOthersAsync(PageRequest page)
    {
        await sessions.EndOthersAsync(page.Session.IdHash, page.Session.Subject, page.Context.RequestId, page.Context.Address,
            page.Context.At);
        await page.Done($"{Paths.Sessions}?done={page.Context.RequestId}");
    }

    private async Task EndEverythingAsync(PageRequest page)
    {
        await sessions.EndEverythingAsync(page.Session.Subject, page.Author, page.Context.At);
        await SignedOutAsync(page);
    }

    private Task SignedOutAsync(PageRequest page)
    {
        cookies.EndSession(page.Http);
        return page.Done(Paths.Logout);
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
        return hex?.Length == 2 * HashBytes && Convert.FromHexString(hex, hash, out _, out _) == System.Buffers.OperationStatus.Done ? hash
            : null;
    }
}
