using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>
/// What is shown when a sign-in at a company has failed: the sign-in page again, which has the other ways; to who is signed in already,
/// a page with the way back. Always with another try.
/// </summary>
public sealed class FederationRefusals(SignInOffers offers, Cookies cookies, Forms forms)
{
    /// <summary>To who wanted to sign in.</summary>
    /// <param name="request">The app's request that waits; null: none.</param>
    public async Task AtSignInAsync(HttpContext http, Provider provider, OAuthError error, AuthorizationRequest? request, string? page)
    {
        http.Response.SetErrorHeaders(error);
        var ways = await offers.ReadAsync(request?.LoginHint, local: false, http.RequestAborted);
        var then = new Waiting(request, page) { Offers = ways with { Failed = (provider, error) } };
        await http.LoginAsync(forms.Field(http, cookies.KeepBrowser(http)), then, "", status: error.Status);
    }

    /// <summary>To who must sign in here, as the provider does not say when they did so there.</summary>
    public async Task AskHereAsync(HttpContext http, Provider provider, string username, AuthorizationRequest? request, string? page)
    {
        var ways = await offers.ReadAsync(null, local: true, http.RequestAborted);
        var then = new Waiting(request, page) { Offers = ways with { WithoutTime = provider, Providers = [] } };
        await http.LoginAsync(forms.Field(http, cookies.KeepBrowser(http)), then, username);
    }

    /// <summary>To who is signed in.</summary>
    /// <param name="purpose">What they wanted: to link, or to prove who they are.</param>
    /// <param name="antiforgery">The field of the form to try again; null: nobody is signed in any more.</param>
    /// <param name="page">The key of the page they came from.</param>
    public static Task SignedInAsync(
        HttpContext http, Provider provider, OAuthError error, FederationPurpose purpose, Markup? antiforgery, string page)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        http.Response.SetErrorHeaders(error);
        Markup again = antiforgery is not { } field ? Markup.None : $"""
            <form method="post" action="{settings.IssuerPath}{Paths.Federation}/{provider.Id}">
            {field}<input type="hidden" name="purpose" value="{FederationRequests.NameOf(purpose)}">
            <input type="hidden" name="page" value="{page}">
            <button type="submit">{say["Try again"]}</button>
            </form>
            """;
        return http.PageAsync(error.Status, purpose == FederationPurpose.Link ? "Link a company account" : "Confirm that it is you", $"""
            <h1>{say[purpose == FederationPurpose.Link ? "Link a company account" : "Confirm that it is you"]}</h1>
            <p class="error" role="alert">{Icons.Wrong}{FederationText.Say(error, provider, say)}</p>
            {again}
            <p><a class="way" href="{settings.IssuerPath + Waiting.Pages[page]}">{say["Back"]}</a></p>
            <p class="detail">{say["Error code"]}
                <a href="{settings.IssuerPath}{Paths.Errors}#{error.Code}"><code>{error.Code}</code></a></p>
            """);
    }
}
