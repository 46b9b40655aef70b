using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>Without TLS nothing is sent: no falling back, whoever strips STARTTLS.</summary>
[Behaviour(97)]
public sealed class MailWithoutTlsTest : AccountFixture
{
    private readonly int port = TestServer.FreePort();
    private MailSink sink = null!;

    protected override Settings Change(Settings settings) =>
        settings with { SmtpHost = "localhost", SmtpPort = port, SmtpFrom = "auth@example.test" };

    [OneTimeSetUp]
    public async Task StartSinkAsync() => sink = await MailSink.StartAsync(port, null);

    [OneTimeTearDown]
    public async Task StopSinkAsync()
    {
        if (sink is not null) await sink.DisposeAsync();
    }

    [Test, Case("ACC-125")]
    public async Task A_mail_server_without_STARTTLS_gets_nothing_in_the_clear_and_that_is_audited()
    {
        await Server.Get<Outbox>().AddAsync(new Letter { Kind = LetterKind.Invitation, To = "ada@example.test", Username = "ada" },
            Server.Clock.GetUtcNow());

        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await Eventually.BecomesTrueAsync(async () =>
            {
                Server.Get<MailSender>().Wake();
                return await Server.ScalarAsync<long>(
                    "select count(*) from audit_events where event = 'mail' and outcome = 'refused'") == attempt;
            }, TimeSpan.FromSeconds(30));
            Server.Clock.Travel(TimeSpan.FromMinutes(11));
        }

        const string why = "the mail server offers no STARTTLS, or no way to sign in that this one knows";
        sink.Mails.Should().BeEmpty();
        (await Server.QueryAsync<string>("select reason || ': ' || got from audit_events where event = 'mail' order by at")).Should().Equal(
            $"the mail could not be sent: {why}", $"the mail could not be sent: {why}",
            $"the mail could not be sent, and is not tried again: {why}");
        (await Server.QueryAsync<string>("select outcome || attempts || (sealed is null) from mail_outbox"))
            .Should().Equal("given_up3true");
        await Task.Delay(300);
        (await Server.ScalarAsync<int>("select attempts from mail_outbox")).Should().Be(3);
    }

    [TestCase("none", "mail.example.test", "OAuth__SmtpTls"), TestCase("none", "10.0.0.1", "OAuth__SmtpTls")]
    [TestCase("plain", "localhost", "OAuth__SmtpTls"), TestCase("starttls", "mail example", "OAuth__SmtpHost")]
    [Test, Case("ACC-125")]
    public void Settings_that_would_send_in_the_clear_do_not_start(string tls, string host, string variable) =>
        Errors(("SmtpHost", host), ("SmtpTls", tls), ("SmtpFrom", "auth@example.test")).Should().ContainMatch($"{variable}: *");

    [TestCase("localhost"), TestCase("127.0.0.1"), TestCase("::1")]
    public void None_is_for_loopback(string host) =>
        Errors(("SmtpHost", host), ("SmtpTls", "none"), ("SmtpFrom", "auth@example.test")).Should().BeEmpty();

    [TestCase(""), TestCase("auth"), TestCase("a@b\nBcc: c@d"), TestCase("A <a@b\n>"), TestCase("a@b, c@d")]
    public void Mail_is_from_one_address(string from) =>
        Errors(("SmtpHost", "localhost"), ("SmtpFrom", from)).Should().ContainMatch("OAuth__SmtpFrom: *");

    private static List<string> Errors(params (string Key, string Value)[] settings)
    {
        SettingsParser.Parse(
            [
                KeyValuePair.Create<string, string?>("Database", "Host=x"),
                KeyValuePair.Create<string, string?>("KeyEncryptionKey", Convert.ToBase64String(new byte[32])),
                .. settings.Select(one => KeyValuePair.Create<string, string?>(one.Key, one.Value)),
            ], development: false, out var errors);
        return errors;
    }
}
