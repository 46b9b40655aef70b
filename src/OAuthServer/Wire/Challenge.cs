using OAuthServer.Protocol;

namespace OAuthServer.Wire;

/// <summary>RFC 6750 §3 and RFC 9728 §5.1: what a bearer endpoint of ours says to a caller it does not let in.</summary>
public static class Challenge
{
    /// <summary>Adds the Bearer challenge to a 401: without an error code when no token came, with it when a bad one did.</summary>
    public static void Challenges(this HttpContext http, OAuthError error, Settings settings)
    {
        if (error.Status != 401) return;
        var metadata = $"{settings.Issuer[..^settings.IssuerPath.Length]}{Paths.ResourceMetadata}{settings.IssuerPath}";
        http.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{metadata}\""
            + (http.Bearer() is null ? "" : $", error=\"{error.Code}\", error_description=\"{error.Description}\"");
    }
}
