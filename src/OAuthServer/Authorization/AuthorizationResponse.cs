using OAuthServer.Protocol;

namespace OAuthServer.Authorization;

/// <summary>
/// The URL a browser is sent back to (OAuth 2.1 §4.1.2, RFC 9207): the redirect URI exactly as asked for, with code or error,
/// state if it came, and iss, each once.
/// </summary>
public static class AuthorizationResponse
{
    public static string Code(AuthorizationRequest request, string code, string issuer) => Append(request, "code=" + code, issuer);

    public static string Error(AuthorizationRequest request, OAuthError error, string issuer) =>
        Append(request, $"error={error.Code}&error_description={Uri.EscapeDataString(error.Description)}", issuer);

    private static string Append(AuthorizationRequest request, string outcome, string issuer)
    {
        var uri = request.RedirectUri;
        var separator = !uri.Contains('?') ? "?" : uri[^1] is '?' or '&' ? "" : "&";
        var state = request.State is { } encoded ? "&state=" + encoded : "";
        return $"{uri}{separator}{outcome}{state}&iss={Uri.EscapeDataString(issuer)}";
    }
}
