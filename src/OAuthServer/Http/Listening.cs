using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>Where Kestrel listens, with which certificate, and the limits a request must keep to.</summary>
public static class Listening
{
    /// <summary>Octets, its end included.</summary>
    public const int LongestRequestLine = 8 * 1024;

    /// <summary>What the operator has to change before the server can listen, or null: a name or a certificate that is no use.</summary>
    public static string? Problem(Settings settings)
    {
        if (ListenAddress.Of(settings, out var problem) is not { } at) return $"OAuth__Listen: {problem}";
        if (ServerCertificate.Problem(settings) is { } certificate) return certificate;
        if (Unresolved(at) is { } unresolved) return $"OAuth__Listen: {unresolved}";
        if (settings.MetricsListen.Length == 0) return null;
        problem = ListenAddress.OfMetrics(settings, out var metrics) is { } place ? Unresolved(place) : metrics;
        return problem is null ? null : $"OAuth__MetricsListen: {problem}";
    }

    private static string? Unresolved(ListenAddress at)
    {
        try
        {
            return at.Socket is not null || Resolve(at.Host).Length > 0 ? null : $"the name {at.Host} has no address";
        }
        catch (SocketException fault)
        {
            return $"the name {at.Host} cannot be resolved ({fault.Message}); write an address";
        }
    }

    public static void Configure(KestrelServerOptions kestrel, Settings settings, TimeProvider time)
    {
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector = _ => HeaderText.Encoding;
        kestrel.Limits.MaxRequestBodySize = Request.MostBodyBytes;
        kestrel.Limits.MaxRequestLineSize = LongestRequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        // 64 KiB then take at most 21 s, and whoever drips is gone after five.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(4096, TimeSpan.FromSeconds(5));

        var at = ListenAddress.Of(settings, out var problem) ?? throw new InvalidOperationException(problem);
        var certificate = at.Tls
            ? new ServerCertificate(settings, time, kestrel.ApplicationServices.GetRequiredService<ILogger<ServerCertificate>>())
            : null;
        At(kestrel, at, Tls);

        void Tls(ListenOptions listen)
        {
            if (certificate is not null)
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = TimeSpan.FromSeconds(5),
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                    {
                        ServerCertificateContext = certificate.Current,
                        EnabledSslProtocols = settings.Tls12 ? SslProtocols.Tls13 | SslProtocols.Tls12 : SslProtocols.Tls13,
                    }),
                });
            listen.UseFirstByte();
        }
    }

    /// <summary>Listens at an address, a name or a socket.</summary>
    /// <param name="configure">What else a listener there is told.</param>
    public static void At(KestrelServerOptions kestrel, ListenAddress at, Action<ListenOptions>? configure = null)
    {
        configure ??= _ => { };
        if (at.Socket is { } file)
        {
            RemoveLeftover(file);
            kestrel.ListenUnixSocket(file, configure);
        }
        else if (at.Host == "localhost") kestrel.ListenLocalhost(at.Port, configure);
        else
            foreach (var address in Resolve(at.Host))
                kestrel.Listen(address, at.Port, configure);
    }

    private static IPAddress[] Resolve(string host) =>
        host == "localhost" ? [IPAddress.Loopback] : IPAddress.TryParse(host, out var address) ? [address] : Dns.GetHostAddresses(host);

    // A server that was killed leaves its socket behind, on which nobody can listen again.
    private static void RemoveLeftover(string file)
    {
        if (new FileInfo(file) is not { Exists: true, Length: 0 }) return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try { probe.Connect(new UnixDomainSocketEndPoint(file)); }
        catch (SocketException fault)
        {
            if (fault.SocketErrorCode == SocketError.ConnectionRefused) File.Delete(file);
        }
    }
}
