using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using OAuthServer.Fetch;
using OAuthServer.Protocol;

namespace OAuthServer.Mail;

/// <summary>
/// The operator's mail server (RFC 5321), over TLS as set: what it does not offer, or whose certificate is not good, gets nothing
/// (RFC 8314 §3, CWE-319).
/// </summary>
public sealed class MailServer(Settings settings, Network network)
{
    private const int AnswerMilliseconds = 10_000;

    /// <summary>A connection that is signed in; throws when there is none as set.</summary>
    public async Task<SmtpClient> ConnectAsync(CancellationToken cancel)
    {
        var client = new SmtpClient
        {
            Timeout = AnswerMilliseconds,
            LocalDomain = new Uri(settings.Issuer).IdnHost.Trim('[', ']'),
            // The lists of revoked certificates are elsewhere, and a mail server's authority is often a company's own.
            CheckCertificateRevocation = false,
        };
        if (network.Roots is { } roots)
            client.ServerCertificateValidationCallback = (_, certificate, _, errors) => IsGood(certificate, errors, roots);
        try
        {
            await client.ConnectAsync(settings.SmtpHost, settings.SmtpPort, settings.SmtpTls switch
            {
                "tls" => SecureSocketOptions.SslOnConnect,
                "none" => SecureSocketOptions.None,
                _ => SecureSocketOptions.StartTls,
            }, cancel);
            if (settings.SmtpUser.Length > 0) await client.AuthenticateAsync(settings.SmtpUser, settings.SmtpPassword, cancel);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>A plain text mail.</summary>
    public MimeMessage Message(string to, string subject, string text, DateTimeOffset now) => new(
        [new MailboxAddress(MailAddressText.NameOf(settings.SmtpFrom), MailAddressText.Of(settings.SmtpFrom)!)],
        [new MailboxAddress("", to)], subject, new TextPart("plain") { Text = text })
    {
        Date = now,
        MessageId = $"{Guid.NewGuid():N}@{new Uri(settings.Issuer).IdnHost.Trim('[', ']')}",
        // RFC 3834 §5: nobody's absence notice answers.
        Headers = { new Header("Auto-Submitted", "auto-generated") },
    };

    private static bool IsGood(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection roots)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var own = new X509Certificate2(certificate);
        return chain.Build(own);
    }
}
