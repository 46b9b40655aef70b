using OAuthServer.Protocol;

namespace OAuthServer.Token;

/// <summary>The parameter scope, which every grant reads alike (RFC 6749 §3.3).</summary>
internal static class TokenParameters
{
    /// <summary>The requested scope, empty when there is none.</summary>
    public static Result<string[]> Scope(Parameters parameters) =>
        Protocol.Scope.Parse(parameters["scope"]) is { } scope
            ? scope
            : OAuthError.InvalidScope("scope has characters outside the grammar", "printable ASCII without quote and backslash", null);
}
