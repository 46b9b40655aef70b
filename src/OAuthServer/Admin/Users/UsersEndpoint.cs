using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>/admin/users finds people and adds one, with a first password that is shown once.</summary>
public sealed class UsersEndpoint(SignedInGate gate, UserEdits users, UserQueries queries, HashQueue hashes, TimeProvider time)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (text, cursor) = (page.Parameters["q"]?.Trim() ?? "", new Cursor(page.Parameters["after"], page.Parameters["before"]));
        var found = await queries.ListAsync(
            new UserSearch { Text = text }, cursor, PageLength, time.GetUtcNow(), http.RequestAborted);
        await http.UsersAsync(page.NavigationOf(Paths.AdminUsers), new UsersView
        {
            People = found.Rows,
            Search = text,
            Paging = Paging.Of(found, Paths.AdminUsers, person => person.Username, cursor, ("q", text)),
        });
    });

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
