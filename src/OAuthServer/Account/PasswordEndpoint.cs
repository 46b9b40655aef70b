using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>
/// /password: a person who proves the old one sets a new one. The database ends every session and grant with it; the browser that
/// did it goes on under a new session. A wrong old one is a failed sign-in.
/// </summary>
public sealed class PasswordEndpoint(SignedInGate gate, SignIn signIn, HashQueue hashes, UserEdits users, Sessions sessions, AuditStore audit, Cookies cookies)
{
    private const string Page = "password";

    public Task AskAsync(HttpContext http) => gate.ShowAsync(http, Page, async visit =>
        await http.PasswordAsync(visit.Antiforgery, visit.NavigationOf(Paths.Password), changed: visit.Asked["done"] is { } request && await HasChangedAsync(visit, request)));

    public Task ChangeAsync(HttpContext http) => gate.ChangeAsync(http, Page, async visit =>
    {
        var (session, context, frame) = (visit.Session, visit.Context, visit.NavigationOf(Paths.Password));
        var old = visit.Asked[PasswordPage.Current] ?? "";
        var (password, again) = (visit.Asked[PasswordPage.New] ?? "", visit.Asked[PasswordPage.Again] ?? "");
        // Typed differently the second time is said of that field, beside whatever is wrong with the first.
        var (flaw, differs) = (NewPassword.FlawOf(password, session.Username, old), password != again);
        var proven = old.Length == 0
            ? OAuthError.InvalidRequest("Enter your current password", "a field was left empty", "sign-in")
            : await signIn.AuthenticateAsync(session.Username, old, context, http.RequestAborted);
        if (proven.Refused(out var refused, out var user) || flaw is not null || differs)
        {
            if (refused is not null) http.Response.SetErrorHeaders(refused);
            await http.PasswordAsync(visit.Antiforgery, frame, wrong: new PasswordPage.RefusedPassword(flaw, differs, refused));
        }
        else
        {
            var hash = await hashes.PasswordAsync(password, http.RequestAborted);
            if (await users.ChangePasswordAsync(session.Subject, user.PasswordHash, hash, visit.Author)
                && await sessions.StartAsync(user with { PasswordHash = hash }, cookies.Session(http), http.Request.Headers.UserAgent.ToString(), context) is { } id)
                cookies.SetSession(http, id);
            // Else another password was set meanwhile, which ended this session too: the page asks for a sign-in.
            await visit.Done($"{Paths.Password}?done={context.RequestId}");
        }
    });

    /// <summary>W3C, A Well-Known URL for Changing Passwords.</summary>
    public static Task RedirectAsync(HttpContext http)
    {
        http.GoTo(Paths.Password);
        return Task.CompletedTask;
    }

    // From the audit log: a link cannot make the page say so.
    private async Task<bool> HasChangedAsync(PageRequest visit, string request) =>
        (await audit.FindAsync(request, visit.Http.RequestAborted)).Exists(row => row.Event == "edit" && row.Subject == visit.Session.Subject.ToString());
}
