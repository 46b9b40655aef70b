using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Mail;

/// <summary>A mail as it is sent.</summary>
/// <param name="Person">Whom it is about; null: nobody who is here.</param>
public sealed record WrittenMail(Guid? Person, string To, string Subject, string Text);

/// <summary>
/// Finds out whom a mail is for, and writes it in their language. The link of a forgotten password is made here, once it is known that
/// there is somebody: no row had it before.
/// </summary>
public sealed class LetterWriter(
    OutboxStore outbox, AccountLinkStore links, KeyEncryption encryption, Settings settings, TimeProvider time)
{
    /// <summary>The mail; null: it is for nobody, or the person got enough of them.</summary>
    public async Task<WrittenMail?> WriteAsync(OutboxRow mail, CancellationToken cancel)
    {
        var letter = Letter.Of(encryption.Unseal(mail.Sealed)) with { Subject = mail.Subject };
        if (letter.Kind == LetterKind.Forgot) return await ForgottenAsync(letter, cancel);
        if (letter.To is { } to) return Write(letter, to, null);
        return letter.Subject is { } subject && await outbox.FindAsync(subject, cancel) is { } person
            ? Write(letter with { Username = person.Username }, person.Email, person.Locale) : null;
    }

    private async Task<WrittenMail?> ForgottenAsync(Letter letter, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (await outbox.FindAsync(letter.Account!, cancel) is not { } person
            || await outbox.CountAsync(person.Subject, LetterKind.Forgot, now.AddHours(-1), cancel) >= Outbox.ForgottenPerHour) return null;
        letter = letter with { Subject = person.Subject, Username = person.Username };
        if (!person.HasPassword)
            return Write(letter with { Company = person.Company, HasOnlyPasskeys = person.HasOnlyPasskeys }, person.Email, person.Locale);

        var request = TimedId.NewRequestId(now);
        var at = TimedId.TimeOf(request)!.Value;
        var link = new NewAccountLink { Kind = AccountLinks.MailedReset, Subject = person.Subject, Mailed = true };
        return await AccountLinks.MakeAsync(links, link, new Author("server") { RequestId = request }, at) is { } token
            ? Write(letter with { Url = AccountLinks.UrlOf(token, settings), Until = at + AccountLinks.LifeOf(link.Kind) },
                person.Email, person.Locale)
            : null;
    }

    // An address that could begin another header or command gets nothing, however it came into its row.
    private WrittenMail? Write(Letter letter, string to, string? locale)
    {
        if (MailAddressText.Of(to) != to) return null;
        var (subject, text) = LetterTexts.Of(letter, locale ?? letter.Locale, settings);
        return new WrittenMail(letter.Subject, to, subject, text);
    }
}
