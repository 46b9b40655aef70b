using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>
/// /admin/users finds people and adds one, with a first password that is shown once; /admin/users/state disables or enables several.
/// </summary>
public sealed class UsersEndpoint(SignedInGate gate, UserEdits users, UserQueries queries, HashQueue hashes, TimeProvider time)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (search, cursor) = (SearchOf(page.Parameters), new Cursor(page.Parameters["after"], page.Parameters["before"]));
        var found = await queries.ListAsync(search, cursor, PageLength, time.GetUtcNow(), http.RequestAborted);
        await http.UsersAsync(page.Antiforgery, page.NavigationOf(Paths.AdminUsers), new UsersView
        {
            People = found.Rows,
            Search = search,
            Paging = Paging.Of(found, Paths.AdminUsers, person => UserQueries.KeyOf(person, search), cursor, UsersPage.Filters(search)),
            Done = page.Parameters[Notice.Field],
        });
    });

    /// <summary>Disables or enables those that are ticked, once what is affected was confirmed.</summary>
    public Task SwitchAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (form, enabled, now) = (page.Parameters, page.Parameters[Picks.What] == "enable", time.GetUtcNow());
        var people = new List<UserOverview>();
        foreach (var key in Picks.Of(form))
            if (Guid.TryParse(key, out var subject) && await users.UserAsync(subject, now, http.RequestAborted) is { } person)
                people.Add(person);
        if (people.Count == 0)
            await page.Done(PageUrl.Of(Paths.AdminUsers, UsersPage.Filters(SearchOf(form))));
        else if (!Picks.IsConfirmed(form))
            await ConfirmAsync(page, people, enabled, null);
        else if (await SwitchAsync(page, people, enabled) is { } refused)
            await ConfirmAsync(page, [refused], enabled, http.Language()[
                "The last enabled administrator stays enabled: nobody could enter the administration any more. All others were disabled."]);
        else
            await page.Done(PageUrl.Of(Paths.AdminUsers, [.. UsersPage.Filters(SearchOf(form)), (Notice.Field, Notice.Saved)]));
    });

    // The one that was refused, after all others; null: all are done.
    private async Task<UserOverview?> SwitchAsync(PageRequest page, List<UserOverview> people, bool enabled)
    {
        UserOverview? refused = null;
        foreach (var person in people.Where(person => person.Enabled != enabled))
            if (await users.ChangeAsync(new UserChange { Subject = person.Subject, Version = null, Enabled = enabled }, page.Author,
                page.Http.RequestAborted) == UserOutcome.LastAdministrator)
                refused = person;
        return refused;
    }

    private static Task ConfirmAsync(PageRequest page, List<UserOverview> people, bool enabled, string? problem)
    {
        var say = page.Http.Language();
        var filters = UsersPage.Filters(SearchOf(page.Parameters));
        return page.Http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminUsers), new Confirmation
        {
            Title = enabled ? say["Enable users"] : say["Disable users"],
            Question = $"{(enabled ? say["Enable these users?"] : say["Disable these users?"])}",
            Consequence = $"{(enabled ? say["They may sign in again. Sessions and grants that ended stay ended."]
                : say["They are signed out everywhere and cannot sign in, and all apps lose access. Enabling them later does not restore any of it."])}",
            Impact =
            [
                say.Put("Users: {0}", $"<strong>{people.Count}</strong>"),
                say.Put("Live grants: {0}", $"<strong>{people.Sum(person => person.LiveGrants)}</strong>"),
                .. people.Select(person => (Markup)$"<bdi>{person.Username}</bdi>"),
            ],
            Sql = UserEdits.EnableText(people.Select(person => person.Username), enabled),
            Path = Paths.AdminUsersState,
            Form =
            [
                Picks.Carry(people.Select(person => person.Subject.ToString())), .. filters.Select(one => (one.Name, one.Value ?? "")),
                (Picks.What, enabled ? "enable" : "disable"), Picks.Confirmed,
            ],
            Button = enabled ? say["Enable"] : say["Disable"],
            Back = PageUrl.Of(Paths.AdminUsers, filters),
            Problem = problem,
        });
    }

    private static UserSearch SearchOf(Parameters query) => new()
    {
        Text = query["q"]?.Trim() ?? "",
        Role = query["role"],
        Enabled = RowState.Read(query["state"]),
        Newest = query["sort"] == "newest",
    };

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ShowAsync(page, []));

    public Task AddAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (username, role, password) = (page.Parameters["username"]?.Trim() ?? "", page.Parameters["role"] ?? "", FirstPassword.Make());
        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        Guid? subject = null;
        if (await Edit.TryAsync(async () => subject = await users.AddAsync(username, hash, role, page.Author, http.RequestAborted))
            is { } refusal)
            await ShowAsync(page, refusal.Problems(http.Language()));
        else if (subject is not { } added)
            await ShowAsync(page, new() { ["username"] = http.Language()["There is already a user with this name."] });
        else
            await http.PasswordOnceAsync(page.NavigationOf(Paths.AdminUsers), added, username, password);
    });

    private static Task ShowAsync(PageRequest page, Dictionary<string, string> problems) => page.Http.AddPersonAsync(
        page.Antiforgery, page.NavigationOf(Paths.AdminUsers),
        new RowForm { Key = null, Version = null, Values = name => page.Parameters[name], Problems = problems });
}
