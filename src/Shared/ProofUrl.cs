using System.Text.RegularExpressions;

namespace OAuthServer.Shared;

/// <summary>
/// The htu of a DPoP proof (RFC 9449 §4.3, item 9): two URLs are one when they differ in the case of scheme and host, a default port,
/// escapes of unreserved characters (RFC 3986 §6.2.2, §6.2.3), query or fragment, and in nothing else.
/// </summary>
internal static partial class ProofUrl
{
    private const int Longest = 2048;

    /// <summary>Whether a proof for this URL is one for ours.</summary>
    /// <param name="htu">As it came.</param>
    /// <param name="own">Where the request went, as it is configured: never by the Host header.</param>
    public static bool Same(string htu, string own) =>
        string.Equals(htu, own, StringComparison.Ordinal) || (Plain(htu) is { } plain && plain == Plain(own));

    // Null: no http URL, or one with user information.
    private static string? Plain(string url)
    {
        if (url.Length > Longest || Parts().Match(url) is not { Success: true } parts) return null;
        var (scheme, host, port, path) = (Text("scheme").ToLowerInvariant(), Text("host").ToLowerInvariant(), Text("port"), Text("path"));
        var usual = scheme == "https" ? "443" : "80";
        return $"{scheme}://{host}{(port == "" || port == usual ? "" : ":" + port)}{(path == "" ? "/" : Escape().Replace(path, Unescape))}";

        string Text(string part) => parts.Groups[part].Value;
    }

    private static string Unescape(Match escape)
    {
        var character = (char)Convert.ToByte(escape.Value[1..], 16);
        return char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~' ? character.ToString()
            : escape.Value.ToUpperInvariant();
    }

    [GeneratedRegex(
        @"^(?<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?<host>[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:(?<port>[0-9]*))?(?<path>/[!-""$->@-~]*)?([?#][!-~]*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();

    [GeneratedRegex("%[0-9A-Fa-f]{2}", RegexOptions.CultureInvariant)]
    private static partial Regex Escape();
}
