using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Admin.Users;

/// <summary>
/// /admin/users/invite invites somebody, and lists who is invited; /admin/user/reset-password makes a link to a new password;
/// /admin/user/link revokes one. A link is shown once, or mailed and never shown.
/// </summary>
public sealed class LinksEndpoint(
    SignedInGate gate, AccountLinkStore links, UserEdits users, OutboxStore addresses, Outbox outbox, Settings settings)
{
    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ShowAsync(page, []));

    public Task InviteAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (form, say) = (page.Parameters, http.Language());
        var (username, email, mailed) = (form["username"]?.Trim() ?? "", Text(form["email"]), form["mail"] is not null && settings.HasMail);
        if (await users.FindAsync(username, http.RequestAborted) is not null)
        {
            await ShowAsync(page, new() { ["username"] = say.Put("There is a user {0} already", $"{username}").ToString() });
            return;
        }

        if (mailed && email is null)
        {
            await ShowAsync(page, new() { ["email"] = say["Enter the address the link is mailed to."] });
            return;
        }

        var link = new NewAccountLink
        {
            Kind = AccountLinks.Invitation,
            Username = username,
            Role = form["role"] ?? "",
            Email = email,
            Provider = Text(form["provider"]),
            Locale = Text(form["locale"]),
            Mailed = mailed,
        };
        string? token = null;
        if (await Edit.TryAsync(async () => token = await AccountLinks.MakeAsync(links, link, page.Author, page.Context.At)) is { } refusal)
            await ShowAsync(page, refusal.Problems(say));
        else await MadeAsync(page, link, token!, username, email);
    });

    public Task ResetAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var mailed = page.Parameters["mail"] is not null && settings.HasMail;
        if (!Guid.TryParse(page.Parameters["subject"], out var subject)
            || await users.NameAsync(subject, http.RequestAborted) is not { } username)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var address = mailed ? (await addresses.FindAsync(subject, http.RequestAborted))?.Email : null;
        var link = new NewAccountLink { Kind = AccountLinks.Reset, Subject = subject, Mailed = address is not null };
        if (mailed == link.Mailed && await AccountLinks.MakeAsync(links, link, page.Author, page.Context.At) is { } token)
            await MadeAsync(page, link, token, username, address);
        else await page.Done($"{Paths.AdminUser}?subject={subject}&{Notice.Field}={Notice.NoLink}");
    });

    public Task RevokeAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (!Guid.TryParse(page.Parameters["link"], out var id) || !await links.RevokeAsync(id, page.Author, page.Context.At))
            await SignedInGate.NotFoundAsync(page);
        else if (Guid.TryParse(page.Parameters["subject"], out var subject))
            await page.Done($"{Paths.AdminUser}?subject={subject}&{Notice.Field}={Notice.Ended}");
        else await page.Done($"{Paths.AdminUsersInvite}?{Notice.Field}={Notice.Ended}");
    });

    private async Task MadeAsync(PageRequest page, NewAccountLink link, string token, string username, string? address)
    {
        var until = page.Context.At + AccountLinks.LifeOf(link.Kind);
        var url = AccountLinks.UrlOf(token, settings);
        if (!link.Mailed)
        {
            await page.Http.LinkOnceAsync(page.NavigationOf(Paths.AdminUsers), link.Subject, username, url, until);
            return;
        }

        await outbox.AddAsync(new Letter
        {
            Kind = link.Kind == AccountLinks.Invitation ? LetterKind.Invitation : LetterKind.Reset,
            Subject = link.Subject,
            To = address,
            Username = username,
            Url = url,
            Until = until,
            Locale = link.Locale,
        }, page.Context.At);
        await page.Done(link.Subject is { } subject ? $"{Paths.AdminUser}?subject={subject}&{Notice.Field}={Notice.Mailed}"
            : $"{Paths.AdminUsersInvite}?{Notice.Field}={Notice.Mailed}");
    }

    private async Task ShowAsync(PageRequest page, Dictionary<string, string> problems) => await page.Http.InviteAsync(new InviteView
    {
        Antiforgery = page.Antiforgery,
        Navigation = page.NavigationOf(Paths.AdminUsers),
        Form = new RowForm { Key = null, Version = null, Values = name => page.Parameters[name], Problems = problems },
        Open = await links.ListAsync(null, page.Context.At, page.Http.RequestAborted),
        Done = page.Parameters[Notice.Field],
    });

    private static string? Text(string? typed) => typed?.Trim() is { Length: > 0 } text ? text : null;
}
