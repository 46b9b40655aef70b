using OAuthServer.Audit;
using OAuthServer.Authorization.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// /login: GET asks for name and password, POST proves them. Where it leads is a stored request or a page of ours by its key: never
/// a URL that came with the query (CWE-601).
/// </summary>
public sealed class LoginEndpoint(
    PendingRequests pendingRequests, NextStep steps, Consents consents, SignIn signIn, Entry entry, Sessions sessions, Cookies cookies,
    Forms forms, AuditLog audit, SignInOffers offers, StraightOn straightOn)
{
    /// <summary>The form; or on with the request, when its person is signed in and did not come to switch.</summary>
    public async Task ShowAsync(HttpContext http)
    {
        var cancel = http.RequestAborted;
        var query = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        if (query.Problem() is { } bad)
        {
            await RefuseAsync(http, bad);
            return;
        }

        var session = await sessions.FindAsync(cookies.Session(http), cancel);
        AuthorizationRequest? request = null;
        if (query["request"] is { } pending)
        {
            if ((await pendingRequests.FindAsync(pending, cookies.Browser(http), http.Context().Address, cancel))
                .Refused(out var error, out request))
            {
                await RefuseAsync(http, error);
                return;
            }

            if (session is not null && query["switch"] is null && await steps.NextAsync(request, session) is not Step.SignIn)
            {
                http.GoTo($"{Paths.Authorize}/{pending}");
                return;
            }
        }
        else if (session is not null && query["switch"] is null)
        {
            http.GoTo(new Waiting(null, Waiting.Known(query["page"])).Destination);
            return;
        }

        var hint = query["switch"] is null ? request?.LoginHint ?? "" : "";
        var ways = await offers.ReadAsync(hint, query["local"] is not null, cancel);
        var then = new Waiting(request, Waiting.Known(query["page"]))
        {
            IsForAnother = session is not null && request?.Expects(session) is false,
            Offers = ways,
        };
        if (query["switch"] is null && await straightOn.GoesAsync(http, then, session)) return;
        await http.LoginAsync(forms.Field(http, cookies.KeepBrowser(http)), then, hint);
    }

    /// <summary>Signs in under a new session id; the browser's previous session ends.</summary>
    public async Task AuthenticateAsync(HttpContext http)
    {
        var browser = cookies.Browser(http);
        // Bound to the browser, not to a session: two tabs may both be at the sign-in.
        if ((await forms.ReadAsync(http, browser)).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error);
            return;
        }

        var cancelled = form[LoginPage.Decision] == LoginPage.Cancel;
        AuthorizationRequest? request = null;
        if (form["request"] is { } pending
            && (await pendingRequests.FindAsync(pending, browser, http.Context().Address, http.RequestAborted))
                .Refused(out error, out request))
        {
            if (!cancelled || !await CancelAsync(http, form, null)) await RefuseAsync(http, error);
            return;
        }

        if (cancelled && request is not null)
        {
            if (!await CancelAsync(http, form, request)) await RefuseAsync(http, PendingRequests.Gone());
            return;
        }

        var then = new Waiting(request, Waiting.Known(form["page"])) { IsForAnother = await IsForAnotherAsync(http, request) };
        var (username, password, context) = (form[LoginPage.Username] ?? "", form[LoginPage.Password] ?? "", http.Context());
        if (Missing(username, password) is { Length: > 0 } missing)
        {
            error = OAuthError.InvalidRequest(
                "Enter your username and password", "a field was left empty", "sign-in", "username and password",
                    $"no {string.Join(", no ", missing)}");
            await audit.RefusedAsync(AuditEvents.SignIn, error, context);
            await AgainAsync(http, browser!, then, username, error, missing);
            return;
        }

        if ((await signIn.AuthenticateAsync(username, password, context, http.RequestAborted)).Refused(out error, out var user))
        {
            await AgainAsync(http, browser!, then, username, error);
            return;
        }

        var person = Authenticated.ByPassword(user) with { Remember = form[LoginPage.Remember] is not null };
        if (await entry.LetInAsync(http, person, then)) return;
        error = SignIn.Wrong("the person was disabled while signing in");
        await audit.RefusedAsync(AuditEvents.SignIn, error, context, subject: user.Subject.ToString());
        await AgainAsync(http, browser!, then, username, error);
    }

    // The app learns that nobody signed in. Null: the request was answered a moment ago, perhaps by this very press.
    private async Task<bool> CancelAsync(HttpContext http, Parameters form, AuthorizationRequest? request)
    {
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        var decision = new PostedDecision(cookies.BrowserSecret(http)!, form["request"]!, session,
            form.All.Where(field => field.Key != Forms.FieldName));
        var answer = request is null ? null : await consents.CancelAsync(request, decision, http.Context());
        if ((answer ?? await consents.AnswerAgainAsync(decision, http.Context())) is not { } told) return false;
        await http.AnswerClientAsync(told);
        return true;
    }

    private async Task AgainAsync(HttpContext http, byte[] browser, Waiting then, string username, OAuthError error,
        params string[] missing)
    {
        http.Response.SetErrorHeaders(error);
        var ways = await offers.ReadAsync(username, local: true, http.RequestAborted);
        await http.LoginAsync(forms.Field(http, browser), then with { Offers = ways }, username, error, missing);
    }

    private async Task<bool> IsForAnotherAsync(HttpContext http, AuthorizationRequest? request) =>
        request is { ExpectedSubject: not null }
        && await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is { } session && !request.Expects(session);

    private static string[] Missing(string username, string password) => (username.Trim().Length, password.Length) switch
    {
        (0, 0) => [LoginPage.Username, LoginPage.Password],
        (0, _) => [LoginPage.Username],
        (_, 0) => [LoginPage.Password],
        _ => [],
    };

    private async Task RefuseAsync(HttpContext http, OAuthError error)
    {
        await audit.RefusedAsync(AuditEvents.SignIn, error, http.Context());
        await Refusals.RefuseAsync(http, error);
    }
}
