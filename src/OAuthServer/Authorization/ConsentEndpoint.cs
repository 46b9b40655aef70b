using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// /consent: GET asks, POST answers. Both read the stored request anew; a posted field can only leave out scopes of it, never
/// change client, redirect URI or anything else.
/// </summary>
public sealed class ConsentEndpoint(
    PendingRequests pendingRequests, NextStep steps, Consents consents, ResourceDirectory resources, Sessions sessions,
    Cookies cookies, Forms forms, AuditLog audit, Settings settings, TimeProvider time)
{
    public async Task ShowAsync(HttpContext http)
    {
        var parameters = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        if ((await FindAsync(http, parameters)).Refused(out var error, out var request))
        {
            await RefuseAsync(http, error, null, null);
            return;
        }

        http.Speak(request.UiLocales);
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        if (session is null || await steps.NextAsync(request, session) is not Step.Consent consent)
        {
            Resume(http, request);
            return;
        }

        if (consents.Prompted(request, session) is { } tooOften)
        {
            await RefuseAsync(http, tooOften, request, session);
            return;
        }

        await ShowAsync(http, request, session, consent, null, onlyReading: parameters["only"] == "read");
    }

    public async Task AnswerAsync(HttpContext http)
    {
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        if ((await http.FormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null, session);
            return;
        }

        if (form.Problem() is { } malformed)
        {
            await RefuseAsync(http, malformed, null, session);
            return;
        }

        var forged = await forms.RefusalAsync(http, session?.IdHash);
        var decision = forged is null && session is not null && cookies.BrowserSecret(http) is { } browser && form["request"] is { } pending
            ? new PostedDecision(browser, pending, session, form.All.Where(field => field.Key != Forms.FieldName))
            : null;
        var found = await pendingRequests.FindAsync(form["request"], cookies.Browser(http), http.Context().Address, http.RequestAborted);
        if (!found.Refused(out error, out var request)) http.Speak(request.UiLocales);
        if (request is null && decision is not null && await AnswerAgainAsync(http, decision)) return;
        if (request is null || decision is null)
        {
            // Signed out or in anew in another tab: the request itself is still open.
            var again = request is null
                ? null
                : new ErrorPage.Link($"{settings.IssuerPath}{Paths.Authorize}/{request.PendingRequest!.Id}",
                    http.Language()["Open it again"]);
            await RefuseAsync(http, forged ?? error ?? PendingRequests.Gone(), request, session, again);
            return;
        }

        // Allow: the same was allowed in another tab meanwhile. All else is decided anew.
        var consent = await steps.NextAsync(request, session) switch
        {
            Step.Consent step => step,
            Step.Allow(var remembered) => new Step.Consent(remembered),
            _ => null,
        };
        if (consent is null)
        {
            Resume(http, request);
            return;
        }

        switch (form["decision"])
        {
            case "allow":
                await AllowAsync(http, request, consent, form, decision);
                break;
            case "deny":
                await AnswerAsync(http, request, decision, await consents.DenyAsync(request, decision, http.Context()));
                break;
            default:
                await RefuseAsync(http, OAuthError.InvalidRequest("Choose Allow or Deny", "no decision came", "consent", "allow or deny",
                    form["decision"]), request, session);
                break;
        }
    }

    private async Task AllowAsync(HttpContext http, AuthorizationRequest request, Step.Consent consent, Parameters form,
        PostedDecision decision)
    {
        var session = decision.Session;
        if (Array.Find(GrantDuration.For(request.Client), one => one.Key == (form["until"] ?? GrantDuration.Longest)) is not { } duration)
        {
            await RefuseAsync(http, OAuthError.InvalidRequest("Choose one of the times offered", "an end nobody was offered", "consent",
                "one of the form's own", form["until"]), request, session);
            return;
        }

        var known = await resources.ReadAsync(http.RequestAborted);
        var scope = request.Scope.Where(one => ConsentPage.IsFixed(one, known) || form[ConsentPage.FieldOf(one)] is not null).ToArray();
        // What an API is told may have become more since the page was shown: it is shown again.
        var wasShown = (form[ConsentPage.Shown] ?? "").Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var onward = OnwardOffer.Ticked(request.Onward, form);
        var tellsMore = onward is null || request.Shown.Except(wasShown).Any();
        if (onward is null || tellsMore || scope.All(one => one == Scope.OfflineAccess))
        {
            await ShowAsync(http, request, session, consent, form, tellsMore: tellsMore);
            return;
        }

        var allowed = new Allowance
        {
            Decision = decision,
            Scope = scope,
            Onward = onward,
            GrantDuration = duration,
            Remembered = consent.Remembered,
        };
        await AnswerAsync(http, request, decision, await consents.AllowAsync(request, allowed, http.Context()));
    }

    // Null: the request was answered a moment ago, perhaps by this very decision.
    private async Task AnswerAsync(HttpContext http, AuthorizationRequest request, PostedDecision decision, ClientAnswer? answer)
    {
        if (answer is not null) await http.AnswerClientAsync(answer);
        else if (!await AnswerAgainAsync(http, decision)) await RefuseAsync(http, PendingRequests.Gone(), request, decision.Session);
    }

    private async Task<bool> AnswerAgainAsync(HttpContext http, PostedDecision decision)
    {
        if (await consents.AnswerAgainAsync(decision, http.Context()) is not { } answer) return false;
        await http.AnswerClientAsync(answer);
        return true;
    }

    private async Task ShowAsync(
        HttpContext http, AuthorizationRequest request, SessionRow session, Step.Consent consent, Parameters? answered,
        bool onlyReading = false, bool tellsMore = false) =>
        await http.ConsentAsync(forms.Field(http, session.IdHash), new ConsentView
        {
            Request = request,
            Session = session,
            Known = await resources.ReadAsync(http.RequestAborted),
            Remembered = consent.Remembered,
            Now = time.GetUtcNow(),
            OnlyReading = onlyReading,
            Answered = answered,
            TellsMore = tellsMore,
        });

    private async Task<Result<AuthorizationRequest>> FindAsync(HttpContext http, Parameters parameters)
    {
        if (parameters.Problem() is { } malformed) return malformed;
        if (Decided(parameters) is { } decided) return decided;
        return await pendingRequests.FindAsync(parameters["request"], cookies.Browser(http), http.Context().Address, http.RequestAborted);
    }

    // A link that somebody else made could press the button (CWE-352): an answer is a form of ours, posted.
    private static OAuthError? Decided(Parameters parameters) => parameters["decision"] is not { } decision ? null
        : OAuthError.InvalidRequest("Choose Allow or Deny", "a decision by GET", "CWE-352", "a form, posted", decision);

    private static void Resume(HttpContext http, AuthorizationRequest request) =>
        http.GoTo($"{Paths.Authorize}/{request.PendingRequest!.Id}");

    private async Task RefuseAsync(HttpContext http, OAuthError error, AuthorizationRequest? request, SessionRow? session,
        ErrorPage.Link? link = null)
    {
        await audit.RefusedAsync(AuditEvents.Consent, error, http.Context(), request?.Client.Id, session?.Subject.ToString());
        await Refusals.RefuseAsync(http, error, link);
    }
}
