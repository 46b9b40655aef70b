using System.Buffers.Text;
using System.Collections.Frozen;
using System.Text.Json;

namespace OAuthServer.Tokens;

/// <summary>
/// What the token library must not see is refused here: anything but three parts (never five, CVE-2024-21319), base64url in a second
/// spelling, a header other than <see cref="JwsWriter"/> writes.
/// </summary>
internal static class OwnTokenForm
{
    private static readonly FrozenSet<string> KnownHeaders = new[] { "alg", "kid", "typ" }.ToFrozenSet();

    /// <summary>The kid of a token in the form of ours, with this <paramref name="type"/> in its header; null for all others.</summary>
    public static string? KidOf(string token, string type)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || !parts.All(IsCanonical)) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]), new JsonDocumentOptions { MaxDepth = 2 });
            if (header.RootElement.ValueKind != JsonValueKind.Object) return null;
            var members = header.RootElement.EnumerateObject().ToList();
            if (members.Count != KnownHeaders.Count
                || !members.All(member => KnownHeaders.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String)
                || members.DistinctBy(member => member.Name).Count() != members.Count
                || !header.RootElement.GetProperty("typ").ValueEquals(type)) return null;
            return header.RootElement.GetProperty("kid").GetString();
        }
        catch (Exception fault) when (fault is JsonException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a part of a token is base64url in the one spelling there is.</summary>
    public static bool IsCanonical(string part)
    {
        if (part.Length == 0 || !Base64Url.IsValid(part)) return false;
        return Base64Url.EncodeToString(Base64Url.DecodeFromChars(part)) == part;
    }
}
