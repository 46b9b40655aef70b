using OAuthServer.Audit;
using OAuthServer.Grants;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Users;

/// <summary>
/// One-time links: 256 random bits in a URL, their SHA-256 in a row that says whose it is and what for. Opening one changes nothing, as
/// mail scanners open them all; what it is for happens once, when its form is posted. Wrong, spent, expired and ended are one refusal.
/// </summary>
public sealed class AccountLinks(AccountLinkStore links, AuditLog audit) : IDisposable
{
    public const string Invitation = "invitation";

    /// <summary>A link to a new password, made by an operator.</summary>
    public const string Reset = "reset";

    /// <summary>A link to a new password, mailed to who asked for it.</summary>
    public const string MailedReset = "mailed_reset";

    /// <summary>A link that proves an address.</summary>
    public const string Address = "address";

    private const int WrongPerMinute = 10;

    private readonly FailureLimit wrong = new(WrongPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>How long a link of this kind works.</summary>
    public static TimeSpan LifeOf(string kind) => kind switch
    {
        Invitation => TimeSpan.FromDays(7),
        MailedReset => TimeSpan.FromMinutes(30),
        _ => TimeSpan.FromHours(24),
    };

    /// <summary>The link itself: the issuer's, whatever host a request named.</summary>
    public static string UrlOf(string token, Settings settings) => $"{settings.Issuer}{Paths.AccountLink}?t={token}";

    /// <summary>The refusal that every link gets which does not work.</summary>
    public static OAuthError Dead(string reason)
    {
        var error = OAuthError.InvalidRequest("This link no longer works", reason, "behaviour 92", "a link that works");
        return error with { Status = 404 };
    }

    /// <summary>
    /// Makes a link, in the place of one of the same kind for the same person; its token is in no row and no log. Null: the person is gone
    /// or disabled.
    /// </summary>
    public static async Task<string?> MakeAsync(AccountLinkStore links, NewAccountLink link, Author author, DateTimeOffset now)
    {
        var token = OpaqueToken.Mint();
        var made = await links.MakeAsync(
            link with { TokenHash = OpaqueToken.Hash(token), ExpiresAt = now + LifeOf(link.Kind) }, author, now);
        return made is null ? null : token;
    }

    /// <summary>The link that works, unspent; else the refusal, which counts for the address.</summary>
    /// <param name="kind">The kind its form is for; null: any.</param>
    public async Task<Result<AccountLinkRow>> FindAsync(string? token, string? kind, RequestContext request, CancellationToken cancel)
    {
        var address = FailureLimit.Subscriber(request.Address);
        using var attempt = wrong.Begin(address);
        if (attempt.TooMany)
        {
            var error = OAuthError.SlowDown("too many wrong links from this address", wrong.RetryAfter);
            await audit.RefusedAsync(AuditEvents.AccountLink, error, request);
            return error;
        }

        var row = token is null ? null : await links.FindAsync(OpaqueToken.Hash(token), request.At, cancel);
        if (row is not null && (kind is null || IsOf(row, kind))) return row;
        wrong.Count(address);
        var dead = Dead(row is null ? "no link with this token works" : $"a link of kind {row.Kind} was posted as {kind}");
        await audit.RefusedAsync(AuditEvents.AccountLink, dead, request);
        return dead;
    }

    /// <summary>
    /// Spends an invitation: its person, or null when it did not work any more. With a password, or for the sign-in provider the row
    /// names, whose identity is tied to the person by whoever calls this.
    /// </summary>
    /// <param name="hash">bcrypt; null: they sign in at <paramref name="provider"/>.</param>
    public Task<Guid?> AcceptAsync(string token, string? hash, string? provider, RequestContext request) =>
        links.AcceptAsync(OpaqueToken.Hash(token), hash, provider, By(Invitation, request), request.At);

    /// <summary>Spends a link to a new password; null when it did not work any more.</summary>
    /// <param name="hash">bcrypt.</param>
    public Task<Guid?> ResetAsync(string token, string hash, RequestContext request) =>
        links.ResetAsync(OpaqueToken.Hash(token), hash, By(Reset, request), request.At);

    /// <summary>Spends the proof of an address; null when it did not work any more, or the address is another person's by now.</summary>
    public Task<Guid?> ProveAsync(string token, RequestContext request) =>
        links.ProveAsync(OpaqueToken.Hash(token), By(Address, request), request.At);

    public void Dispose() => wrong.Dispose();

    /// <summary>Whether a form of this kind may spend the link: both kinds of a reset have one form.</summary>
    private static bool IsOf(AccountLinkRow row, string kind) => (row.Kind == MailedReset ? Reset : row.Kind) == kind;

    private static Author By(string kind, RequestContext request) =>
        new($"link:{kind}") { RequestId = request.RequestId, Address = request.Address };
}
