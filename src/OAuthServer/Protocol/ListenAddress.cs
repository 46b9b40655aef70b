using System.Net;
using System.Text;

namespace OAuthServer.Protocol;

/// <summary>Where the server listens: an address or a name and a port, or a unix socket (http://unix:/run/oauth.sock).</summary>
public sealed record ListenAddress
{
    private const int LongestSocket = 107;
    private const string UnixHost = "unix:/";

    /// <summary>Whether TLS ends here.</summary>
    public required bool Tls { get; init; }

    /// <summary>The socket's file; null on TCP.</summary>
    public string? Socket { get; private init; }

    /// <summary>An address, localhost, or a name that is resolved at start.</summary>
    public string Host { get; private init; } = "";

    public int Port { get; private init; }

    /// <summary>Reads OAuth__Listen, or what stands for it when it is empty; <paramref name="problem"/> says what to write.</summary>
    public static ListenAddress? Of(Settings settings, out string? problem)
    {
        if (settings.Listen.Length > 0) return Parse(settings.Listen, settings.TlsCertificateFile.Length > 0, out problem);
        problem = null;
        var issuer = new Uri(settings.Issuer);
        return new ListenAddress
        {
            Tls = settings.TlsCertificateFile.Length > 0,
            Host = issuer.IsLoopback ? issuer.IdnHost : "127.0.0.1",
            Port = issuer.IsLoopback ? issuer.Port : 8080,
        };
    }

    /// <summary>Reads OAuth__MetricsListen, which is not empty.</summary>
    public static ListenAddress? OfMetrics(Settings settings, out string? problem)
    {
        var at = Parse(settings.MetricsListen, certificate: false, out problem);
        if (at is not null && Of(settings, out _) is { } own && own with { Tls = false } == at)
        {
            problem = "write another port than the server's own: figures are not for clients";
            return null;
        }

        return at;
    }

    private static ListenAddress? Parse(string text, bool certificate, out string? problem)
    {
        var tls = text.StartsWith("https://", StringComparison.Ordinal);
        var rest = text.Split("://", 2) is ["http" or "https", var after] ? after : "";
        problem = rest.Length == 0 ? "write http://127.0.0.1:8080, https://[::]:443 with a certificate, or http://unix:/run/oauth.sock"
            : tls && !certificate ? "https needs a certificate: set OAuth__TlsCertificateFile, or write http:// behind a proxy"
            : !tls && certificate ? "a certificate is set, so write https://; without OAuth__TlsCertificateFile it is http://"
            : null;
        if (problem is not null) return null;

        if (rest.StartsWith(UnixHost, StringComparison.Ordinal))
        {
            var file = rest[(UnixHost.Length - 1)..];
            problem = file.EndsWith('/') || Encoding.UTF8.GetByteCount(file) > LongestSocket
                ? $"name the socket's file, at most {LongestSocket} octets long, such as http://unix:/run/oauth.sock"
                : null;
            return problem is null ? new ListenAddress { Tls = tls, Socket = file } : null;
        }

        problem = !Uri.TryCreate(text, UriKind.Absolute, out var url)
                ? "write an address and a port, such as http://127.0.0.1:8080, or http://[::]:8080 for all addresses"
            : url.AbsolutePath != "/" || url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0
                ? "write scheme, address and port only; the path is the issuer's"
            // 127.1 and 8080 are addresses to a URL's reader, and hardly what was meant.
            : IPAddress.TryParse(url.Host, out _) && !rest.Contains(url.Host, StringComparison.OrdinalIgnoreCase)
                ? "write the address in full, such as 127.0.0.1 or [::]"
            : null;
        return problem is null ? new ListenAddress { Tls = tls, Host = url!.IdnHost.Trim('[', ']'), Port = url.Port } : null;
    }
}
