using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization.SecondFactor;

/// <summary>
/// Makes a session surer because an app or the operator requires it: by the second factor the person has, or by the page that adds one.
/// </summary>
public sealed class StepUp(PendingSignIns pending, FactorStore factors, Cookies cookies)
{
    /// <summary>Whether the person has a second factor.</summary>
    public async Task<bool> IsPossibleAsync(SessionRow session, CancellationToken cancel) =>
        await factors.FindAsync(session.Subject, cancel) is { } has && (has.HasCodes || has.Passkeys > 0);

    /// <summary>On to the page that asks for it, and from there back to the request.</summary>
    public async Task GoAsync(HttpContext http, AuthorizationRequest request, SessionRow session)
    {
        var then = new Waiting(request, null);
        if (!await IsPossibleAsync(session, http.RequestAborted))
        {
            http.GoTo(Paths.SecondFactor + then.FirstQuery);
            return;
        }

        var person = new Authenticated
        {
            Subject = session.Subject,
            Username = session.Username,
            How = "step-up",
            Amr = session.Amr,
            Idp = session.Idp,
            AuthenticatedAt = session.AuthenticatedAt,
            Remember = session.Remembered,
        };
        http.GoTo(await pending.OpenAsync(person, cookies.KeepBrowser(http), session.IdHash, http.Context()) is { } ticket
            ? $"{Paths.LoginCode}?pending={ticket}{then.Query}"
            : Paths.Login + then.FirstQuery);
    }
}
