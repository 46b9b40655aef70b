namespace OAuthServer.Protocol;

/// <summary>RFC 6749 §3.3: a list of scope tokens separated by single spaces.</summary>
public static class Scope
{
    /// <summary>Requests refresh tokens; granted or ignored, never written into a token.</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>A token of this very server with it reads why requests were refused.</summary>
    public const string ReadAudit = "audit:read";

    /// <summary>OpenID Connect Core §3.1.2.1: requests an id_token.</summary>
    public const string OpenId = "openid";

    /// <summary>
    /// OpenID Connect Core §5.4: clients send them from habit. Those that this server has no row for are ignored, and all of them without
    /// <see cref="OpenId"/>.
    /// </summary>
    public static IReadOnlyList<string> OfOpenIdConnect { get; } = [OpenId, "profile", "email", "address", "phone"];

    /// <summary>Null when a character outside the grammar occurs. Order is kept, repeats are dropped, runs of spaces are one.</summary>
    public static string[]? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return [];
        foreach (var character in text)
            if (character is not (' ' or '!' or (>= '#' and <= '[') or (>= ']' and <= '~')))
                return null;

        return [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The wire form.</summary>
    public static string Join(IEnumerable<string> scope) => string.Join(' ', scope);
}
