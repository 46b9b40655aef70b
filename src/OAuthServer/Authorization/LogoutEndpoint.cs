using OAuthServer.Audit;
using OAuthServer.Authorization.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>/logout: GET asks, POST ends the session on the server. Grants live on: apps stay connected.</summary>
public sealed class LogoutEndpoint(Sessions sessions, Cookies cookies, Forms forms, AuditLog audit)
{
    public async Task ConfirmAsync(HttpContext http)
    {
        if (await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is { } session)
            await http.LogoutAsync(forms.Field(http, session.IdHash), session);
        else
            await http.SignedOutAsync();
    }

    public async Task EndAsync(HttpContext http)
    {
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        if (await RefusalAsync(http, session) is { } error)
        {
            await audit.RefusedAsync(AuditEvents.SignOut, error, http.Context(), subject: session?.Subject.ToString());
            await Refusals.RefuseAsync(http, error);
            return;
        }

        if (session is not null)
        {
            await sessions.EndAsync(session, null, http.Context());
            cookies.EndSession(http);
        }

        http.GoTo(CompanySignOut.PageAfter(session?.Idp));
    }

    // The second click of two finds nobody signed in, and no token fits; but another site's form is refused all the same.
    private async Task<OAuthError?> RefusalAsync(HttpContext http, SessionRow? session)
    {
        if ((await http.FormAsync()).Refused(out var malformed, out _)) return malformed;
        return session is null ? Forms.Foreign(http) : await forms.RefusalAsync(http, session.IdHash);
    }
}
