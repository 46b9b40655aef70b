using Microsoft.AspNetCore.DataProtection;
using OAuthServer.Audit;
using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>
/// /account/second-factor: an authenticator app is added by one right code of it, with ten recovery codes that are shown once; a session
/// that adds one has proven both factors.
/// </summary>
public sealed class SecondFactorEndpoint(
    SignedInGate gate, FactorStore factors, SecondFactorRule rule, Outbox outbox, Sessions sessions, Cookies cookies, KeyEncryption keys,
    AuditLog audit, IDataProtectionProvider protection, Settings settings, TimeProvider time)
{
    private const string Page = "second-factor";
    private const string WithPassword =
        "You signed in with less than you have. Sign in again with your passkey or your code; whoever knows your password alone changes nothing here.";
    private static readonly TimeSpan EnrolmentLife = TimeSpan.FromMinutes(10);

    // The secret waits in the page, sealed for this session: nothing is stored before the app is shown to have it.
    private readonly ITimeLimitedDataProtector seal = protection.CreateProtector("authenticator app").ToTimeLimitedDataProtector();

    public Task ShowAsync(HttpContext http) => gate.ShowFactorsAsync(http, Page, page => ShowAsync(page, null));

    public Task ChangeAsync(HttpContext http) => gate.ChangeFactorsAsync(http, Page, page => page.Parameters["what"] switch
    {
        "begin" => BeginAsync(page, OneTimeCode.NewSecret(), null),
        "enrol" => EnrolAsync(page),
        "renew" => RenewAsync(page),
        "remove" => RemoveAsync(page),
        _ => ShowAsync(page, null),
    });

    private async Task ShowAsync(PageRequest page, string? problem)
    {
        if (await factors.FindAsync(page.Session.Subject, page.Http.RequestAborted) is { } has)
            await page.Http.SecondFactorAsync(
                page.Antiforgery, page.NavigationOf(Paths.Account), View(page, has) with { Problem = problem });
        else await SignedInGate.NotFoundAsync(page);
    }

    private SecondFactorView View(PageRequest page, FactorsRow has) => new()
    {
        Has = has,
        IsRequired = rule.Blocks(page.Session) || (page.Session.Role == "admin" && rule.BlocksAdministration(page.Session)),
        IsOffered = rule.IsOffered || has.IsRequired,
        Then = Then(page.Parameters),
    };

    private Task BeginAsync(PageRequest page, byte[] secret, OAuthError? error)
    {
        if (error is not null) page.Http.Response.SetErrorHeaders(error);
        var kept = seal.Protect([.. page.Session.Sid.ToByteArray(), .. secret], time.GetUtcNow() + EnrolmentLife);
        return page.Http.EnrolAsync(page.Antiforgery, page.NavigationOf(Paths.Account), new EnrolmentView
        {
            Secret = OneTimeCode.Text(secret),
            Uri = OneTimeCode.Uri(secret, settings.DisplayName, page.Session.Username),
            Sealed = Convert.ToBase64String(kept),
            Then = Then(page.Parameters),
            Error = error,
        });
    }

    private async Task EnrolAsync(PageRequest page)
    {
        var (http, context) = (page.Http, page.Context);
        if (Unseal(page.Parameters["sealed"], page.Session.Sid) is not { } secret)
        {
            await ShowAsync(page, "This page has expired; open it again.");
            return;
        }

        var code = OneTimeCode.Read(page.Parameters["code"] ?? "");
        if (code is null || OneTimeCode.StepOf(secret, code, time.GetUtcNow()) is not { } step)
        {
            var wrong = new OAuthError
            {
                Code = "access_denied",
                Description = "That code is not right",
                Status = 401,
                Rule = "RFC 6238 §5.2",
                Reason = "a wrong code of the app that is to be added",
                Expected = "the code that the app shows now",
            };
            await audit.RefusedAsync(AuditEvents.SecondFactor, wrong, context, subject: page.Session.Subject.ToString());
            await BeginAsync(page, secret, wrong);
            return;
        }

        var codes = RecoveryCode.NewSet();
        var (subject, hashes) = (page.Session.Subject, Hashes(codes));
        if (await factors.EnrolAsync(subject, page.Session.IdHash, keys.Seal(secret), step, hashes, page.Author, context.At))
        {
            await outbox.TellAsync(LetterKind.AppAdded, subject, http.Language().Code, context.At);
            await ShowCodesAsync(page, codes, await SurerAsync(http, page.Session, ["otp", "mfa"], context));
        }
        else await ShowAsync(page, WithPassword);
    }

    private async Task RenewAsync(PageRequest page)
    {
        var codes = RecoveryCode.NewSet();
        var context = page.Context;
        if (await factors.RenewAsync(page.Session.Subject, page.Session.IdHash, Hashes(codes), page.Author, context.At))
            await ShowCodesAsync(page, codes, page.Session.IdHash);
        else await ShowAsync(page, WithPassword);
    }

    private async Task RemoveAsync(PageRequest page)
    {
        var (session, context) = (page.Session, page.Context);
        if (await factors.FindAsync(session.Subject, page.Http.RequestAborted) is not { } has) await SignedInGate.NotFoundAsync(page);
        else if (has.Passkeys == 0 && rule.IsAskedOf(has.IsRequired, has.Role))
            await ShowAsync(page, "You need a second factor here: add a passkey before you remove the app.");
        else if (!await factors.RemoveAsync(
            session.Subject, session.IdHash, rule.IsAskedOf(has.IsRequired, has.Role), page.Author, context.At))
            await ShowAsync(page, WithPassword);
        else
        {
            await outbox.TellAsync(LetterKind.AppRemoved, session.Subject, page.Http.Language().Code, context.At);
            await page.Done(Paths.SecondFactor);
        }
    }

    private static Task ShowCodesAsync(PageRequest page, string[] codes, byte[] session) => page.Http.RecoveryCodesAsync(
        page.Forms.Field(page.Http, session), page.NavigationOf(Paths.Account), codes, Then(page.Parameters));

    // Where the person was going. A ticket opens nothing in another browser; a page is one of ours.
    private static string Then(Parameters parameters) =>
        parameters["request"] is { Length: > 0 and < 64 } ticket
            && ticket.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') ? $"request={ticket}"
        : parameters["page"] is { Length: > 0 and < 32 } key && key.All(character => char.IsAsciiLetterLower(character) || character == '-')
            ? $"page={key}" : "";

    private async Task<byte[]> SurerAsync(HttpContext http, SessionRow session, string[] methods, RequestContext context) =>
        await SurerSession.StartAsync(sessions, cookies, http, session, methods, context) ?? session.IdHash;

    private byte[]? Unseal(string? kept, Guid sid)
    {
        var box = new byte[(kept?.Length ?? 0) + 1];
        if (kept is null || !Convert.TryFromBase64String(kept, box, out var length)) return null;
        try
        {
            var plain = seal.Unprotect(box[..length], out var expires);
            return expires > time.GetUtcNow() && plain.AsSpan(0, 16).SequenceEqual(sid.ToByteArray()) ? plain[16..] : null;
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }

    private static byte[][] Hashes(string[] codes) => [.. codes.Select(code => RecoveryCode.Hash(code)!)];
}
