using System.Net.Http.Headers;

namespace OAuthServer.Diagnosis;

/// <summary>
/// The cookies of one sign-in, by origin. Browsers send Secure cookies over http to localhost, and .NET's container does not; paths and
/// ends do not matter for a minute at one server.
/// </summary>
internal sealed class CookieJar
{
    private readonly Dictionary<string, Dictionary<string, string>> byOrigin = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The Cookie header for a URL; null: there are none.</summary>
    public string? HeaderFor(Uri url) =>
        byOrigin.TryGetValue(OriginOf(url), out var cookies) && cookies.Count > 0
            ? string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")) : null;

    /// <summary>Keeps what an answer sets, and drops what it takes back (RFC 6265 §5.2.2: an age of zero, a past end).</summary>
    public void Keep(Uri url, HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (!headers.TryGetValues("Set-Cookie", out var lines)) return;
        if (!byOrigin.TryGetValue(OriginOf(url), out var cookies)) byOrigin[OriginOf(url)] = cookies = new(StringComparer.Ordinal);
        foreach (var parts in lines.Select(line => line.Split(';', StringSplitOptions.TrimEntries)))
        {
            var pair = parts[0].Split('=', 2);
            if (pair is not [{ Length: > 0 } name, var value]) continue;
            if (Array.Exists(parts, part => IsOver(part, now))) cookies.Remove(name);
            else cookies[name] = value;
        }
    }

    private static bool IsOver(string attribute, DateTimeOffset now) => attribute.Split('=', 2) switch
    {
        [var name, var seconds] when name.Equals("max-age", StringComparison.OrdinalIgnoreCase) => seconds is "0" or ['-', ..],
        [var name, var date] when name.Equals("expires", StringComparison.OrdinalIgnoreCase) =>
            DateTimeOffset.TryParse(date, System.Globalization.CultureInfo.InvariantCulture, out var end) && end <= now,
        _ => false,
    };

    private static string OriginOf(Uri url) => url.GetLeftPart(UriPartial.Authority);
}
