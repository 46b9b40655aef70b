using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>
/// /password: a person who proves the old one sets a new one; who has none sets a first one after a recent sign-in. The database ends every
/// session and grant with it; the browser that did it goes on under a new session. A wrong old one is a failed sign-in.
/// </summary>
public sealed class PasswordEndpoint(
    SignedInGate gate, SignIn signIn, PasswordRules rules, SecondFactorRule rule, FactorStore factors, HashQueue hashes,
    UserEdits users, ProfileEdits profiles, Sessions sessions, AuditStore audit, Cookies cookies)
{
    private const string Page = "password";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async page => await http.PasswordAsync(await ViewAsync(page) with
    {
        Changed = page.Parameters["done"] is { } request && await HasChangedAsync(page, request),
    }));

    public Task ChangeAsync(HttpContext http) => gate.ChangeAsync(http, Page, page =>
        page.Session.HasPassword ? ChangeAsync(page) : gate.ConfirmAccountAsync(page, Page, SetFirstAsync));

    private async Task ChangeAsync(PageRequest page)
    {
        var (http, session, old) = (page.Http, page.Session, page.Parameters[PasswordPage.Current] ?? "");
        // Typed differently the second time is said of that field, beside whatever is wrong with the first.
        var (password, flaw, differs) = await ReadAsync(page, old);
        var authenticated = old.Length == 0
            ? OAuthError.InvalidRequest("Enter your current password", "a field was left empty", "sign-in")
            : await signIn.AuthenticateAsync(session.Username, old, page.Context, http.RequestAborted);
        if (authenticated.Refused(out var refused, out var user) || flaw is not null || differs)
        {
            if (refused is not null) http.Response.SetErrorHeaders(refused);
            await http.PasswordAsync(await ViewAsync(page) with { Wrong = new PasswordPage.RefusedPassword(flaw, differs, refused) });
            return;
        }

        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        // Else another password was set meanwhile, which ended this session too: the page asks for a sign-in.
        if (await users.ChangePasswordAsync(session.Subject, user.PasswordHash, hash, page.Author))
            await GoOnAsync(page, Authenticated.Again(user with { PasswordHash = hash }, session));
        await page.Done($"{Paths.Password}?done={page.Context.RequestId}");
    }

    private async Task SetFirstAsync(PageRequest page)
    {
        var (http, session) = (page.Http, page.Session);
        var (password, flaw, differs) = await ReadAsync(page, null);
        if (flaw is not null || differs)
        {
            await http.PasswordAsync(await ViewAsync(page) with { Wrong = new PasswordPage.RefusedPassword(flaw, differs, null) });
            return;
        }

        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        if (await users.ChangePasswordAsync(session.Subject, null, hash, page.Author))
            await GoOnAsync(page, new Authenticated
            {
                Subject = session.Subject,
                Username = session.Username,
                PasswordHash = hash,
                How = "first password",
                Acr = session.Acr,
                Amr = session.Amr,
                Idp = session.Idp,
                AuthenticatedAt = session.AuthenticatedAt,
                Confirms = session.ConfirmedAt is not null,
            });
        await page.Done($"{Paths.Password}?done={page.Context.RequestId}");
    }

    private async Task GoOnAsync(PageRequest page, Authenticated person)
    {
        var (http, remember) = (page.Http, page.Session.Remembered);
        // The new password ended the session that asked, too: this one starts anew.
        if (await sessions.StartAsync(person with { Remember = remember, Continues = false }, cookies.Session(http),
                http.Request.Headers.UserAgent.ToString(), page.Context) is { } started)
            cookies.SetSession(http, started);
    }

    private async Task<(string Password, PasswordFlaw? Flaw, bool Differs)> ReadAsync(PageRequest page, string? old)
    {
        var profile = await profiles.FindAsync(page.Session.Subject, page.Http.RequestAborted);
        var (password, again) = (page.Parameters[PasswordPage.New] ?? "", page.Parameters[PasswordPage.Again] ?? "");
        return (password, rules.FlawOf(password, profile?.Words ?? [page.Session.Username], old, await NeedsTwoAsync(page)),
            password != again);
    }

    private async Task<PasswordPage.View> ViewAsync(PageRequest page) => new()
    {
        Antiforgery = page.Antiforgery,
        Navigation = page.NavigationOf(Paths.Password),
        Least = rules.Least(await NeedsTwoAsync(page)),
    };

    private async Task<bool> NeedsTwoAsync(PageRequest page) =>
        await factors.FindAsync(page.Session.Subject, page.Http.RequestAborted) is { } has && rule.GuardsEverySignIn(has);

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
