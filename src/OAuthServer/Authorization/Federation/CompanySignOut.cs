using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>
/// Signing out here leaves the session at the company as it is; who came by one is offered to end that, too (OpenID Connect
/// RP-Initiated Logout §2), and comes back to /signed-out.
/// </summary>
public sealed class CompanySignOut(ProviderDirectory directory, Upstreams upstreams, Settings settings)
{
    /// <summary>In the query of the page: the id of the provider they came by.</summary>
    public const string From = "from";

    /// <summary>Where who signed out goes next.</summary>
    /// <param name="idp">The provider they came by; null: none.</param>
    public static string PageAfter(string? idp) => idp is null ? Paths.Logout : PageUrl.Of(Paths.SignedOut, (From, idp));

    public async Task ShowAsync(HttpContext http)
    {
        var parameters = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        await http.SignedOutAsync(company: await OfferAsync(http, parameters[From]));
    }

    /// <summary>The offer; nothing where they came by no provider, or by one that has no sign-out.</summary>
    public async Task<Markup> OfferAsync(HttpContext http, string? idp)
    {
        if (await directory.FindAsync(idp, http.RequestAborted) is not { } provider
            || (await upstreams.MetadataAsync(provider, http.RequestAborted)).Refused(out _, out var metadata)
            || metadata.EndSessionEndpoint is not { } end) return Markup.None;
        var to = RedirectUri.With(end.AbsoluteUri, $"client_id={Uri.EscapeDataString(provider.Row.ClientId)}"
            + $"&post_logout_redirect_uri={Uri.EscapeDataString(settings.Issuer + Paths.SignedOut)}");
        return $"""
            <p><a rel="noreferrer" href="{to}">{http.Language().Put("Also sign out of {0}", FederationText.Name(provider))}</a></p>
            """;
    }
}
