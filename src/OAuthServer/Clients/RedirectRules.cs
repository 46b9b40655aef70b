using System.Buffers;
using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// Which redirect URIs may be registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1). <see cref="Problem"/> says what the
/// database's redirect_uri_problem says, word for word; <see cref="Refusal"/> adds what holds for unregistered clients only.
/// </summary>
public static class RedirectRules
{
    /// <summary>So many addresses of one kind a client that no operator made may have.</summary>
    public const int Most = 10;

    /// <summary>Characters of one URI.</summary>
    public const int Longest = 2048;

    private static readonly SearchValues<char> ToBeEncoded = SearchValues.Create("\"<>\\^`{|}");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-");
    private static readonly SearchValues<char> EndOfAuthority = SearchValues.Create("/?#");

    /// <summary>Schemes that run code or open files: nobody may have them, whatever a setting says.</summary>
    public static bool RunsCode(string scheme) => scheme is "javascript" or "data" or "file" or "vbscript" or "blob" or "about";

    /// <summary>What is wrong with the form of a redirect URI, in words without the value, or null.</summary>
    public static string? Problem(string uri)
    {
        if (uri.Length == 0) return "A redirect URI is empty";
        if (uri.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return "A redirect URI has a space, a control character or a character outside ASCII";
        if (uri.Length > Longest) return "A redirect URI is longer than 2048 characters";
        if (Scheme(uri) is not { } scheme) return "A redirect URI is not absolute";
        if (RunsCode(scheme)) return "A redirect URI has a scheme that can run code";
        if (uri.Contains('#')) return "A redirect URI has a fragment";
        if (uri.Contains('*')) return "A redirect URI has a wildcard";
        if (uri.AsSpan().ContainsAny(ToBeEncoded)) return "A redirect URI has a character that must be percent-encoded";
        var authority = Authority(uri, scheme);
        if (authority.Contains('@')) return "A redirect URI carries user information";
        if (scheme is not ("http" or "https")) return null;

        var (host, port) = Split(authority);
        if (host.Length == 0) return "A redirect URI has no host";
        if (port.Length > 0 && !IsPort(port)) return "A redirect URI has a malformed port";
        if (scheme == "http" && !RedirectUri.IsLoopback("http://" + host)) return "An http redirect URI is for this computer only";
        if (scheme == "https" && host != "localhost" && !IsDomainName(host))
            return "An https redirect URI needs a fully qualified domain name";
        return null;
    }

    /// <summary>RFC 7591 §2 and §5, for a client that registers itself: the refusal of one of its URIs, or null.</summary>
    public static OAuthError? Refusal(string uri, Settings settings)
    {
        if (Problem(uri) is { } problem) return OAuthError.InvalidRedirectUri(problem, uri);
        var scheme = Scheme(uri)!;
        if (IsOwnOrigin(uri, settings))
            return OAuthError.InvalidRedirectUri("A redirect URI points at this server itself", uri);
        if (settings.RegistrationLoopbackOnly && !RedirectUri.IsLoopback(uri))
            return OAuthError.InvalidRedirectUri("This server registers loopback redirect URIs only", uri);
        if (scheme is not ("http" or "https")
            && !settings.RegistrationSchemes.Split(' ').Contains(scheme, StringComparer.OrdinalIgnoreCase))
            return OAuthError.InvalidRedirectUri("This private-use scheme is not on the list of this server", uri);
        return null;
    }

    /// <summary>
    /// An https URI that could be a redirect URI has a domain name: good enough to be kept as a page of the client. Never fetched.
    /// </summary>
    public static bool IsPage(string uri) => Problem(uri) is null && Scheme(uri) == "https" && Authority(uri, "https").Contains('.');

    /// <summary>
    /// Whether a URI without a <see cref="Problem"/> leads to a page of this server. Ports as numbers: a browser takes :0443 for
    /// :443.
    /// </summary>
    public static bool IsOwnOrigin(string uri, Settings settings)
    {
        if (Scheme(uri) is not { } scheme || scheme is not ("http" or "https")) return false;
        var issuer = new Uri(settings.Issuer);
        var (host, port) = Split(Authority(uri, scheme));
        return issuer.Scheme == scheme && issuer.Host == host
            && issuer.Port == (port.Length > 0 ? int.Parse(port.AsSpan(1)) : scheme == "https" ? 443 : 80);
    }

    private static (string Host, string Port) Split(string authority)
    {
        var bracket = authority.StartsWith('[') ? authority.IndexOf(']') + 1 : 0;
        var end = bracket > 0 ? bracket : authority.IndexOf(':') is >= 0 and var colon ? colon : authority.Length;
        return (authority[..end], authority[end..]);
    }

    // RFC 3986 §3.1, lower case; null when there is none.
    private static string? Scheme(string uri)
    {
        var colon = uri.IndexOf(':');
        return colon > 0 && char.IsAsciiLetter(uri[0]) && uri.AsSpan(0, colon).IndexOfAnyExcept(SchemeCharacters) < 0
            ? uri[..colon].ToLowerInvariant() : null;
    }

    // Read by hand, as RedirectUri does: Uri canonicalises. Lower case; empty when no "//" follows the scheme.
    private static string Authority(string uri, string scheme)
    {
        var rest = uri.AsSpan(scheme.Length + 1);
        if (!rest.StartsWith("//")) return "";
        rest = rest[2..];
        var end = rest.IndexOfAny(EndOfAuthority);
        return (end < 0 ? rest : rest[..end]).ToString().ToLowerInvariant();
    }

    private static bool IsPort(string port) =>
        port is [':', _, ..] && port.Length <= 6 && !port.AsSpan(1).ContainsAnyExceptInRange('0', '9')
            && int.Parse(port.AsSpan(1)) is > 0 and <= 65535;

    private static bool IsDomainName(string host) =>
        host.Length <= 253
        && host.Split('.') is { Length: > 1 } labels
        && labels.All(label => label.Length > 0 && label[0] != '-' && label[^1] != '-'
            && label.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-'))
        && labels[^1].Length > 1 && char.IsAsciiLetterLower(labels[^1][0]);
}
