using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>/logout: GET asks, POST ends the session on the server. Grants live on: apps stay connected.</summary>
public sealed class LogoutEndpoint(Sessions sessions, Cookies cookies, Forms forms, AuditLog audit)
{
    public async Task AskAsync(HttpContext http)
    {
        if (await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is { } session)
            await http.LogoutAsync(forms.Field(http, session.IdHash), session);
        else
            await http.SignedOutAsync();
    }

    public async Task EndAsync(HttpContext http)
    {
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        // The second click of two finds nobody signed in, and no token fits; but another site's form is refused all the same.
        if ((await http.FormAsync()).Refused(out var error, out _)
            || (error = session is null ? Forms.Foreign(http) : await forms.RefusalAsync(http, session.IdHash)) is not null)
        {
            await audit.RefusedAsync(AuditEvents.SignOut, error, http.Context(), subject: session?.Subject.ToString());
            await Refusals.RefuseAsync(http, error);
            return;
        }

        if (session is not null)
        {
            await sessions.EndAsync(session, http.Context());
            cookies.EndSession(http);
        }

        http.GoTo(Paths.Logout);
    }
}
