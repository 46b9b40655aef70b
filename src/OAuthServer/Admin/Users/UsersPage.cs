using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>A page of the list of users.</summary>
public sealed record UsersView
{
    public required IReadOnlyList<UserOverview> People { get; init; }

    /// <summary>What the list is narrowed to.</summary>
    public required UserSearch Search { get; init; }
    public required Paging Paging { get; init; }

    /// <summary>What was done a moment ago, a key of <see cref="Notice"/>.</summary>
    public required string? Done { get; init; }
}

/// <summary>The list of users, and the form that adds one.</summary>
public static class UsersPage
{
    public static Task UsersAsync(this HttpContext http, Markup antiforgery, Navigation frame, UsersView view)
    {
        var (settings, say, search) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Search);
        var filters = Filters(search);
        var fields = new Fields(say, name => filters.FirstOrDefault(one => one.Name == name).Value, new Dictionary<string, string>());
        Markup all = search is { Text: "", Role: null, Enabled: null } ? Markup.None
            : $"""<a class="button" href="{settings.IssuerPath + Paths.AdminUsers}">{say["Show all"]}</a>""";
        Markup found = view.People.Count == 0 ? (Markup)$"""<p class="empty" role="status">{say["No results"]}</p>""" : $"""
            <form method="post" action="{settings.IssuerPath + Paths.AdminUsersState}">
            {antiforgery}{filters.Select(one => (Markup)$"""<input type="hidden" name="{one.Name}" value="{one.Value}">""")}
            <table>
            <caption>{view.Paging.Counted(say)} · {(search.Newest ? say["Newest first"] : say["Sorted by username"])}</caption>
            <thead><tr><th scope="col">{say["Select"]}</th>
                <th scope="col">{say["Username"]}</th><th scope="col">{say["Role"]}</th><th scope="col">{say["State"]}</th>
                <th scope="col">{say["Created"]}</th><th scope="col" class="number">{say["Live grants"]}</th>
                <th scope="col">{say["Last sign-in"]}</th></tr></thead>
            <tbody>
            {view.People.Select(Row)}
            </tbody>
            </table>
            <div class="actions"><button type="submit" name="{Picks.What}" value="disable">{say["Disable selected…"]}</button>
                <button type="submit" name="{Picks.What}" value="enable">{say["Enable selected…"]}</button></div>
            </form>
            """;
        return http.PageAsync(200, "Users", $"""
            {Paging.Heading("Users", settings, say, (Paths.AdminUsersInvite, "Invite a user"),
                (Paths.AdminUsersAdd, "Add a user"))}
            {Notice.Of(view.Done, say)}
            <form class="search" method="get" action="{settings.IssuerPath + Paths.AdminUsers}" role="search">
            {fields.Text("q", "Username", type: "search")}
            {fields.Choice("role", "Role", [("", "Any"), ("user", "User"), ("admin", "Administrator")])}
            {fields.Choice("state", "State", [("", "Any"), ("enabled", "Enabled"), ("disabled", "Disabled")])}
            {fields.Choice("sort", "Sort by", [("", "Username"), ("newest", "Newest first")])}
            <button type="submit">{say["Search"]}</button>
            {all}
            </form>
            {found}
            {view.Paging.Links(settings, say)}
            """, frame);

        Markup Row(UserOverview person) => $"""
            <tr>
            <td data-label="{say["Select"]}">{Picks.Box(person.Subject.ToString(), person.Username, say)}</td>
            <th scope="row"><a href="{settings.IssuerPath}{Paths.AdminUser}?subject={person.Subject
                .ToString()}"><bdi>{person.Username}</bdi></a></th>
            <td data-label="{say["Role"]}">{Role(person.Role, say)}</td>
            <td data-label="{say["State"]}">{State(person.Enabled, say)}</td>
            <td data-label="{say["Created"]}">{say.Time(person.CreatedAt)}</td>
            <td data-label="{say["Live grants"]}" class="number">{person.LiveGrants}</td>
            <td data-label="{say["Last sign-in"]}">{(person.LastSignIn is { } at ? say.Time(at) : $"{say["None recorded"]}")}</td>
            </tr>
            """;
    }

    /// <summary>What the list is narrowed and sorted by, as its form says it.</summary>
    internal static (string Name, string? Value)[] Filters(UserSearch search) =>
    [
        ("q", search.Text), ("role", search.Role),
        ("state", search.Enabled switch { true => "enabled", false => "disabled", null => null }),
        ("sort", search.Newest ? "newest" : null),
    ];

    /// <summary>The form for a new person.</summary>
    public static Task AddPersonAsync(this HttpContext http, Markup antiforgery, Navigation frame, RowForm form)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Markup inputs = $"""
            {fields.Text("username", "Username", "Used to sign in: lower-case letters, digits and . _ @ + -",
                attributes: $"required maxlength=\"128\" autocapitalize=\"none\" spellcheck=\"false\"")}
            {fields.Choice("role", "Role", [("user", say["User"]), ("admin", say["Administrator"])])}
            """;
        return http.PageAsync(form.Status, form.Status == 200 ? "Add a user" : "Error: Add a user", $"""
            <h1>{say["Add a user"]}</h1>
            {fields.Summary()}
            <p>{say["An initial password is generated and shown once. The user can change it on the password page."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminUsersAdd}">
            {antiforgery}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Add"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminUsers}">{say["Cancel"]}</a></div>
            </form>
            """, frame);
    }

    /// <summary>A password that was just made: this page is the only place it is ever shown.</summary>
    public static Task PasswordOnceAsync(this HttpContext http, Navigation frame, Guid subject, string username, string password)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "New password", $"""
            <h1>{say.Put("Password for {0}", $"<bdi>{username}</bdi>")}</h1>
            <p class="caution" role="status">{say["Copy it now. Only its hash is stored, so it cannot be shown again."]}</p>
            <dl class="facts">
            <div><dt>{say["Username"]}</dt><dd><code>{username}</code></dd></div>
            <div><dt>{say["Password"]}</dt><dd><code id="password">{password}</code></dd></div>
            </dl>
            <p class="actions"><a class="button"
                href="{settings.IssuerPath}{Paths.AdminUser}?subject={subject.ToString()}">{say["Done"]}</a></p>
            """, frame);
    }

    /// <summary>What somebody may do here.</summary>
    internal static Markup Role(string role, Language say) => role == "admin" ? (
        Markup)$"""<span class="mark soon">{say["Administrator"]}</span>""" : $"""<span class="mark">{say["User"]}</span>""";

    /// <summary>Whether somebody may sign in.</summary>
    internal static Markup State(bool enabled, Language say) =>
        enabled ? (Markup)$"""<span class="mark yes">{say["Enabled"]}</span>""" : $"""<span class="mark no">{say["Disabled"]}</span>""";
}
