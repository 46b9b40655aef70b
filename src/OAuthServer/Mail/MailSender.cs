using System.Net.Sockets;
using System.Security.Cryptography;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Npgsql;
using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;

namespace OAuthServer.Mail;

/// <summary>
/// Sends what waits: one server at a time, thirty a minute in all, each mail three times at most. Nothing of a mail that was sent stays.
/// </summary>
public sealed class MailSender(
    OutboxStore store, LetterWriter writer, MailServer server, Settings settings, TimeProvider time, ILogger<MailSender> log)
{
    private const int MostAtOnce = 10;
    private const int LongestAnswer = 200;

    // Well past what so many mails take: a mail still unfinished then belongs to a server that is gone.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5), Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan[] Again = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    private readonly LoopPause pause = new();

    /// <summary>Looks again soon: something was queued.</summary>
    public void Wake() => pause.End();

    /// <summary>Sends until <paramref name="cancel"/>; nothing where no mail server is set.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!settings.HasMail) return;
        while (!cancel.IsCancellationRequested)
        {
            var wait = Longest;
            try
            {
                var next = await store.NextAsync(time.GetUtcNow(), cancel);
                if (next > TimeSpan.Zero && next < Longest) wait = next.Value;
                if (next <= TimeSpan.Zero && await store.ClaimAsync(MostAtOnce, Lease, time) is { Count: > 0 } claimed)
                {
                    await SendAsync(claimed, cancel);
                    continue;
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (PostgresException fault) when (fault.SqlState != PostgresErrorCodes.UndefinedTable)
            {
                log.LogWarning("No mail is sent: {Reason}", fault.MessageText);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                log.LogDebug("No mail is sent while the database is away: {Reason}", fault.Message);
            }

            try { await pause.WaitAsync(wait < Shortest ? Shortest : wait, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task SendAsync(List<OutboxRow> mails, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        SmtpClient? client = null;
        try
        {
            foreach (var mail in mails)
            {
                WrittenMail? written = null;
                MailOutcome outcome;
                try
                {
                    written = await writer.WriteAsync(mail, limit.Token);
                    if (written is null) outcome = new MailOutcome { Outcome = "dropped" };
                    else
                    {
                        if (client is not { IsConnected: true })
                        {
                            client?.Dispose();
                            client = await server.ConnectAsync(limit.Token);
                        }

                        await client.SendAsync(server.Message(written.To, written.Subject, written.Text, time.GetUtcNow()), limit.Token);
                        outcome = new MailOutcome { Outcome = "sent" };
                    }
                }
                catch (Exception fault) when (IsOfTheServer(fault))
                {
                    outcome = Failed(mail, fault);
                    log.LogWarning("A mail could not be sent: {Reason}", outcome.Answer);
                }
                // Any other fault is this mail's own: it is given up at once, and the others go on.
                catch (Exception fault) when (fault is not NpgsqlException)
                {
                    client?.Dispose();
                    client = null;
                    outcome = new MailOutcome { Outcome = "given_up", Answer = Reason(fault) };
                    log.LogError("A mail could not be written and is given up: {Reason}", outcome.Answer);
                }

                var request = TimedId.NewRequestId(time.GetUtcNow());
                await store.FinishAsync(mail, outcome, written?.Person, request, TimedId.TimeOf(request)!.Value);
            }
        }
        finally
        {
            if (client is not null) await LeaveAsync(client);
        }
    }

    private static async Task LeaveAsync(SmtpClient client)
    {
        try { await client.DisconnectAsync(true, CancellationToken.None); }
        catch (Exception fault) when (IsOfTheServer(fault)) { }
        client.Dispose();
    }

    // A mail that cannot be unsealed is given up in the end, as one is that no server takes.
    private static bool IsOfTheServer(Exception fault) =>
        fault is ProtocolException or CommandException or ServiceNotConnectedException or ServiceNotAuthenticatedException
            or SslHandshakeException or AuthenticationException or NotSupportedException or IOException or SocketException
            or OperationCanceledException or TimeoutException or CryptographicException or System.Text.Json.JsonException;

    private MailOutcome Failed(OutboxRow mail, Exception fault) => mail.Attempts > Again.Length
        ? new MailOutcome { Outcome = "given_up", Answer = Reason(fault) }
        : new MailOutcome { Outcome = null, Answer = Reason(fault), DueAt = time.GetUtcNow() + Again[mail.Attempts - 1] };

    // A mail server's answer may name the address: of that the log has nothing.
    private static string Reason(Exception fault) => fault switch
    {
        SmtpCommandException refused => $"the mail server answered {(int)refused.StatusCode}",
        NotSupportedException => "the mail server offers no STARTTLS, or no way to sign in that this one knows",
        SslHandshakeException => "TLS with the mail server failed: its certificate is not good, or it speaks none",
        AuthenticationException => "the mail server refused user name and password",
        OperationCanceledException or TimeoutException => "the mail server did not answer in time",
        CryptographicException => "sealed under another key-encryption key",
        ParseException => "no mail can be written to its address",
        _ when !IsOfTheServer(fault) => $"the mail could not be written: {fault.GetType().Name}",
        _ => string.Concat(fault.Message.Take(LongestAnswer).Select(one => one is >= ' ' and <= '~' ? one : '?')),
    };
}
