using System.Buffers.Text;
using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Limits;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>/account/passkeys: one's passkeys by name. Forms rename and remove, the page's script adds.</summary>
public sealed class PasskeysEndpoint(
    SignedInGate gate, Passkeys passkeys, PasskeyStore store, SecondFactorRule rule, Outbox outbox, Sessions sessions, Cookies cookies,
    AuditLog audit, Settings settings, TimeProvider time) : IDisposable
{
    private const string Page = "passkeys";
    private const int MostBytes = 16 * 1024;

    private readonly AddressLimit limit = new(settings.PasskeyOptionsPerMinute, "challenges of passkeys");

    public Task ShowAsync(HttpContext http) => gate.ShowFactorsAsync(http, Page, page => ShowAsync(page, null));

    /// <summary>A form renames or removes; JSON adds.</summary>
    public Task ChangeAsync(HttpContext http) => http.Request.HasJsonContentType()
        ? AddAsync(http)
        : gate.ChangeFactorsAsync(http, Page, page => page.Parameters["what"] switch
        {
            "rename" => RenameAsync(page),
            "remove" => RemoveAsync(page),
            _ => page.Done(Paths.Passkeys),
        });

    /// <summary>POST /account/passkeys/options: what the browser is to make a passkey by.</summary>
    public async Task OptionsAsync(HttpContext http)
    {
        OAuthError? error;
        if (!passkeys.IsAvailable) error = Passkeys.Malformed("the issuer is an IP address") with { Status = 404 };
        else if ((error = limit.Refusal(http.Context().Address)) is null
            && !(await gate.JsonFactorsAsync(http, MostBytes)).Refused(out error, out var posted)
            && await passkeys.RegistrationOptionsAsync(posted.Session.Subject, posted.Session.Username, posted.Session.IdHash,
                http.RequestAborted) is { } options)
        {
            await http.JsonTextAsync(options);
            return;
        }

        await RefuseAsync(http, error ?? Passkeys.Malformed("the person is gone"), null);
    }

    public void Dispose() => limit.Dispose();

    private async Task AddAsync(HttpContext http)
    {
        var context = http.Context();
        if ((await gate.JsonFactorsAsync(http, MostBytes)).Refused(out var error, out var posted))
        {
            await RefuseAsync(http, error, null);
            return;
        }

        var (session, json) = posted;
        var name = Words.Sanitize(json.Member("name") is { ValueKind: JsonValueKind.String } said ? said.GetString()! : "", "", 64);
        name = name.Length == 0 ? "Passkey" : name;
        var author = SignedInGate.AuthorOf(session, context);
        if ((await passkeys.RegisterAsync(json.Member("passkey"), name, session, author, context, http.RequestAborted))
            .Refused(out error, out _))
        {
            await RefuseAsync(http, error, session);
            return;
        }

        await outbox.TellAsync(LetterKind.PasskeyAdded, session.Subject, http.Language().Code, context.At);
        if (session.Acr != "aal2") await SurerSession.StartAsync(sessions, cookies, http, session, ["pop", "user", "mfa"], context);
        await http.JsonAsync(200, answer => answer.WriteString("location", settings.IssuerPath + Paths.Passkeys));
    }

    private async Task ShowAsync(PageRequest page, string? problem) =>
        await page.Http.PasskeysAsync(page.Antiforgery, page.NavigationOf(Paths.Account), new PasskeysView
        {
            Passkeys = await store.OfAsync(page.Session.Subject, page.Http.RequestAborted),
            MayAdd = passkeys.IsAvailable,
            IsRecent = page.Session.ProvenAt + SignedInGate.VeryRecent > time.GetUtcNow(),
            Problem = problem,
        });

    private async Task RenameAsync(PageRequest page)
    {
        var name = Words.Sanitize(page.Parameters["name"] ?? "", "", 64);
        if (name.Length == 0) await ShowAsync(page, "A passkey needs a name.");
        else if (Id(page) is { } id && await store.RenameAsync(id, page.Session.Subject, name)) await page.Done(Paths.Passkeys);
        else await SignedInGate.NotFoundAsync(page);
    }

    private async Task RemoveAsync(PageRequest page)
    {
        var (subject, context) = (page.Session.Subject, page.Context);
        var own = await store.OfAsync(subject, page.Http.RequestAborted);
        if (Id(page) is not { } id || !own.Exists(one => one.Id.AsSpan().SequenceEqual(id))) await SignedInGate.NotFoundAsync(page);
        else
        {
            var (removed, required) = (false, rule.IsAskedOf(page.Session.SecondFactorRequired, page.Session.Role));
            // The last administrator's only way in stays: the database says so.
            var refusal = await Edit.TryAsync(async () =>
                removed = await store.RemoveAsync(id, subject, page.Session.IdHash, required, page.Author, context.At));
            if (refusal is not null) await ShowAsync(page, refusal.Message);
            else if (!removed)
                await ShowAsync(page, "It stays: it is your last way to sign in, your last second factor, or you have not signed in with one.");
            else
            {
                await outbox.TellAsync(LetterKind.PasskeyRemoved, subject, page.Http.Language().Code, context.At);
                await page.Done(Paths.Passkeys);
            }
        }
    }

    private static byte[]? Id(PageRequest page)
    {
        var text = page.Parameters["passkey"] ?? "";
        var id = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.TryDecodeFromChars(text, id, out var length) && length > 0 ? id[..length] : null;
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, SessionRow? session)
    {
        error = error.Code == "invalid_client_metadata" ? Passkeys.Malformed("no JSON object") : error;
        await audit.RefusedAsync(AuditEvents.Passkey, error, http.Context(), subject: session?.Subject.ToString());
        await http.RefuseAsync(error);
    }
}
