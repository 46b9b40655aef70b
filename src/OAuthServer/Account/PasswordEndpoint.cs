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
public sealed class PasswordEndpoint(
    SignedInGate gate, SignIn signIn, HashQueue hashes, UserEdits users, Sessions sessions, AuditStore audit, Cookies cookies)
{
    private const string Page = "password";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async page =>
        await http.PasswordAsync(page.Antiforgery, page.NavigationOf(Paths.Password), changed: page.Parameters["done"] is { } request
            && await HasChangedAsync(page, request)));

    public Task ChangeAsync(HttpContext http) => gate.ChangeAsync(http, Page, async page =>
    {
        var (session, context, frame) = (page.Session, page.Context, page.NavigationOf(Paths.Password));
        var old = page.Parameters[PasswordPage.Current] ?? "";
        var (password, again) = (page.Parameters[PasswordPage.New] ?? "", page.Parameters[PasswordPage.Again] ?? "");
        // Typed differently the second time is said of that field, beside whatever is wrong with the first.
        var (flaw, differs) = (NewPassword.FlawOf(password, session.Username, old), password != again);
        var authenticated = old.Length == 0
            ? OAuthError.InvalidRequest("Enter your current password", "a field was left empty", "sign-in")
            : await signIn.AuthenticateAsync(session.Username, old, context, http.RequestAborted);
        if (authenticated.Refused(out var refused, out var user) || flaw is not null || differs)
        {
            if (refused is not null) http.Response.SetErrorHeaders(refused);
            await http.PasswordAsync(page.Antiforgery, frame, wrong: new PasswordPage.RefusedPassword(flaw, differs, refused));
        }
        else
        {
            var hash = await hashes.PasswordAsync(password, http.RequestAborted);
            if (await users.ChangePasswordAsync(session.Subject, user.PasswordHash!, hash, page.Author)
                && await sessions.StartAsync(Authenticated.Again(user with { PasswordHash = hash }, session), cookies.Session(http),
                    http.Request.Headers.UserAgent.ToString(), context) is { } started)
                cookies.SetSession(http, started);
            // Else another password was set meanwhile, which ended this session too: the page asks for a sign-in.
            await page.Done($"{Paths.Password}?done={context.RequestId}");
        }
    });

    /// <summary>W3C, A Well-Known URL for Changing Passwords.</summary>
    public static Task RedirectAsync(HttpContext http)
    {
        http.GoTo(Paths.Password);
        return Task.CompletedTask;
    }

    // From the audit log: a link cannot make the page say so.
    private async Task<bool> HasChangedAsync(PageRequest page, string request) =>
        (await audit.FindAsync(request, page.Http.RequestAborted))
            .Exists(row => row.Event == "edit" && row.Subject == page.Session.Subject.ToString());
}
