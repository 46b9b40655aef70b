using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Grants;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Html;

/// <summary>
/// Our cookies: the session's, and one that names the browser before anybody has signed in. Both hold 256 random bits and nothing
/// else. Where mail is sent, a third remembers who signed in with this browser. All are HttpOnly and Secure, and bound to this host
/// (__Host-, RFC 6265bis §4.1.3.2). Their names end in a hash of the issuer: cookies ignore ports, and two servers on one host would
/// sign each other out.
/// </summary>
public sealed class Cookies(Settings settings)
{
    private const int TokenLength = 43;

    // As long as browsers keep a cookie.
    private const int KnownDays = 400;
    private const int MostKnown = 5, TagBytes = 16;

    private readonly string session = Name("s", settings);
    private readonly string browser = Name("b", settings);
    private readonly string known = Name("k", settings);
    private readonly byte[] knownKey =
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(settings.KeyEncryptionKey), 32, info: "known browsers"u8.ToArray());

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

    /// <summary>
    /// Whether this browser has signed this person in before, as it says itself: of each person it keeps 128 bits that only this server can
    /// read, and the server keeps nothing. From now on it has.
    /// </summary>
    public bool Recognise(HttpContext http, Guid subject)
    {
        var tag = HMACSHA256.HashData(knownKey, subject.ToByteArray())[..TagBytes];
        var tags = Tags(http);
        var isKnown = tags.Exists(one => CryptographicOperations.FixedTimeEquals(one, tag));
        if (isKnown && tags[0].AsSpan().SequenceEqual(tag)) return true;
        tags.RemoveAll(one => one.AsSpan().SequenceEqual(tag));
        tags.Insert(0, tag);
        var options = Options();
        options.MaxAge = TimeSpan.FromDays(KnownDays);
        http.Response.Cookies.Append(known, Base64Url.EncodeToString([.. tags.Take(MostKnown).SelectMany(one => one)]), options);
        return isKnown;
    }

    private List<byte[]> Tags(HttpContext http)
    {
        var octets = new byte[MostKnown * TagBytes];
        return http.Request.Cookies[known] is { Length: > 0 } value
            && Base64Url.DecodeFromChars(value, octets, out _, out var written) == OperationStatus.Done && written % TagBytes == 0
                ? [.. octets[..written].Chunk(TagBytes)] : [];
    }

    // Lax: the browser comes to /authorize from the client's site. Secure also over http: browsers count loopback as secure.
    private static CookieOptions Options() =>
        new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };

    private static string? Read(HttpContext http, string name) =>
        http.Request.Cookies[name] is { Length: TokenLength } value ? value : null;
}
