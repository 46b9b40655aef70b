using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.Features;

namespace OAuthServer.Http;

/// <summary>
/// Cookies by their exact names (RFC 6265 §5.4). ASP.NET Core's own collection takes <c>__host-x</c> for <c>__Host-x</c>, and a
/// sibling host may set the first: only browsers' exact prefix promises that a cookie is this host's. Of two with one name, the first.
/// </summary>
public sealed class ExactCookies(IHeaderDictionary headers) : IRequestCookiesFeature, IRequestCookieCollection
{
    private Dictionary<string, string>? all;

    IRequestCookieCollection IRequestCookiesFeature.Cookies
    {
        get => this;
        set => throw new NotSupportedException("cookies are what the browser sent");
    }

    public int Count => All.Count;

    public ICollection<string> Keys => All.Keys;

    public string? this[string key] => All.GetValueOrDefault(key);

    private Dictionary<string, string> All => all ??= Read(headers);

    public bool ContainsKey(string key) => All.ContainsKey(key);

    public bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => All.TryGetValue(key, out value);

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => All.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Dictionary<string, string> Read(IHeaderDictionary headers)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in headers.Cookie.SelectMany(header => (header ?? "").Split(';')))
            if (pair.Split('=', 2) is [var name, var value])
                read.TryAdd(name.Trim(), value.Trim());
        return read;
    }
}

/// <summary>Puts <see cref="ExactCookies"/> in the place of the framework's, for everything that follows.</summary>
public static class ExactCookieReading
{
    public static void UseExactCookies(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // What answers machines reads no cookies.
        if (!http.Route.HasFlag(RouteTraits.Json)) http.Features.Set<IRequestCookiesFeature>(new ExactCookies(http.Request.Headers));
        return next(http);
    });
}
