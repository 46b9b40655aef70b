using OAuthServer.Audit;
using OAuthServer.Authorization.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// /end-session (OpenID Connect RP-Initiated Logout 1.0): apps send people here to sign out. An id_token of this very sign-in ends it
/// at once; everything else asks the person first.
/// </summary>
public sealed class EndSessionEndpoint(EndSessionChecks checks, Sessions sessions, Cookies cookies, Forms forms, AuditLog audit)
{
    // A URL that our own server would take: the rest of the line is path and protocol.
    private const int LongestQuery = 7 * 1024;

    public async Task BeginAsync(HttpContext http)
    {
        var parameters = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        http.Speak(parameters["ui_locales"]);
        if ((await checks.ReadAsync(parameters, http.RequestAborted)).Refused(out var error, out var request))
        {
            await RefuseAsync(http, error, parameters, session);
            return;
        }

        // Anybody can name an app, or register one and keep a hint for it: where that leads is the person's click (RFC 9700 §4.11).
        if (session is null && request is { Hint: not null, IsVouchedFor: true, Onward: not null }) http.GoToClient(request.Onward);
        else if (session is null) await http.SignedOutAsync(request);
        else if (request.IsAbout(session)) await EndAsync(http, session, request);
        else await http.EndSessionAsync(forms.Field(http, session.IdHash), session, request, parameters);
    }

    /// <summary>
    /// POST is the same request (RP-Initiated Logout §2), but from another site it comes without our cookies: on by GET.
    /// </summary>
    public async Task RedirectAsync(HttpContext http)
    {
        if ((await http.FormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null, null);
            return;
        }

        var query = QueryOf(form, Uri.EscapeDataString);
        if (form.Problem() is { } malformed) await RefuseAsync(http, malformed, form, null);
        else if (query.Length > LongestQuery) await RefuseAsync(http, TooLong(query), form, null);
        else http.GoTo(Paths.EndSession + query);
    }

    /// <summary>The person presses the button.</summary>
    public async Task ConfirmAsync(HttpContext http)
    {
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        if ((await http.FormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null, session);
            return;
        }

        if ((session is null ? Forms.Foreign(http) : await forms.RefusalAsync(http, session.IdHash)) is { } forged)
        {
            await RefuseAsync(http, forged, form, session);
            return;
        }

        var query = QueryOf(form, OpaqueState.Sanitize);
        if (session is null)
        {
            // The second click of two: nobody is signed in any more.
            http.GoTo(query.Length > LongestQuery ? Paths.Logout : Paths.EndSession + query);
            return;
        }

        var parameters = Parameters.OfQuery(query);
        if ((await checks.ReadAsync(parameters, http.RequestAborted)).Refused(out error, out var request))
            await RefuseAsync(http, error, parameters, session);
        else await EndAsync(http, session, request);
    }

    private async Task EndAsync(HttpContext http, SessionRow session, EndSessionRequest request)
    {
        await sessions.EndAsync(session, request.ClientId, http.Context());
        cookies.EndSession(http);
        if (request.Onward is { } onward) http.GoToClient(onward);
        else http.GoTo(CompanySignOut.PageAfter(session.Idp));
    }

    // state is opaque: the form of ours carries it as it came, percent-encoded; an app's own form in plain text.
    private static string QueryOf(Parameters form, Func<string, string> state)
    {
        var pairs = EndSessionChecks.Known.Where(name => form[name] is not null)
            .Select(name => $"{name}={(name == "state" ? state(form[name]!) : Uri.EscapeDataString(form[name]!))}");
        return string.Join('&', pairs) is { Length: > 0 } query ? "?" + query : "";
    }

    private static OAuthError TooLong(string query) => OAuthError.InvalidRequest("The request body is too large",
        "more than a URL can carry", "RFC 9110 §15.5.14", $"{LongestQuery} characters", $"{query.Length}") with
    { Status = 413 };

    private async Task RefuseAsync(HttpContext http, OAuthError error, Parameters? parameters, SessionRow? session)
    {
        var client = parameters is null ? null : await checks.ClientIdAsync(parameters);
        await audit.RefusedAsync(AuditEvents.EndSession, error, http.Context(), client, session?.Subject.ToString());
        await Refusals.RefuseAsync(http, error);
    }
}
