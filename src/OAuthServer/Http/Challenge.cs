using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>RFC 6750 §3 and RFC 9728 §5.1: what a bearer endpoint of ours says to a caller it does not let in.</summary>
public static class Challenge
{
    /// <summary>
    /// Adds the Bearer challenge to a 401 or 403: without an error code when no token came, with it when a bad or short one did.
    /// </summary>
    /// <param name="scope">What a token that is too short lacks.</param>
    public static void AddBearerChallenge(this HttpContext http, OAuthError error, Settings settings, string? scope = null)
    {
        if (error.Status is not (401 or 403)) return;
        var metadata = $"{settings.Issuer[..^settings.IssuerPath.Length]}{Paths.ResourceMetadata}{settings.IssuerPath}";
        http.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{metadata}\""
            + (http.Bearer() is null ? "" : $", error=\"{error.Code}\", error_description=\"{error.Description}\"")
            + (error.Status == 403 ? $", scope=\"{scope}\"" : "");
    }
}
