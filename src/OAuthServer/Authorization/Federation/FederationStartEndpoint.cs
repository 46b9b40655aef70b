using OAuthServer.Audit;
using OAuthServer.Federation;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Authorization.Federation;

/// <summary>
/// POST /federation/ID, from a form of ours: to a provider and back, to sign in, to link an identity there, or to prove that it is still
/// the same person.
/// </summary>
public sealed class FederationStartEndpoint(
    ProviderDirectory directory, Departures departures, FederationRefusals refusals, PendingRequests pendingRequests, Sessions sessions,
    SignedInGate gate, Cookies cookies, Forms forms, AuditLog audit)
{
    /// <summary>The key of the page to link an identity from.</summary>
    private const string AccountPage = "account";

    public async Task HandleAsync(HttpContext http)
    {
        if ((await http.FormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error);
            return;
        }

        // What is signed in changes only from a form that is of this very session; a sign-in, from one of this browser.
        switch (form["purpose"] is { } name ? FederationRequests.PurposeOf(name) : FederationPurpose.SignIn)
        {
            case FederationPurpose.SignIn:
                await SignInAsync(http);
                break;
            case FederationPurpose.Link:
                await gate.ChangeAccountAsync(http, AccountPage, page => GoAsync(page, FederationPurpose.Link, AccountPage));
                break;
            case FederationPurpose.Reauth when form["page"] is { } key && Waiting.Pages.ContainsKey(key):
                await gate.ChangeAsync(http, key, page => GoAsync(page, FederationPurpose.Reauth, key));
                break;
            default:
                await RefuseAsync(http, OAuthError.InvalidRequest("This page has expired; open it again", "an unknown purpose or page"));
                break;
        }
    }

    private async Task SignInAsync(HttpContext http)
    {
        var browser = cookies.Browser(http);
        if ((await forms.ReadAsync(http, browser)).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error);
            return;
        }

        AuthorizationRequest? request = null;
        if (form["request"] is { } pending
            && (await pendingRequests.FindAsync(pending, browser, http.Context().Address, http.RequestAborted)).Refused(out error,
                out request))
        {
            await RefuseAsync(http, error);
            return;
        }

        http.Speak(request?.UiLocales);
        if (await directory.FindAsync(http.PathPart("id"), http.RequestAborted) is not { } provider)
        {
            await RefuseAsync(http, FederationErrors.Disabled());
            return;
        }

        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        var page = Waiting.Plain(form["page"]);
        var departure = Departures.For(request, provider, browser!, session?.IdHash, page) with
        {
            Invitation = form["invitation"] is { } token ? OpaqueToken.Hash(token) : null,
        };
        if (await departures.BeginAsync(http, provider, departure) is { } refused)
            await refusals.AtSignInAsync(http, provider, refused, request, page);
    }

    private async Task GoAsync(PageRequest page, FederationPurpose purpose, string key)
    {
        var http = page.Http;
        if (await directory.FindAsync(http.PathPart("id"), http.RequestAborted) is not { } provider)
        {
            await RefuseAsync(http, FederationErrors.Disabled());
            return;
        }

        var departure = new Departure
        {
            Browser = cookies.KeepBrowser(http),
            Session = page.Session.IdHash,
            Purpose = purpose,
            Page = key,
            Anew = purpose == FederationPurpose.Reauth,
        };
        if (await departures.BeginAsync(http, provider, departure) is { } refused)
            await FederationRefusals.SignedInAsync(http, provider, refused, purpose, page.Antiforgery, key);
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error)
    {
        await audit.RefusedAsync(AuditEvents.Federation, error, http.Context(), detail: $"provider={http.PathPart("id")}");
        await Refusals.RefuseAsync(http, error);
    }
}
