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

    private const int AddressesPerHour = 3;

    // A stolen password is tried with many browsers: one mail says it.
    private static readonly TimeSpan BetweenSignIns = TimeSpan.FromMinutes(5);

    private readonly FailureLimit forgotten = new(ForgottenPerHour, TimeSpan.FromHours(1));
    private readonly FailureLimit addresses = new(AddressesPerHour, TimeSpan.FromHours(1));

    /// <summary>Queues a mail; nothing where this server sends none, nor a second one of a new sign-in within minutes.</summary>
    public Task AddAsync(Letter letter, DateTimeOffset now) => settings.HasMail ? store.AddAsync(RowOf(letter) with
    {
        OnceIn = letter.Kind == LetterKind.NewSignIn ? BetweenSignIns : null,
    }, now) : Task.CompletedTask;

    /// <summary>
    /// Whether a person may have a link mailed to an address now, which counts for both: three times an hour, as whoever is signed in could
    /// send strangers as many mails as they like.
    /// </summary>
    public bool MayProve(Guid subject, string address)
    {
        string[] keys = [FailureLimit.Pair($"{subject}", ""), FailureLimit.Pair(address.ToLowerInvariant(), "")];
        if (Array.Exists(keys, addresses.Exhausted)) return false;
        foreach (var key in keys) addresses.Count(key);
        return true;
    }

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
        return store.AddAsync(RowOf(letter) with { Wanted = wanted, Most = MostForgotten, CountsItsKind = true }, request.At);
    }

    public void Dispose()
    {
        forgotten.Dispose();
        addresses.Dispose();
    }

    private NewOutboxRow RowOf(Letter letter) => new()
    {
        Kind = letter.Kind,
        Subject = letter.Subject,
        Content = encryption.Seal(letter.ToOctets()),
        Most = MostWaiting,
    };
}
