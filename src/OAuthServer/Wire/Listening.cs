using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OAuthServer.Protocol;

namespace OAuthServer.Wire;

/// <summary>Where Kestrel listens, with which certificate, and the limits a request must keep to.</summary>
public static class Listening
{
    public static void Configure(KestrelServerOptions kestrel, Settings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = Request.MostBodyBytes;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        // 64 KiB then take at most 21 s, and whoever drips is gone after five.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(4096, TimeSpan.FromSeconds(5));

        var issuer = new Uri(settings.Issuer);
        var at = settings.Listen.Length > 0 ? new Uri(settings.Listen) : new Uri($"http://{(issuer.IsLoopback ? issuer.Authority : "127.0.0.1:8080")}");
        if (at.Host == "localhost") kestrel.ListenLocalhost(at.Port, Tls);
        else if (IPAddress.TryParse(at.Host.Trim('[', ']'), out var address)) kestrel.Listen(address, at.Port, Tls);
        else kestrel.ListenAnyIP(at.Port, Tls);

        void Tls(ListenOptions listen)
        {
            if (settings.TlsCertificateFile.Length > 0)
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = X509Certificate2.CreateFromPemFile(settings.TlsCertificateFile, settings.TlsKeyFile),
                    SslProtocols = settings.Tls12 ? SslProtocols.Tls13 | SslProtocols.Tls12 : SslProtocols.Tls13,
                    HandshakeTimeout = TimeSpan.FromSeconds(5),
                });
            listen.UseFirstByte();
        }
    }
}
