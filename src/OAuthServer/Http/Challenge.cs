using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// RFC 6750 §3, RFC 9449 §7.1 and RFC 9728 §5.1: what an endpoint of ours that takes tokens says to a caller it does not let in.
/// </summary>
public static class Challenge
{
    /// <summary>
    /// Adds the Bearer challenge to a 401 or 403: without an error code when no token came, with it when a bad or short one did.
    /// </summary>
    /// <param name="scope">What a token that is too short lacks.</param>
    public static void AddBearerChallenge(this HttpContext http, OAuthError error, Settings settings, string? scope = null)
    {
        if (error.Status is not (401 or 403)) return;
        http.Response.Headers.WWWAuthenticate = $"Bearer {Metadata(settings)}{(http.Bearer() is null ? "" : Problem(error, scope))}";
    }

    /// <summary>
    /// The same where access tokens are taken as Bearer and as DPoP. Who came with DPoP, or with a token that is bound to a key, gets that
    /// challenge alone, as clients expect; all others the Bearer one first, which is all that many of them read.
    /// </summary>
    public static void AddTokenChallenge(this HttpContext http, OAuthError error, Settings settings, string? scope = null)
    {
        if (error.Status is not (401 or 403)) return;
        var dpop = $"DPoP algs=\"{DpopRequests.Algorithms}\"";
        if (http.AccessToken()?.Scheme == DpopRequests.Header || error.Rule.StartsWith("RFC 9449", StringComparison.Ordinal))
        {
            http.Response.Headers.WWWAuthenticate = $"{dpop}, {Metadata(settings)}{Problem(error, scope)}";
            return;
        }

        http.AddBearerChallenge(error, settings, scope);
        if (error.Status == 401) http.Response.Headers.Append("WWW-Authenticate", dpop);
    }

    private static string Metadata(Settings settings) =>
        $"resource_metadata=\"{settings.Issuer[..^settings.IssuerPath.Length]}{Paths.ResourceMetadata}{settings.IssuerPath}\"";

    private static string Problem(OAuthError error, string? scope) =>
        $", error=\"{error.Code}\", error_description=\"{error.Description}\"" + (error.Status == 403 ? $", scope=\"{scope}\"" : "");
}
