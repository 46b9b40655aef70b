using OAuthServer.Audit;
using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>Sends browsers to providers.</summary>
public sealed class Departures(Upstreams upstreams, FederationRequests requests, AuditLog audit)
{
    /// <summary>303 to the provider; or why not, audited, and nothing was answered.</summary>
    public async Task<OAuthError?> BeginAsync(HttpContext http, Provider provider, Departure departure)
    {
        var error = !provider.HasSecret
            ? FederationErrors.WrongSetUp("there is no secret: oauth-server providers secret " + provider.Id)
            : await GoAsync(http, provider, departure);
        if (error is not null)
            await audit.RefusedAsync(AuditEvents.Federation, error, http.Context(), detail: Detail(provider, departure.Purpose));
        return error;
    }

    /// <summary>What the audit log says of a sign-in at a company that failed.</summary>
    public static string Detail(Provider provider, FederationPurpose purpose) =>
        $"provider={provider.Id} purpose={FederationRequests.NameOf(purpose)}";

    /// <summary>What an app's request wants of the sign-in.</summary>
    /// <param name="request">Null: no app waits.</param>
    public static Departure For(AuthorizationRequest? request, Provider provider, byte[] browser, byte[]? session, string? page)
    {
        // Where this server asks in the provider's place, the provider need not.
        var anew = request is not null && (request.Prompt.Contains("login") || request.MaxAge == 0);
        return new Departure
        {
            Browser = browser,
            Session = session,
            Purpose = FederationPurpose.SignIn,
            PendingRequest = request?.PendingRequest?.Id,
            Page = page,
            Anew = anew,
            AsksHere = anew && provider.Row.Reauth == "local",
            MaxAge = request?.MaxAge,
            Choose = request?.Prompt.Contains("select_account") is true,
            LoginHint = request?.LoginHint,
            UiLocales = request?.UiLocales,
        };
    }

    private async Task<OAuthError?> GoAsync(HttpContext http, Provider provider, Departure departure)
    {
        if ((await upstreams.ReadAsync(provider, http.RequestAborted)).Refused(out var error, out var upstream)) return error;
        if ((await requests.BeginAsync(upstream, departure, http.Context().Address)).Refused(out error, out var to)) return error;
        http.GoToClient(to);
        return null;
    }
}
