using OAuthServer.Factors;
using OAuthServer.Grants;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization.SecondFactor;

/// <summary>
/// Sign-ins between the first factor and the second: bound to the browser, five minutes, five codes. Twenty wrong codes of a person in an
/// hour, from anywhere, and codes pause for a quarter of an hour; passkeys do not (RFC 6238 §5.1, RFC 4226 §7.3).
/// </summary>
public sealed class PendingSignIns(PendingSignInStore store, KeyEncryption keys)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    /// <summary>Begins one; its ticket, or null when the person was disabled or got another password a moment ago.</summary>
    /// <param name="browser">SHA-256 of the browser's cookie.</param>
    /// <param name="session">SHA-256 of the id of the live session that becomes surer; null: a sign-in.</param>
    public async Task<string?> OpenAsync(Authenticated person, byte[] browser, byte[]? session, RequestContext request)
    {
        var ticket = OpaqueToken.Mint();
        var begun = await store.AddAsync(new NewPendingSignIn
        {
            Id = OpaqueToken.Hash(ticket),
            Browser = browser,
            Subject = person.Subject,
            PasswordHash = person.PasswordHash,
            Session = session,
            How = person.How,
            Amr = person.Amr,
            Idp = person.Idp,
            Remember = person.Remember,
            AuthenticatedAt = person.AuthenticatedAt ?? request.At,
            ExpiresAt = request.At + Life,
        });
        return begun ? ticket : null;
    }

    /// <summary>The one behind a ticket, in the browser it began in; null: it is over.</summary>
    public async Task<PendingSignInRow?> FindAsync(string? ticket, byte[]? browser, RequestContext request, CancellationToken cancel) =>
        ticket is null || browser is null ? null : await store.FindAsync(OpaqueToken.Hash(ticket), browser, request.At, cancel);

    /// <summary>Takes a code of the app or a recovery code, once, and says how the person has signed in now; else the refusal.</summary>
    public async Task<Result<Authenticated>> TakeAsync(
        string ticket, byte[] browser, PendingSignInRow pending, string typed, RequestContext request)
    {
        var id = OpaqueToken.Hash(ticket);
        if (await store.TryAsync(id, browser, request.At) is not { } attempt) return Over();
        if (!attempt.Allowed)
            return OAuthError.SlowDown("twenty codes of this person were wrong in an hour",
                (int)Math.Max(1, Math.Ceiling(((attempt.PausedUntil ?? request.At) - request.At).TotalSeconds))) with
            { Description = "Too many wrong codes" };

        if (OneTimeCode.Read(typed) is { } code && attempt.SecretSealed is { } sealedSecret)
        {
            if (OneTimeCode.StepOf(keys.Unseal(sealedSecret), code, request.At) is not { } step) return Wrong("a wrong code");
            return await store.AcceptCodeAsync(id, attempt.Subject, sealedSecret, step)
                ? Surer(pending, "otp", "otp")
                : Wrong("a code that was used, or one before it");
        }

        if (RecoveryCode.Hash(typed) is not { } recovery) return Wrong("neither a code nor a recovery code");
        return await store.AcceptRecoveryCodeAsync(id, attempt.Subject, recovery, request.At, request.RequestId, request.Address)
            ? Surer(pending, "recovery", null)
            : Wrong("a wrong recovery code");
    }

    /// <summary>What is answered when the sign-in took too long, was tried too often, or began in another browser.</summary>
    public static OAuthError Over() => OAuthError.InvalidRequest("This took too long",
        "no pending sign-in under this ticket for this browser", "NIST SP 800-63B-4 §3.2.2",
        "a sign-in of this browser, at most five minutes old");

    private static Authenticated Surer(PendingSignInRow pending, string how, string? method) => new()
    {
        Subject = pending.Subject,
        Username = pending.Username,
        How = $"{pending.How}+{how}",
        Acr = "aal2",
        Amr = [.. pending.Amr.Append(method).OfType<string>().Append("mfa").Distinct()],
        Idp = pending.Idp,
        // A code makes a sign-in surer, not younger.
        AuthenticatedAt = pending.AuthenticatedAt,
        Continues = pending.SessionHash is not null,
        Remember = pending.Remember,
    };

    private static OAuthError Wrong(string reason) => new()
    {
        Code = "access_denied",
        Description = "That code is not right",
        Status = 401,
        Rule = "RFC 6238 §5.2",
        Reason = reason,
        Expected = "the code that the app shows now, which nobody has used, or a recovery code",
    };
}
