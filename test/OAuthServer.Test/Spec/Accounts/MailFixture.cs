using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>A server that sends mail, to a real mail server with STARTTLS and a certificate of an authority that it trusts.</summary>
public abstract class MailFixture : AccountFixture
{
    private readonly string folder = Directory.CreateTempSubdirectory("oauth-mail-").FullName;

    // Known before the mail server listens there: ours starts first.
    private readonly int port = TestServer.FreePort();

    protected FakeInternet Outside { get; } = new();

    protected MailSink Sink { get; private set; } = null!;

    protected virtual int SecondsPerMail => 0;

    [OneTimeSetUp]
    public async Task StartSinkAsync()
    {
        var certificate = Outside.Certificate("localhost");
        File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Sink = await MailSink.StartAsync(port, folder, SecondsPerMail);
    }

    [OneTimeTearDown]
    public async Task StopSinkAsync()
    {
        if (Sink is not null) await Sink.DisposeAsync();
        Directory.Delete(folder, true);
    }

    protected override void Register(IServiceCollection services) => services.AddSingleton(Outside.Network);

    protected override Settings Change(Settings settings) => settings with
    {
        SmtpHost = "localhost",
        SmtpPort = port,
        SmtpFrom = "Example accounts <auth@example.test>",
    };

    /// <summary>Somebody whose address is verified.</summary>
    protected async Task<(Person Person, string Email)> WithAddressAsync(string name = "alice", string? locale = null, string role = "user")
    {
        var person = await Server.UserAsync(name, role);
        var email = $"{person.Username}@example.test";
        await Server.ExecuteAsync("update users set email = @email, email_verified_at = now(), locale = @locale where subject = @Subject",
            new { email, locale, person.Subject });
        return (person, email);
    }

    /// <summary>Asks for the mail of a forgotten password.</summary>
    protected static async Task<Reply> ForgetAsync(Browser browser, string account) =>
        await browser.SubmitToAsync(Paths.ForgottenPassword, await browser.FollowAsync(Paths.ForgottenPassword), ("account", account));

    /// <summary>Waits until nothing waits to be sent.</summary>
    protected Task SentAsync() => Eventually.BecomesTrueAsync(async () =>
        await Server.ScalarAsync<long>("select count(*) from mail_outbox where finished_at is null") == 0, TimeSpan.FromSeconds(30));
}
