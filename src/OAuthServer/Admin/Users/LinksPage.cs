using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Admin.Users;

/// <summary>What the page of invitations shows.</summary>
public sealed record InviteView
{
    public required Markup Antiforgery { get; init; }
    public required Navigation Navigation { get; init; }
    public required RowForm Form { get; init; }

    /// <summary>Invitations that work.</summary>
    public required IReadOnlyList<AccountLinkRow> Open { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public string? Done { get; init; }
}

/// <summary>One-time links: the form of an invitation, those that work, and a link that is shown once.</summary>
public static class LinksPage
{
    public static Task InviteAsync(this HttpContext http, InviteView view)
    {
        var (settings, say, form) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Form);
        var fields = new Fields(say, form.Values, form.Problems);
        Markup mail = settings.HasMail ? fields.Check("mail", say["Mail the link to this address; it is not shown here"]) : Markup.None;
        Markup inputs = $"""
            {fields.Text("username", "Username", "Used to sign in: lower-case letters, digits and . _ @ + -",
                attributes: $"required maxlength=\"128\" autocapitalize=\"none\" spellcheck=\"false\"")}
            {fields.Choice("role", "Role", [("user", say["User"]), ("admin", say["Administrator"])])}
            {fields.Text("email", "E-mail address", type: "email")}
            {mail}
            {fields.Text("locale", "Language", "Such as en, ar or pt-BR")}
            {fields.Text("provider", "Sign-in provider", "The id of the provider they accept it with; empty: they choose a password")}
            """;
        return http.PageAsync(form.Status, form.Status == 200 ? "Invite a user" : "Error: Invite a user", $"""
            <h1>{say["Invite a user"]}</h1>
            {Notice.Of(view.Done, say)}
            {fields.Summary()}
            <p>{say["They get a link, by which they create their account as you set it here. It works once, for seven days."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminUsersInvite}">
            {view.Antiforgery}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Invite"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminUsers}">{say["Cancel"]}</a></div>
            </form>
            <h2>{say["Open invitations"]}</h2>
            {Table(view.Open, view.Antiforgery, null, settings, say)}
            """, view.Navigation);
    }

    /// <summary>Links that work, each with a button that revokes it.</summary>
    /// <param name="subject">Whose page it is; null: that of invitations.</param>
    internal static Markup Table(
        IReadOnlyList<AccountLinkRow> links, Markup antiforgery, Guid? subject, Settings settings, Language say)
    {
        if (links.Count == 0) return $"""<p class="empty">{say["No link works now."]}</p>""";
        Markup page = subject is null ? Markup.None : $"""<input type="hidden" name="subject" value="{subject.ToString()}">""";
        return $"""
            <table>
            <caption>{say["Newest first"]}</caption>
            <thead><tr><th scope="col">{say[subject is null ? "Username" : "For"]}</th><th scope="col">{say["E-mail address"]}</th>
                <th scope="col">{say["Created"]}</th><th scope="col">{say["Expires"]}</th><th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {links.Select(Row)}
            </tbody>
            </table>
            """;

        Markup Row(AccountLinkRow link)
        {
            Markup role = link.Role == "admin" ? UsersPage.Role(link.Role, say) : Markup.None;
            return $"""
                <tr>
                <th scope="row">{(subject is null ? (Markup)$"<bdi>{link.Username}</bdi> {role}" : $"{What(link.Kind, say)}")}</th>
                <td data-label="{say["E-mail address"]}"><bdi dir="ltr">{link.Email ?? "–"}</bdi></td>
                <td data-label="{say["Created"]}">{say.Time(link.CreatedAt)}</td>
                <td data-label="{say["Expires"]}">{say.Time(link.ExpiresAt)}</td>
                <td><form method="post" action="{settings.IssuerPath + Paths.AdminUserLink}">{antiforgery}{page}<button class="small danger"
                    type="submit" name="link" value="{link.Id.ToString()}">{say["Revoke"]}<span class="unseen">
                    <bdi>{link.Username}</bdi></span></button></form></td>
                </tr>
                """;
        }
    }

    /// <summary>A link that was just made: this page is the only place it is ever shown.</summary>
    /// <param name="subject">Whose; null: who is invited has none yet.</param>
    public static Task LinkOnceAsync(
        this HttpContext http, Navigation frame, Guid? subject, string username, string url, DateTimeOffset until)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var back = subject is { } one ? $"{Paths.AdminUser}?subject={one}" : Paths.AdminUsersInvite;
        return http.PageAsync(200, "One-time link", $"""
            <h1>{say.Put("Link for {0}", $"<bdi>{username}</bdi>")}</h1>
            <p class="caution" role="status">{say["Copy it now. Only its hash is stored, so it cannot be shown again."]}</p>
            <p class="url"><code id="link" dir="ltr">{url}</code></p>
            <p>{say.Put("It works once, until {0}. Whoever has it can use it: hand it over where nobody else reads it.",
                say.Time(until))}</p>
            <p class="actions"><a class="button" href="{settings.IssuerPath + back}">{say["Done"]}</a></p>
            """, frame);
    }

    private static string What(string kind, Language say) => kind switch
    {
        AccountLinks.Address => say["Confirming an address"],
        AccountLinks.MailedReset => say["A new password, asked for by the user"],
        _ => say["A new password"],
    };
}
