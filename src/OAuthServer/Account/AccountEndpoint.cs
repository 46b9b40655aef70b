using OAuthServer.Html;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>
/// /account: who one is here, and how one gets in. The profile is changed at once. Another address is not: it takes the old one's place
/// when the link that is mailed to it is opened, and until then does nothing.
/// </summary>
public sealed class AccountEndpoint(
    SignedInGate gate, ProfileEdits profiles, AccountLinkStore links, CompanyAccountsEndpoint companies, Outbox outbox, Settings settings)
{
    /// <summary>The key by which a sign-in leads back here.</summary>
    public const string Page = "account";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, page => ShowAsync(page, page.Parameters["done"], null));

    public Task ChangeAsync(HttpContext http) => gate.ChangeAsync(http, Page, page =>
        page.Parameters["email"] is null
            && page.Parameters[AccountPage.What] != AccountPage.Address ? SaveProfileAsync(page) : gate.ConfirmAccountAsync(page, Page,
                ChangeAddressAsync));

    private async Task SaveProfileAsync(PageRequest page)
    {
        var (http, form) = (page.Http, page.Parameters);
        if (await profiles.FindAsync(page.Session.Subject, http.RequestAborted) is not { } before)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var edit = new RowEdit<Profile>
        {
            Row = before with
            {
                Name = Text("name"),
                GivenName = Text("given_name"),
                FamilyName = Text("family_name"),
                Locale = Text("locale"),
                Version = form["version"] ?? "",
            },
            Restore = (one, _) => one,
        };
        var judged = await profiles.SaveAsync(edit, page.Author, page.Context.At, http.RequestAborted);
        var problems = judged.Refusals.DistinctBy(one => one.Column ?? "").ToDictionary(one => one.Column ?? "", one => one.Message);
        if (problems.Count == 0 && judged.Outcome != EditOutcome.Done)
            problems[""] = "Something about your account was changed meanwhile. Nothing was saved; look at it again.";
        if (problems.Count > 0) await ShowAsync(page, null, problems);
        else await page.Done($"{Paths.Account}?done=saved");

        // Longer than any name or language tag is nobody's.
        string? Text(string name) =>
            form[name]?.Trim() is { Length: > 0 } text ? text[..Math.Min(text.Length, AccountPage.LongestName)] : null;
    }

    private async Task ChangeAddressAsync(PageRequest page)
    {
        var (http, session) = (page.Http, page.Session);
        var address = page.Parameters["email"]?.Trim() ?? "";
        if (!settings.HasMail)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        if (MailAddressText.Of(address) != address || await profiles.FindAsync(session.Subject, http.RequestAborted) is not { } profile)
        {
            await ShowAsync(page, null, new() { ["email"] = "This is no e-mail address" });
            return;
        }

        var link = new NewAccountLink { Kind = AccountLinks.Address, Subject = session.Subject, Email = address, Mailed = true };
        // Past the limit nothing happens, and nobody is told: the link that was mailed before stays.
        if (outbox.MayProve(session.Subject, address)
            && await AccountLinks.MakeAsync(links, link, page.Author, page.Context.At) is { } token)
        {
            var letter = new Letter
            {
                Kind = LetterKind.Address,
                Subject = session.Subject,
                To = address,
                Username = session.Username,
                Url = AccountLinks.UrlOf(token, settings),
                Until = page.Context.At + AccountLinks.LifeOf(link.Kind),
                Locale = profile.Locale ?? http.Language().Code,
            };
            await outbox.AddAsync(letter, page.Context.At);
            // The old address is told, where it is known to be theirs.
            if (profile is { Email: not null, EmailVerified: true })
                await outbox.AddAsync(letter with
                {
                    Kind = LetterKind.AddressChanging,
                    To = null,
                    Url = null,
                    Until = null,
                    NewAddress = address,
                }, page.Context.At);
        }

        await page.Done($"{Paths.Account}?done=address");
    }

    private async Task ShowAsync(PageRequest page, string? done, Dictionary<string, string>? problems)
    {
        var (http, subject, cancel) = (page.Http, page.Session.Subject, page.Http.RequestAborted);
        if (await profiles.FindAsync(subject, cancel) is not { } profile)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var waiting = (await links.ListAsync(subject, page.Context.At, cancel)).Find(link => link.Kind == AccountLinks.Address);
        await http.AccountAsync(new AccountView
        {
            Navigation = page.NavigationOf(Paths.Account),
            Antiforgery = page.Antiforgery,
            Profile = profile,
            AddressWaiting = waiting?.Email,
            Done = done,
            Posted = problems is null ? null : page.Parameters,
            Problems = problems ?? [],
            WaysIn = [await companies.SectionAsync(page)],
        });
    }
}
