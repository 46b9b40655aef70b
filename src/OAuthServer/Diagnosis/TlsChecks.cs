using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace OAuthServer.Diagnosis;

/// <summary>The connection: HTTPS, the certificate's chain, names and end, and that nothing is answered without TLS (RFC 9325).</summary>
internal static class TlsChecks
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(21);

    public static async IAsyncEnumerable<Finding> RunAsync(Examination it, [EnumeratorCancellation] CancellationToken cancel)
    {
        var issuer = it.Options.Issuer;
        if (!it.IsHttps)
        {
            it.IsTrusted = issuer.IsLoopback;
            yield return Finding.Demand("tls.scheme", issuer.IsLoopback, "http, on this computer only", "the issuer is http",
                "Serve it over HTTPS: passwords, codes and tokens can be read on the way (RFC 6749 §1.6)");
            yield break;
        }

        var (seen, problem) = await HandshakeAsync(it, cancel);
        if (seen is null)
        {
            yield return Finding.Fail("tls.connect", problem!,
                $"Look whether a server listens at {issuer.Host}:{issuer.Port} and speaks TLS 1.2 or 1.3: curl -v {it.Options.IssuerText}");
            yield break;
        }

        using (seen)
        {
            foreach (var finding in Judge(it, seen)) yield return finding;
        }

        yield return await PlainAsync(it, cancel);
    }

    private static IEnumerable<Finding> Judge(Examination it, Handshake seen)
    {
        it.IsTrusted = seen.Problems == SslPolicyErrors.None;
        yield return Finding.Demand("tls.version", seen.Protocol is SslProtocols.Tls12 or SslProtocols.Tls13, $"{seen.Protocol}",
            $"{seen.Protocol}", "Allow TLS 1.2 and 1.3 only (RFC 9325 §3.1.1)");

        // What is too old has a check of its own.
        var flaws = seen.Chain.Where(status => status.Status is not (X509ChainStatusFlags.NoError or X509ChainStatusFlags.NotTimeValid))
            .Select(status => $"{status.Status}").Distinct().ToArray();
        yield return Finding.Demand("tls.chain", flaws.Length == 0, $"trusted, issued by {seen.Certificate.Issuer}",
            seen.IsSelfSigned ? "the certificate is self-signed" : $"the chain is not trusted: {string.Join(", ", flaws)}",
            "Install a certificate of a public CA with its intermediates (fullchain.pem). For a CA of your own: --ca-file ca.pem");
        yield return Finding.Demand("tls.name", !seen.Problems.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch),
            $"the certificate is for {it.Options.Issuer.Host}",
            $"the certificate is not for {it.Options.Issuer.Host}, but {seen.Certificate.Subject}",
            $"Install a certificate that names {it.Options.Issuer.Host} among its subjectAltNames");
        yield return Validity(it, seen);
    }

    private static Finding Validity(Examination it, Handshake seen)
    {
        var (now, end) = (it.Time.GetUtcNow(), new DateTimeOffset(seen.Certificate.NotAfter.ToUniversalTime()));
        const string Renew = "Renew it, and look why the renewal that should have come did not: certbot renew --dry-run, for one";
        if (end <= now) return Finding.Fail("tls.expiry", $"the certificate expired on {end:yyyy-MM-dd}", Renew);
        if (seen.Certificate.NotBefore.ToUniversalTime() > now.UtcDateTime)
            return Finding.Fail("tls.expiry", $"the certificate is valid from {seen.Certificate.NotBefore.ToUniversalTime():u} only",
                "Set the clock of this computer, or install the certificate that is valid now");
        return Finding.Advise("tls.expiry", end - now > Soon, $"valid until {end:yyyy-MM-dd}",
            $"the certificate expires in {(end - now).TotalDays:0} days, on {end:yyyy-MM-dd}", Renew);
    }

    // RFC 8414 §3: metadata is served over TLS only; a redirect to HTTPS is welcome.
    private static async Task<Finding> PlainAsync(Examination it, CancellationToken cancel)
    {
        const string Check = "tls.plain";
        if ((it.Options.PlainPort ?? (it.Options.Issuer.Port == 443 ? 80 : null)) is not { } port)
            return Finding.Skipped(Check, "the issuer has a port of its own, so there is no usual one for plain HTTP beside it");
        var plain = new UriBuilder(it.Inserted(Protocol.Paths.ServerMetadata)) { Scheme = Uri.UriSchemeHttp, Port = port }.Uri;
        var answer = await it.Remote.GetAsync(plain, cancel);
        if (answer.Problem is not null) return Finding.Pass(Check, "nothing answers over plain HTTP");
        if (answer.Location is { } to)
            return Finding.Demand(Check, to.Scheme == Uri.UriSchemeHttps, "plain HTTP redirects to HTTPS",
                $"plain HTTP redirects to {to}", "Redirect to the same path over https");
        return Finding.Demand(Check, !answer.IsOk, $"plain HTTP is refused with {answer.Status}",
            "the metadata is served over plain HTTP, too",
            "Redirect all of http to https, or close the port: who is on the way can send clients elsewhere (RFC 8414 §6.1)");
    }

    private static async Task<(Handshake? Seen, string? Problem)> HandshakeAsync(Examination it, CancellationToken cancel)
    {
        var issuer = it.Options.Issuer;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(it.Options.PerRequest);
        Handshake? seen = null;
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(issuer.IdnHost, issuer.Port, patience.Token);
            await using var tls = new SslStream(socket.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = issuer.IdnHost,
                CertificateChainPolicy = Remote.Trust(it.Options),
                RemoteCertificateValidationCallback = (_, certificate, chain, problems) =>
                {
                    if (certificate is X509Certificate2 leaf)
                        seen = new Handshake(X509CertificateLoader.LoadCertificate(leaf.RawData), problems, chain?.ChainStatus ?? []);
                    return true;
                },
            }, patience.Token);
            return seen is null ? (null, "the server has no certificate") : (seen with { Protocol = tls.SslProtocol }, null);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"no TLS handshake within {it.Options.PerRequest.TotalSeconds:0} s");
        }
        catch (Exception fault) when (fault is SocketException or IOException or AuthenticationException)
        {
            return (null, $"no TLS connection: {Remote.Innermost(fault).Message}");
        }
    }

    private sealed record Handshake(X509Certificate2 Certificate, SslPolicyErrors Problems, X509ChainStatus[] Chain) : IDisposable
    {
        public SslProtocols Protocol { get; init; }

        public bool IsSelfSigned => Certificate.SubjectName.RawData.AsSpan().SequenceEqual(Certificate.IssuerName.RawData);

        public void Dispose() => Certificate.Dispose();
    }
}
