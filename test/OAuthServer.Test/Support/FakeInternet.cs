using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using OAuthServer.Fetch;

namespace OAuthServer.Test.Support;

/// <summary>
/// The world outside as the fetcher sees it: names that a test invents, an authority it trusts, and every connection written
/// down. Nothing leaves this computer: what is not on loopback is unreachable.
/// </summary>
public sealed class FakeInternet : IAsyncDisposable
{
    private static int count;
    private readonly ConcurrentDictionary<string, Func<IPAddress[]>> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentBag<WebApplication> hosts = [];
    private readonly X509Certificate2 authority = Certificates.Authority("Outside");

    public FakeInternet() => Network = new Network { ResolveAsync = ResolveAsync, ConnectAsync = ConnectAsync, Roots = [authority] };

    public Network Network { get; }

    /// <summary>Every address a connection was asked for.</summary>
    public ConcurrentQueue<IPEndPoint> Connections { get; } = [];

    /// <summary>Every name that was looked up.</summary>
    public ConcurrentQueue<string> Lookups { get; } = [];

    /// <summary>Where connections to a public address end instead; null: nowhere.</summary>
    public IPEndPoint? Redirect { get; set; }

    public void Name(string name, params string[] addresses) => names[name] = () => [.. addresses.Select(IPAddress.Parse)];

    /// <summary>A name that changes: each lookup takes the next answer, the last one stays.</summary>
    public void Rebind(string name, params string[] answers)
    {
        var next = new Queue<string>(answers);
        names[name] = () => [IPAddress.Parse(next.Count > 1 ? next.Dequeue() : next.Peek())];
    }

    /// <summary>A host of documents on https and loopback, under a name of its own.</summary>
    /// <param name="certificate">What it shows for its name; null: a good one of our authority.</param>
    public async Task<DocumentHost> HostAsync(RequestDelegate answer, Func<string, X509Certificate2>? certificate = null)
    {
        var name = $"h{Interlocked.Increment(ref count)}.example";
        var host = new DocumentHost(name, TestServer.FreePort()) { Answer = answer };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, host.Port, listen =>
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate?.Invoke(name)
                ?? Certificates.Leaf(authority, name)
                }));
        });
        var app = builder.Build();
        app.Run(async http =>
        {
            host.Requests.Enqueue(http.Request.Path);
            await host.Answer(http);
        });
        await app.StartAsync();
        hosts.Add(app);
        Name(name, "127.0.0.1");
        return host;
    }

    public X509Certificate2 Certificate(string name, int validFromDays = -1, int validToDays = 1,
        string usage = Certificates.ServerAuthentication) => Certificates.Leaf(authority, name, validFromDays, validToDays, usage: usage);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts) await host.DisposeAsync();
    }

    private Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancel)
    {
        Lookups.Enqueue(name);
        return names.TryGetValue(name, out var addresses) ? Task.FromResult(addresses())
            : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
    }

    private Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancel)
    {
        Connections.Enqueue(address);
        return IPAddress.IsLoopback(address.Address) ? Network.OpenAsync(address, cancel)
            : Redirect is { } detour ? Network.OpenAsync(detour, cancel)
            : Task.FromException<Socket>(new SocketException((int)SocketError.HostUnreachable));
    }
}

/// <summary>One host of documents.</summary>
public sealed class DocumentHost(string name, int port)
{
    public string Name => name;

    public int Port => port;

    /// <summary>May be changed while it runs.</summary>
    public required RequestDelegate Answer { get; set; }

    public ConcurrentQueue<string> Requests { get; } = [];

    public string Url(string path = "/client.json") => $"https://{name}:{port}{path}";
}

/// <summary>Certificates made on the spot.</summary>
public static class Certificates
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    public static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <param name="askAt">A place the certificate names for its issuer.</param>
    public static X509Certificate2 Leaf(X509Certificate2 authority, string name, int validFromDays = -1, int validToDays = 1,
        string? askAt = null, string usage = ServerAuthentication)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        if (askAt is not null) request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [askAt]));
        using var made =
            request.Create(authority, DateTimeOffset.UtcNow.AddDays(validFromDays), DateTimeOffset.UtcNow.AddDays(validToDays),
                RandomNumberGenerator.GetBytes(8));
        return made.CopyWithPrivateKey(key);
    }
}
