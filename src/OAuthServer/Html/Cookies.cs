using OAuthServer.Grants;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Html;

/// <summary>
/// Our two cookies: the session's, and one that names the browser before anybody has signed in. Both hold 256 random bits and
/// nothing else, are HttpOnly and Secure, and bound to this host (__Host-, RFC 6265bis §4.1.3.2). Their names end in a hash of the
/// issuer: cookies ignore ports, and two servers on one host would sign each other out.
/// </summary>
public sealed class Cookies(Settings settings)
{
    private const int TokenLength = 43;

    private readonly string session = Name("s", settings);
    private readonly string browser = Name("b", settings);

    /// <summary>A cookie's name for one purpose on one issuer.</summary>
    public static string Name(string purpose, Settings settings) =>
        $"__Host-oauth-{purpose}-{Convert.ToHexStringLower(OpaqueToken.Hash(settings.Issuer))[..8]}";

    /// <summary>The session id the browser sent, or gets with this answer; or null.</summary>
    public string? Session(HttpContext http) => http.Items[this] as string ?? Read(http, session);

    /// <summary>
    /// Signs the browser in; the cookie goes when the browser closes, unless the session is remembered, the session on the server by its
    /// own limits.
    /// </summary>
    public void SetSession(HttpContext http, StartedSession started)
    {
        http.Items[this] = started.Id;
        var options = Options();
        if (started.RememberedUntil is { } until) options.MaxAge = until - http.Context().At;
        http.Response.Cookies.Append(session, started.Id, options);
    }

    public void EndSession(HttpContext http) => http.Response.Cookies.Delete(session, Options());

    /// <summary>SHA-256 of the browser's own cookie, or null before it has one.</summary>
    public byte[]? Browser(HttpContext http) => BrowserSecret(http) is { } id ? OpaqueToken.Hash(id) : null;

    /// <summary>The browser's own cookie: what is sealed with it, only this browser can open.</summary>
    public string? BrowserSecret(HttpContext http) => Read(http, browser);

    /// <summary>SHA-256 of the browser's own cookie, which it gets with this answer if it had none.</summary>
    public byte[] KeepBrowser(HttpContext http)
    {
        if (Browser(http) is { } known) return known;
        var id = OpaqueToken.Mint();
        http.Response.Cookies.Append(browser, id, Options());
        return OpaqueToken.Hash(id);
    }

    // Lax: the browser comes to /authorize from the client's site. Secure also over http: browsers count loopback as secure.
    private static CookieOptions Options() =>
        new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };

    private static string? Read(HttpContext http, string name) =>
        http.Request.Cookies[name] is { Length: TokenLength } value ? value : null;
}
