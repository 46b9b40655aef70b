using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// The certificate of a server that ends TLS itself, sent with all that its file holds between it and a root (RFC 8446 §4.4.2).
/// The files, PEM or PFX, are read again at a handshake, every 15 seconds at most; when they cannot be used, the pair in use stays.
/// </summary>
public sealed class ServerCertificate
{
    private static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(15);

    private readonly Settings settings;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock reading = new();
    private SslStreamCertificateContext current;
    private Files last;
    private long readAt;

    /// <summary>Reads the files; throws what <see cref="Problem"/> explains.</summary>
    public ServerCertificate(Settings settings, TimeProvider time, ILogger log)
    {
        (this.settings, this.time, this.log) = (settings, time, log);
        last = Read(settings);
        current = Open(last, settings.TlsPassword);
        readAt = time.GetUtcNow().UtcTicks;
    }

    /// <summary>What the next handshake presents.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            // Others go on with the old one meanwhile.
            if (Math.Abs(time.GetUtcNow().UtcTicks - Interlocked.Read(ref readAt)) < ReadEvery.Ticks || !reading.TryEnter())
                return Volatile.Read(ref current);
            try { ReadAgain(); }
            finally { reading.Exit(); }
            return current;
        }
    }

    /// <summary>Why the files cannot be used, as the operator reads it at start; null when they can, or none is set.</summary>
    public static string? Problem(Settings settings)
    {
        if (settings.TlsCertificateFile.Length == 0) return null;
        try
        {
            Open(Read(settings), settings.TlsPassword);
            return null;
        }
        catch (Exception fault) when (IsUnusable(fault))
        {
            return $"OAuth__TlsCertificateFile: {Explain(fault)}";
        }
    }

    private void ReadAgain()
    {
        Interlocked.Exchange(ref readAt, time.GetUtcNow().UtcTicks);
        try
        {
            var files = Read(settings);
            if (files.Same(last)) return;
            last = files;
            current = Open(files, settings.TlsPassword);
            log.LogInformation("The TLS certificate was renewed: {Subject}, until {Until:u}",
                current.TargetCertificate.Subject, current.TargetCertificate.NotAfter.ToUniversalTime());
        }
        catch (Exception fault) when (IsUnusable(fault))
        {
            // A certificate is often written before its key: the next reading finds the pair.
            log.LogError("The new TLS certificate cannot be used, the old one stays: {Reason}", Explain(fault));
        }
    }

    private static Files Read(Settings settings) =>
        new(File.ReadAllBytes(settings.TlsCertificateFile), settings.TlsKeyFile.Length > 0 ? File.ReadAllBytes(settings.TlsKeyFile) : null);

    private static SslStreamCertificateContext Open(Files files, string password)
    {
        X509Certificate2Collection all = [];
        X509Certificate2? leaf;
        var pem = Encoding.Latin1.GetString(files.Certificate);
        if (pem.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            var key = files.Key is null ? pem : Encoding.Latin1.GetString(files.Key);
            leaf = password.Length > 0 ? X509Certificate2.CreateFromEncryptedPem(pem, key, password)
                : X509Certificate2.CreateFromPem(pem, key);
            all.ImportFromPem(pem);
        }
        else
        {
            all = X509CertificateLoader.LoadPkcs12Collection(files.Certificate, password.Length > 0 ? password : null);
            leaf = all.FirstOrDefault(one => one.HasPrivateKey) ?? throw new CryptographicException("no certificate with a private key");
        }

        // Offline: what the file does not hold is not fetched from anywhere.
        return SslStreamCertificateContext.Create(leaf, all, offline: true);
    }

    private static bool IsUnusable(Exception fault) =>
        fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    private static string Explain(Exception fault) =>
        fault is IOException or UnauthorizedAccessException ? fault.Message
            : $"no PEM or PFX with a certificate, its chain and its private key (OAuth__TlsKeyFile, else the same file): {fault.Message}";

    private sealed record Files(byte[] Certificate, byte[]? Key)
    {
        public bool Same(Files other) => Certificate.AsSpan().SequenceEqual(other.Certificate) && Key.AsSpan().SequenceEqual(other.Key);
    }
}
