using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// Client id document draft §3: which URLs may be client ids. Compared as they came, since parsers repair what they read.
/// </summary>
public static class ClientDocumentUrl
{
    private const string Scheme = "https://";
    private const int Longest = 2048;

    /// <summary>Whether this id asks to be fetched at all.</summary>
    public static bool IsUrl(string id) => id.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>The refusal, or null when it may be fetched.</summary>
    public static OAuthError? Problem(string id) =>
        !IsUrl(id) ? Refuse("not https", "https://", id)
        : id.Length > Longest ? Refuse("too long", $"at most {Longest} characters", $"{id.Length} characters")
        : id.Any(character => character is <= ' ' or > '~' or '\\') ? Refuse("a character no URL has", "printable ASCII", id)
        : id.Contains('#') ? Refuse("a fragment", "none", id)
        : Authority(id).Contains('@') ? Refuse("user information", "none", id)
        : Path(id) is "" or "/" ? Refuse("no path", "https://host/path", id)
        : HasDotSegment(Path(id)) ? Refuse("a dot segment", "a path without . and .. segments, encoded or not", id)
        // What is fetched is what was asked for: no default port, upper case host, short IPv4 form or needless escape.
        : !Uri.TryCreate(id, UriKind.Absolute, out var url) || url.AbsoluteUri != id
            ? Refuse("not in its plain form", url?.AbsoluteUri ?? "a URL", id)
        : null;

    /// <summary>The host, to name it to a person: lower-case ASCII by the rules above.</summary>
    public static string Host(string id) => new Uri(id).IdnHost;

    private static string Authority(string id) => id[Scheme.Length..].Split('/', '?')[0];

    private static string Path(string id) => id[(Scheme.Length + Authority(id).Length)..].Split('?')[0];

    private static bool HasDotSegment(string path) =>
        path.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase)
            .Replace("%2f", "/", StringComparison.OrdinalIgnoreCase)
            .Replace("%5c", "/", StringComparison.OrdinalIgnoreCase)
            .Split('/').Any(segment => segment is "." or "..");

    private static OAuthError Refuse(string reason, string expected, string got) =>
        OAuthError.InvalidClient($"not a client id document's URL: {reason}", "CIMD §3", expected, got)
            with
        { Status = 400, Description = "This app is not registered here" };
}
