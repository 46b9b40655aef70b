using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;

namespace OAuthServer.Mail;

/// <summary>
/// Queues mail, sealed: whoever asks for one waits for no mail server, and learns nothing by the time it takes.
/// </summary>
public sealed class Outbox(OutboxStore store, KeyEncryption encryption, Settings settings) : IDisposable
{
    private const int MostWaiting = 10_000, MostForgotten = 1000;
    private const int LongestAccount = 254;

    /// <summary>How often an hour a forgotten password may be asked for: from an address, and for an account.</summary>
    public const int ForgottenPerHour = 3;

    private readonly FailureLimit forgotten = new(ForgottenPerHour, TimeSpan.FromHours(1));

    /// <summary>Queues a mail; nothing where this server sends none.</summary>
    public Task AddAsync(Letter letter, DateTimeOffset now) => settings.HasMail
        ? store.AddAsync(letter.Kind, letter.Subject, encryption.Seal(letter.ToOctets()), true, MostWaiting, now) : Task.CompletedTask;

    /// <summary>Tells a person of a change to how they get in.</summary>
    /// <param name="kind">Of <see cref="LetterKind"/>.</param>
    public Task TellAsync(string kind, Guid subject, string? locale, DateTimeOffset at) =>
        AddAsync(new Letter { Kind = kind, Subject = subject, Locale = locale, At = at }, at);

    /// <summary>
    /// Queues the mail of a forgotten password, whosever account it is and whether there is one. Past the limits nothing is queued, in the
    /// same time; nobody is told.
    /// </summary>
    /// <param name="account">As typed: a user name or an address.</param>
    public Task ForgottenAsync(string account, string locale, RequestContext request)
    {
        var typed = account.Trim().ToLowerInvariant();
        typed = typed[..Math.Min(typed.Length, LongestAccount)];
        var address = FailureLimit.Subscriber(request.Address);
        string[] keys = [address, FailureLimit.Pair(typed, "")];
        var wanted = typed.Length > 0 && !Array.Exists(keys, forgotten.Exhausted);
        if (wanted) foreach (var key in keys) forgotten.Count(key);
        var letter = new Letter { Kind = LetterKind.Forgot, Account = typed, Locale = locale };
        return store.AddAsync(letter.Kind, null, encryption.Seal(letter.ToOctets()), wanted, MostForgotten, request.At);
    }

    public void Dispose() => forgotten.Dispose();
}
