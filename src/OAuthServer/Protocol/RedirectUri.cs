namespace OAuthServer.Protocol;

/// <summary>RFC 6749 §3.1.2 and RFC 8252: where a code may go.</summary>
public static class RedirectUri
{
    /// <summary>
    /// OAuth 2.1 §2.3.1: octet by octet. RFC 8252 §7.3: for an http loopback address (and the name localhost, which native
    /// clients use) the port is free and an empty path equals "/"; host literal, path and query are not.
    /// </summary>
    /// <param name="anyPort">True for public clients, the only ones native apps register as.</param>
    public static bool Matches(string registered, string presented, bool anyPort) =>
        string.Equals(registered, presented, StringComparison.Ordinal)
        || (anyPort
            && Loopback(registered) is { } one
            && Loopback(presented) is { } other
            && string.Equals(one.Host, other.Host, StringComparison.Ordinal)
            && string.Equals(one.Path, other.Path, StringComparison.Ordinal));

    /// <summary>True for http URIs whose host is this computer.</summary>
    public static bool IsLoopback(string uri) => Loopback(uri) is not null;

    /// <summary>The host to show a person; for private-use schemes, the scheme.</summary>
    public static string Host(string uri)
    {
        var parsed = new Uri(uri, UriKind.Absolute);
        return parsed.Host.Length > 0 && parsed.Scheme is "http" or "https" ? parsed.Host : parsed.Scheme + ":";
    }

    /// <summary>The URI, otherwise as it is, with more parameters in its query.</summary>
    public static string With(string uri, string parameters) =>
        $"{uri}{(!uri.Contains('?') ? "?" : uri[^1] is '?' or '&' ? "" : "&")}{parameters}";

    // Read by hand: Uri canonicalises, and what it accepts is wider than what a loopback redirect may look like.
    private static (string Host, string Path)? Loopback(string uri)
    {
        const string scheme = "http://";
        if (!uri.StartsWith(scheme, StringComparison.Ordinal) || uri.Contains('#')) return null;
        var end = uri.AsSpan(scheme.Length).IndexOfAny('/', '?');
        var authority = end < 0 ? uri[scheme.Length..] : uri.Substring(scheme.Length, end);
        var path = end < 0 ? "/" : uri[(scheme.Length + end)..];
        if (path[0] == '?') path = "/" + path;

        var portAt = authority.StartsWith('[') ? authority.IndexOf(']') + 1 : authority.IndexOf(':');
        var host = portAt <= 0 ? authority : authority[..portAt];
        var port = portAt <= 0 || portAt == authority.Length ? null : authority[(portAt + 1)..];
        if (portAt > 0 && portAt < authority.Length && authority[portAt] != ':') return null;
        if (port is not null && !(port.Length is > 0 and <= 5 && port.All(char.IsAsciiDigit) && int.Parse(port) is > 0 and <= 65535))
            return null;
        return host is "localhost" or "[::1]" || IsLoopbackV4(host) ? (host, path) : null;
    }

    private static bool IsLoopbackV4(string host)
    {
        var parts = host.Split('.');
        return parts is ["127", _, _, _]
               && parts.All(part => part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit) && int.Parse(part) <= 255
                   && (part.Length == 1 || part[0] != '0'));
    }
}
