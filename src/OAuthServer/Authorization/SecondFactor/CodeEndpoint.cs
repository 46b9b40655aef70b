using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization.SecondFactor;

/// <summary>/login/code: the second step of a sign-in. Nobody is signed in before it.</summary>
public sealed class CodeEndpoint(
    PendingSignIns pending, PendingRequests requests, Entry entry, Sessions sessions, Cookies cookies, Forms forms, AuditLog audit)
{
    public async Task ShowAsync(HttpContext http)
    {
        var query = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        if (query.Problem() is { } bad)
        {
            await RefuseAsync(http, bad, null);
            return;
        }

        if (cookies.Browser(http) is not { } browser
            || await pending.FindAsync(query["pending"], browser, http.Context(), http.RequestAborted) is not { } row)
        {
            StartOver(http, query);
            return;
        }

        await ShowAsync(http, browser, query, row, null);
    }

    public async Task TakeAsync(HttpContext http)
    {
        var browser = cookies.Browser(http);
        if ((await forms.ReadAsync(http, browser)).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null);
            return;
        }

        var context = http.Context();
        if (form["pending"] is not { } ticket || await pending.FindAsync(ticket, browser, context, http.RequestAborted) is not { } row)
        {
            StartOver(http, form);
            return;
        }

        if ((await pending.TakeAsync(ticket, browser!, row, form[CodePage.Code] ?? "", context)).Refused(out error, out var person))
        {
            await audit.RefusedAsync(AuditEvents.SecondFactor, error, context, subject: row.Subject.ToString());
            if (error.Status is 401 or 429 && await pending.FindAsync(ticket, browser, context, http.RequestAborted) is not null)
                await ShowAsync(http, browser!, form, row, error);
            else StartOver(http, form);
            return;
        }

        // A session becomes surer, and only the one that was to: in the meantime another may have begun in this browser.
        if (row.SessionHash is { } expected
            && !(await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is { } session
                && session.IdHash.AsSpan().SequenceEqual(expected)))
        {
            StartOver(http, form);
            return;
        }

        if (!await entry.StartAsync(http, person)) StartOver(http, form);
        else http.GoTo((await WaitingAsync(http, form)).Destination);
    }

    private async Task ShowAsync(HttpContext http, byte[] browser, Parameters parameters, PendingSignInRow row, OAuthError? error)
    {
        if (error is not null) http.Response.SetErrorHeaders(error);
        await http.CodeAsync(forms.Field(http, browser), await WaitingAsync(http, parameters), new CodeView
        {
            Ticket = parameters["pending"]!,
            Pending = row,
            WithRecoveryCode = parameters["recovery"] is not null,
            Error = error,
        });
    }

    // The request itself may have ended meanwhile: the sign-in does not need it.
    private async Task<Waiting> WaitingAsync(HttpContext http, Parameters parameters)
    {
        var found = await requests.FindAsync(parameters["request"], cookies.Browser(http), http.Context().Address, http.RequestAborted);
        return new Waiting(found.Refused(out _, out var request) ? null : request, Waiting.Known(parameters["page"]));
    }

    private static void StartOver(HttpContext http, Parameters parameters) =>
        http.GoTo(parameters["request"] is { } request
            && request.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            ? $"{Paths.Login}?request={request}"
            : Waiting.Known(parameters["page"]) is { } page ? $"{Paths.Login}?page={page}" : Paths.Login);

    private async Task RefuseAsync(HttpContext http, OAuthError error, Guid? subject)
    {
        await audit.RefusedAsync(AuditEvents.SecondFactor, error, http.Context(), subject: subject?.ToString());
        await Refusals.RefuseAsync(http, error);
    }
}
