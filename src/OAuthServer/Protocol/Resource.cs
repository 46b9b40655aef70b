namespace OAuthServer.Protocol;

/// <summary>RFC 8707 resource indicators: what an access token is for.</summary>
public static class Resource
{
    /// <summary>RFC 8707 §2: an absolute URI without a fragment, at most 2048 characters.</summary>
    public static bool IsWellFormed(string resource) =>
        resource.Length <= 2048
        && !resource.Contains('#')
        && resource.Contains("://", StringComparison.Ordinal)
        && Uri.TryCreate(resource, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0;

    /// <summary>The same resource: scheme and host in any case, one trailing slash more or less; all else octet by octet.</summary>
    public static bool Same(string one, string other) => string.Equals(Fold(one), Fold(other), StringComparison.Ordinal);

    /// <summary>What <see cref="Same"/> compares.</summary>
    public static string Fold(string resource)
    {
        var authority = resource.IndexOf("://", StringComparison.Ordinal) + 3;
        if (authority < 3) return resource;
        var path = resource.AsSpan(authority).IndexOfAny('/', '?');
        var end = path < 0 ? resource.Length : authority + path;
        var folded = string.Concat(resource[..end].ToLowerInvariant(), resource.AsSpan(end));
        return folded.EndsWith('/') ? folded[..^1] : folded;
    }
}
