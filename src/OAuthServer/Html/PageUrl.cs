namespace OAuthServer.Html;

/// <summary>URLs of pages, below the issuer.</summary>
public static class PageUrl
{
    /// <summary>A path with a query of what has a value.</summary>
    public static string Of(string path, params (string Name, string? Value)[] query)
    {
        var text =
            string.Join('&', query.Where(one => !string.IsNullOrEmpty(one.Value))
            .Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value!)}"));
        return text.Length == 0 ? path : $"{path}?{text}";
    }
}
