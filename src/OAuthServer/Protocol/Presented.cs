using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OAuthServer.Protocol;

/// <summary>
/// How the audit log names what somebody sent and nobody here knows. People paste secrets, codes and tokens in the wrong place; a
/// length and eight digits of a hash tell two apart, and open nothing.
/// </summary>
public static partial class Presented
{
    /// <summary>An id that belongs to nobody here: never as it came.</summary>
    public static string Unknown(string id) => $"unknown ({Note(id)})";

    /// <summary>
    /// Text a caller filled, without what looks like a credential: a JSON Web Token, or 32 or more characters of base64url in a
    /// row. Ids of grants and people (RFC 9562) stay.
    /// </summary>
    public static string Redact(string text) => Credential().Replace(text, match =>
        Guid.TryParseExact(match.Value, "D", out _) ? match.Value : $"({Note(match.Value)})");

    private static string Note(string text) =>
        $"{text.Length} characters, sha256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4))}…";

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*|[A-Za-z0-9_-]{32,}", RegexOptions.CultureInvariant)]
    private static partial Regex Credential();
}
