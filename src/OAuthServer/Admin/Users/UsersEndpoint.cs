using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>/admin/users finds people and adds one, with a first password that is shown once.</summary>
public sealed class UsersEndpoint(SignedInGate gate, UserEdits users, HashQueue hashes, TimeProvider time)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async visit =>
    {
        var (text, cursor) = (visit.Asked["q"]?.Trim() ?? "", new Cursor(visit.Asked["after"], visit.Asked["before"]));
        var found = await users.SearchAsync(text, cursor, PageLength, time.GetUtcNow(), http.RequestAborted);
        await http.UsersAsync(visit.NavigationOf(Paths.AdminUsers), new UsersView
        {
            People = found.Rows,
            Search = text,
            Paging = Paging.Of(found, Paths.AdminUsers, person => person.Username, cursor, ("q", text)),
        });
    });

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, visit => ShowAsync(visit, []));

    public Task AddAsync(HttpContext http) => gate.ChangeAdminAsync(http, async visit =>
    {
        var (username, role, password) = (visit.Asked["username"]?.Trim() ?? "", visit.Asked["role"] ?? "", FirstPassword.Make());
        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        Guid? subject = null;
        if (await Edit.TryAsync(async () => subject = await users.AddAsync(username, hash, role, visit.Author, http.RequestAborted)) is { } refusal)
            await ShowAsync(visit, refusal.Problems(http.Language()));
        else if (subject is not { } added)
            await ShowAsync(visit, new() { ["username"] = http.Language()["There is already a user with this name."] });
        else
            await http.PasswordOnceAsync(visit.NavigationOf(Paths.AdminUsers), added, username, password);
    });

    private static Task ShowAsync(PageRequest visit, Dictionary<string, string> problems) => visit.Http.AddPersonAsync(visit.Antiforgery, visit.NavigationOf(Paths.AdminUsers),
        new RowForm { Key = null, Version = null, Values = name => visit.Asked[name], Problems = problems });
}
