using OAuthServer.Protocol;

namespace OAuthServer.Discovery;

/// <summary>GET /.well-known/security.txt (RFC 9116): where to report a weakness.</summary>
public sealed class SecurityTextEndpoint(Settings settings, TimeProvider time)
{
    // RFC 9116 §2.5.5 recommends less than a year.
    private static readonly TimeSpan Valid = TimeSpan.FromDays(90);

    public Task HandleAsync(HttpContext http)
    {
        var contact = settings.SecurityContact.Length > 0 ? settings.SecurityContact : $"mailto:security@{new Uri(settings.Issuer).Host}";
        http.Response.Headers.CacheControl = "public, max-age=86400";
        return Results.Text($"""
            Contact: {contact}
            Expires: {time.GetUtcNow() + Valid:yyyy-MM-ddTHH:mm:ssZ}
            Preferred-Languages: en
            Canonical: {settings.Issuer[..^settings.IssuerPath.Length]}{Paths.SecurityText}

            """, "text/plain; charset=utf-8").ExecuteAsync(http);
    }
}
