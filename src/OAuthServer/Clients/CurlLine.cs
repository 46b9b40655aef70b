using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>A line to paste that uses a new secret as the client's kind does.</summary>
internal static class CurlLine
{
    /// <param name="method">Null: what the kind uses.</param>
    /// <param name="grantTypes">The first of them but refresh_token is shown; none of them: what the kind uses.</param>
    public static string Of(Settings settings, string kind, string? method, IReadOnlyCollection<string>? grantTypes, string client,
        string secret)
    {
        // The id of a document has characters that Basic carries only encoded (RFC 6749 §2.3.1), and others that a shell would obey.
        var who = method == AuthMethod.ClientSecretPost.Name || client.Contains(':')
            ? $"--data-urlencode {Word($"client_id={client}")} -d client_secret={secret}"
            : $"-u {client}:{secret}";
        if (kind == "resource-server") return $"curl -s {who} -d token=ACCESS_TOKEN {settings.Issuer}{Paths.Introspect}";
        var shown = GrantType.All.FirstOrDefault(one => grantTypes?.Contains(one.Name) == true && one != GrantType.RefreshToken)
            ?? GrantType.All.First(one => one.DefaultFor.Contains(kind));
        return $"curl -s {who} -d grant_type={shown.Name}{Needs(shown)} {settings.Issuer}{Paths.Token}";
    }

    // What comes beside the grant type, to be filled in.
    private static string Needs(GrantType type) =>
        type == GrantType.AuthorizationCode ? " -d code=CODE -d code_verifier=VERIFIER"
        : type == GrantType.JwtBearer ? " -d assertion=ASSERTION"
        : type == GrantType.TokenExchange ? $" -d subject_token=ACCESS_TOKEN -d subject_token_type={TokenTypes.AccessToken}"
        : type == GrantType.DeviceCode ? " -d device_code=DEVICE_CODE"
        : "";

    private static string Word(string text) =>
        text.All(character => char.IsAsciiLetterOrDigit(character) || "=_.~:/-".Contains(character)) ? text
            : $"'{text.Replace("'", "'\\''")}'";
}
