using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages.Admin;

/// <summary>The people whose names have something in them.</summary>
public sealed record PeopleView
{
    public required IReadOnlyList<PersonSummary> People { get; init; }

    /// <summary>What was looked for; null: everybody.</summary>
    public required string? Search { get; init; }

    /// <summary>There are more than are shown.</summary>
    public required bool More { get; init; }
}

/// <summary>The people who sign in, and a way to add one.</summary>
public static class PeoplePage
{
    public static Task PeopleAsync(this HttpContext http, Frame frame, PeopleView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, _ => view.Search, new Dictionary<string, string>());
        Html more = view.More ? $"""<p class="note">{say["There are more. Search for a part of the name."]}</p>""" : Html.None;
        Html found = view.People.Count == 0 ? (Html)$"""<p class="empty">{say["Nobody has a name like this."]}</p>""" : $"""
            <table>
            <caption>{say["By user name"]}</caption>
            <thead><tr><th scope="col">{say["User name"]}</th><th scope="col">{say["Role"]}</th><th scope="col">{say["State"]}</th><th scope="col">{say["Created"]}</th><th scope="col" class="number">{say["Live grants"]}</th><th scope="col">{say["Last sign-in"]}</th></tr></thead>
            <tbody>
            {view.People.Select(Row)}
            </tbody>
            </table>
            {more}
            """;
        return http.PageAsync(200, "Users", $"""
            <h1>{say["Users"]}</h1>
            <form class="search" method="get" action="{settings.IssuerPath + Paths.AdminUsers}" role="search">
            {fields.Text("q", "User name", type: "search")}
            <button type="submit">{say["Search"]}</button>
            <a class="button primary" href="{settings.IssuerPath + Paths.AdminUsersAdd}">{say["Add a person"]}</a>
            </form>
            {found}
            """, frame);

        Html Row(PersonSummary person) => $"""
            <tr>
            <th scope="row"><a href="{settings.IssuerPath}{Paths.AdminUser}?subject={person.Subject.ToString()}"><bdi>{person.Username}</bdi></a></th>
            <td data-label="{say["Role"]}">{Role(person.Role, say)}</td>
            <td data-label="{say["State"]}">{State(person.Enabled, say)}</td>
            <td data-label="{say["Created"]}">{say.Time(person.CreatedAt)}</td>
            <td data-label="{say["Live grants"]}" class="number">{person.LiveGrants}</td>
            <td data-label="{say["Last sign-in"]}">{(person.LastSignIn is { } at ? say.Time(at) : $"{say["None on record"]}")}</td>
            </tr>
            """;
    }

    /// <summary>The form for a new person.</summary>
    public static Task AddPersonAsync(this HttpContext http, Html antiforgery, Frame frame, RowForm form)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Html inputs = $"""
            {fields.Text("username", "User name", "What they sign in with: lower-case letters, digits and . _ @ + -", attributes: $"required maxlength=\"128\" autocapitalize=\"none\" spellcheck=\"false\"")}
            {fields.Choice("role", "Role", [("user", say["Person"]), ("admin", say["Administrator"])])}
            """;
        return http.PageAsync(form.Status, form.Status == 200 ? "Add a person" : "Error: Add a person", $"""
            <h1>{say["Add a person"]}</h1>
            {fields.Summary()}
            <p>{say["Their first password is made up here and shown once; they can change it on their own page."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminUsersAdd}">
            {antiforgery}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Add"]}</button> <a class="button" href="{settings.IssuerPath + Paths.AdminUsers}">{say["Cancel"]}</a></div>
            </form>
            """, frame);
    }

    /// <summary>A password that was just made: this page is the only place it is ever seen.</summary>
    public static Task PasswordOnceAsync(this HttpContext http, Frame frame, Guid subject, string username, string password)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "The password, this once", $"""
            <h1>{say.Put("A password for {0}", $"<bdi>{username}</bdi>")}</h1>
            <p class="caution" role="status">{say["Copy it now: it is kept as a hash only and cannot be shown again."]}</p>
            <dl class="facts">
            <div><dt>{say["User name"]}</dt><dd><code>{username}</code></dd></div>
            <div><dt>{say["Password"]}</dt><dd><code id="password">{password}</code></dd></div>
            </dl>
            <p class="actions"><a class="button" href="{settings.IssuerPath}{Paths.AdminUser}?subject={subject.ToString()}">{say["I have copied it"]}</a></p>
            """, frame);
    }

    /// <summary>What somebody may do here.</summary>
    internal static Html Role(string role, Language say) => role == "admin" ? (Html)$"""<span class="mark soon">{say["Administrator"]}</span>""" : $"""<span class="mark">{say["Person"]}</span>""";

    /// <summary>Whether somebody may sign in.</summary>
    internal static Html State(bool enabled, Language say) =>
        enabled ? (Html)$"""<span class="mark yes">{say["Enabled"]}</span>""" : $"""<span class="mark no">{say["Disabled"]}</span>""";
}
