using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using FluentAssertions;

namespace OAuthServer.Test.Support;

/// <summary>A mail as it arrived.</summary>
public sealed record ReceivedMail
{
    public required string From { get; init; }
    public required string[] To { get; init; }
    public required string Subject { get; init; }
    public required string Headers { get; init; }
    public required string Type { get; init; }
    public required string Text { get; init; }

    /// <summary>Whether it came over TLS.</summary>
    public required bool Tls { get; init; }

    /// <summary>The token of the one-time link in it.</summary>
    public string Token => Text.Split("/account/link?t=")[1][..43];
}

/// <summary>A real mail server (aiosmtpd), in a process of its own; mail goes nowhere.</summary>
public sealed class MailSink : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private readonly Process process;

    private MailSink(Process process) => this.process = process;

    /// <summary>All that arrived, in order.</summary>
    public ConcurrentQueue<ReceivedMail> Mails { get; } = [];

    /// <param name="folder">Where cert.pem and key.pem are; null: it offers no STARTTLS.</param>
    /// <param name="seconds">How long it takes over each mail.</param>
    public static async Task<MailSink> StartAsync(int port, string? folder, int seconds = 0)
    {
        Tools.Need("python3-aiosmtpd");
        string[] tls = folder is null ? [] : [Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem")];
        var process = Process.Start(new ProcessStartInfo("/usr/bin/python3",
            [Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Support/mail_sink.py"), $"{port}", $"{seconds}", .. tls])
        {
            RedirectStandardOutput = true,
        })!;
        var sink = new MailSink(process);
        (await process.StandardOutput.ReadLineAsync()).Should().Be("ready");
        _ = sink.ReadAsync();
        return sink;
    }

    /// <summary>Waits for a mail to this address, and takes it out.</summary>
    /// <param name="about">Part of its subject; null: any.</param>
    public async Task<ReceivedMail> MailToAsync(string address, string? about = null)
    {
        ReceivedMail? found = null;
        await Eventually.BecomesTrueAsync(() =>
        {
            for (var left = Mails.Count; left > 0 && found is null && Mails.TryDequeue(out var mail); left--)
                if (mail.To.Contains(address) && (about is null || mail.Subject.Contains(about))) found = mail;
                else Mails.Enqueue(mail);
            return Task.FromResult(found is not null);
        }, TimeSpan.FromSeconds(20), $"a mail to {address}");
        return found!;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            Mails.Enqueue(JsonSerializer.Deserialize<ReceivedMail>(line, Web)!);
    }
}
