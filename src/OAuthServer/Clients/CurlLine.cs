using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>A line to paste that uses a new secret as the client's kind does.</summary>
internal static class CurlLine
{
    /// <param name="method">Null: what the kind uses.</param>
    public static string Of(Settings settings, string kind, string? method, string client, string secret)
    {
        // The id of a document has characters that Basic carries only encoded (RFC 6749 §2.3.1), and others that a shell would obey.
        var who = method == AuthMethod.ClientSecretPost.Name || client.Contains(':')
            ? $"--data-urlencode {Word($"client_id={client}")} -d client_secret={secret}"
            : $"-u {client}:{secret}";
        return kind switch
        {
            "machine" => $"curl -s {who} -d grant_type={GrantType.ClientCredentials.Name} {settings.Issuer}{Paths.Token}",
            "resource-server" => $"curl -s {who} -d token=ACCESS_TOKEN {settings.Issuer}{Paths.Introspect}",
            _ => $"curl -s {who} -d grant_type={GrantType.AuthorizationCode.Name} -d "
                + $"code=CODE -d code_verifier=VERIFIER {settings.Issuer}{Paths.Token}",
        };
    }

    private static string Word(string text) =>
        text.All(character => char.IsAsciiLetterOrDigit(character) || "=_.~:/-".Contains(character)) ? text
            : $"'{text.Replace("'", "'\\''")}'";
}
