using OAuthServer.Html;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>
/// /admin/user/reset-factors: for a person who lost their phone. Nobody does it for themselves: that would lift it by one factor.
/// </summary>
public sealed class FactorsEndpoint(SignedInGate gate, FactorStore factors, Outbox outbox)
{
    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var say = http.Language();
        if (await FindAsync(page) is not { } found)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var (subject, has) = found;
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminUsers), new Confirmation
        {
            Title = say["Remove second factors"],
            Question = say.Put("Remove the second factors of {0}?", $"<bdi>{has.Username}</bdi>"),
            Consequence =
                $"{say["Passkeys, the authenticator app and recovery codes stop working, and the user is signed out everywhere. Be sure who asked for it: from then on the password alone signs in."]}",
            Impact =
            [
                say.Put("Passkeys: {0}", $"<strong>{has.Passkeys}</strong>"),
                say.Put("Authenticator apps: {0}", $"<strong>{(has.HasCodes ? 1 : 0)}</strong>"),
                say.Put("Recovery codes: {0}", $"<strong>{has.RecoveryCodes}</strong>"),
            ],
            Path = Paths.AdminUserFactors,
            Form = [("subject", $"{subject}")],
            Button = say["Remove second factors"],
            Back = $"{Paths.AdminUser}?subject={subject}",
            Problem = Problem(page, subject, has) is { } problem ? say[problem] : null,
        });
    });

    public Task ResetAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (await FindAsync(page) is not { } found) await SignedInGate.NotFoundAsync(page);
        else if (Problem(page, found.Subject, found.Has) is not null)
            await page.Done($"{Paths.AdminUserFactors}?subject={found.Subject}");
        else
        {
            // The last administrator's only way in stays: the database says so.
            if (await Edit.TryAsync(() => factors.ResetAsync(found.Has.Username, page.Author, page.Context.At)) is not null)
            {
                await page.Done($"{Paths.AdminUserFactors}?subject={found.Subject}");
                return;
            }

            await outbox.TellAsync(LetterKind.FactorsReset, found.Subject, null, page.Context.At);
            await page.Done($"{Paths.AdminUser}?subject={found.Subject}&{Notice.Field}={Notice.Saved}");
        }
    });

    private static string? Problem(PageRequest page, Guid subject, FactorsRow has) =>
        subject == page.Session.Subject ? "You cannot do this for yourself. Remove them on your account page, or ask another administrator."
        : !has.HasAnotherWay ? "The user has no password: nothing would be left to sign in with. Set one first."
        : null;

    private async Task<(Guid Subject, FactorsRow Has)?> FindAsync(PageRequest page) =>
        Guid.TryParse(page.Parameters["subject"], out var subject)
        && await factors.FindAsync(subject, page.Http.RequestAborted) is { } has ? (subject, has) : null;
}
