using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Authorization.SecondFactor;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// GET /authorize (OAuth 2.1 §4.1.1) begins a request, POST sends the browser there, GET /authorize/{request} takes up a stored one
/// again. Each takes exactly one step: ask a person on another page, or answer the client.
/// </summary>
public sealed class AuthorizeEndpoint(
    AuthorizationChecks checks, NextStep steps, PendingRequests pendingRequests, Consents consents, Sessions sessions, StepUp stepUp,
    Cookies cookies, AuditLog audit, Settings settings)
{
    public async Task BeginAsync(HttpContext http)
    {
        var query = http.Request.QueryString.Value ?? "";
        if ((await checks.ReadAsync(query, http.Context().Address, http.RequestAborted)).Refused(out var error, out var request))
        {
            await RefuseAsync(http, error, Parameters.OfQuery(query)["client_id"]);
            return;
        }

        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        var step = await steps.NextAsync(request, session);
        if (step is Step.SignIn or Step.StepUp or Step.Consent)
        {
            var opened = await pendingRequests.OpenAsync(request, query, cookies.KeepBrowser(http), http.Context().Address);
            if (opened.Refused(out error, out var pending))
            {
                await RefuseAsync(http, error, request.Client.Id, session);
                return;
            }

            request = request with { PendingRequest = pending };
        }

        await TakeAsync(http, step, request, session);
    }

    /// <summary>
    /// POST (OpenID Connect Core §3.1.2.1): the same parameters by GET. Cookies come with no request that another site posts (SameSite).
    /// </summary>
    public async Task RepeatByGetAsync(HttpContext http)
    {
        if (http.Request.QueryString.HasValue)
        {
            await RefuseAsync(http, OAuthError.InvalidRequest("the parameters of a POST stand in its body alone",
                "parameters in query and body", "OIDC Core §3.1.2.1", "parameters in the body alone", "a query"), null);
            return;
        }

        if ((await http.FormAsQueryAsync()).Refused(out var error, out var query)) await RefuseAsync(http, error, null);
        else http.GoTo($"{Paths.Authorize}?{query}");
    }

    public async Task ResumeAsync(HttpContext http)
    {
        var id = http.PathPart("request");
        var found = await pendingRequests.FindAsync(id, cookies.Browser(http), http.Context().Address, http.RequestAborted);
        if (found.Refused(out var error, out var request))
        {
            await RefuseAsync(http, error, null);
            return;
        }

        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        await TakeAsync(http, await steps.NextAsync(request, session), request, session);
    }

    private async Task TakeAsync(HttpContext http, Step step, AuthorizationRequest request, SessionRow? session)
    {
        http.Speak(request.UiLocales);
        switch (step)
        {
            case Step.SignIn:
                http.GoTo($"{Paths.Login}?request={request.PendingRequest!.Id}");
                break;
            case Step.StepUp:
                await stepUp.GoAsync(http, request, session!);
                break;
            case Step.Consent:
                http.GoTo($"{Paths.Consent}?request={request.PendingRequest!.Id}");
                break;
            case Step.Allow(var remembered) when await consents.AllowAgainAsync(request, session!, remembered, http.Context())
                is { } answer:
                await http.AnswerClientAsync(answer);
                break;
            case Step.Trust when await consents.TrustAsync(request, session!, http.Context()) is { } answer:
                await http.AnswerClientAsync(answer);
                break;
            case Step.Allow or Step.Trust:
                await RefuseAsync(http, PendingRequests.Gone(), request.Client.Id, session);
                break;
            case Step.RedirectError(var error):
                await audit.RefusedAsync(AuditEvents.Authorize, error, http.Context(), request.Client.Id, session?.Subject.ToString());
                await http.AnswerClientAsync(request.Delivery.Error(error, settings.Issuer));
                break;
            case Step.ShowError(var error):
                var told = request.Delivery.Error(error, settings.Issuer);
                var back = request.Delivery is Delivery.Device ? null : new ErrorPage.Link(told.IsPosted ? told.Uri : told.Location,
                    string.Format(CultureInfo.InvariantCulture, http.Language()["Go back to {0}"], request.Delivery.Host))
                {
                    Fields = told.IsPosted ? told.Fields : null,
                };
                await RefuseAsync(http, error, request.Client.Id, session, back);
                break;
        }
    }

    private async Task RefuseAsync(
        HttpContext http, OAuthError error, string? client, SessionRow? session = null, ErrorPage.Link? link = null)
    {
        await audit.RefusedAsync(AuditEvents.Authorize, error, http.Context(), client, session?.Subject.ToString());
        await Refusals.RefuseAsync(http, error, link);
    }
}
