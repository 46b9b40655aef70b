using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Grants;

/// <summary>/admin/grants lists live grants; /admin/grants/revoke ends those that are ticked, or all that were found.</summary>
public sealed class GrantsEndpoint(SignedInGate gate, OperatorGrantStore grants, UserEdits users, TimeProvider time)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (query, cancel, now, problems) = (page.Parameters, http.RequestAborted, time.GetUtcNow(), new Dictionary<string, string>());
        var cursor = new Cursor(query["after"], query["before"]);
        var search = await SearchAsync(query, cancel);
        if (search is null) problems["person"] = "There is no user with this name.";
        var found = search is null ? Slice.Of<ListedGrant>([], cursor, PageLength, 0)
            : await grants.ListAsync(search with { Oldest = query["sort"] == "oldest" }, cursor, PageLength, now, cancel);
        await http.GrantsAsync(page.Antiforgery, page.NavigationOf(Paths.AdminGrants), new GrantsView
        {
            Parameters = query,
            Problems = problems,
            Grants = found.Rows,
            Total = search is null ? default : await grants.CountAsync(search, now, cancel),
            Paging = Paging.Of(
                found, Paths.AdminGrants, grant => grant.Id.ToString(), cursor, [.. Filters(query), ("sort", query["sort"])]),
            Done = query[Notice.Field],
        });
    });

    public Task RevokeAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (form, cancel) = (page.Parameters, http.RequestAborted);
        var back = PageUrl.Of(Paths.AdminGrants, Filters(form));
        Guid[] ids = [.. Picks.Of(form).Select(key => Guid.TryParse(key, out var id) ? id : default).Where(id => id != default)];
        var search = form[Picks.What] == "all" ? await SearchAsync(form, cancel) : null;
        if (search == new GrantSearch() || (search is null && ids.Length == 0))
        {
            await page.Done(back);
            return;
        }

        if (!Picks.IsConfirmed(form)) await ConfirmAsync(page, search, ids, back);
        else
        {
            if (search is not null) await grants.EndAsync(search, page.Author, page.Context.At);
            else await grants.EndAsync(ids, page.Author, page.Context.At);
            await page.Done(PageUrl.Of(Paths.AdminGrants, [.. Filters(form), (Notice.Field, Notice.Ended)]));
        }
    });

    private async Task ConfirmAsync(PageRequest page, GrantSearch? search, Guid[] ids, string back)
    {
        var (say, now, cancel) = (page.Http.Language(), time.GetUtcNow(), page.Http.RequestAborted);
        var impact = search is null ? await grants.ImpactAsync(ids, now, cancel) : await grants.ImpactAsync(search, now, cancel);
        await page.Http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminGrants), new Confirmation
        {
            Title = say["Revoke grants"],
            Question = $"{(search is null ? say["Revoke the selected grants?"] : say["Revoke all grants that were found?"])}",
            Consequence =
                $"{say["Their tokens stop working and the apps have to request access again. Servers that follow the revocation feed refuse them within a second; others accept them until they expire, at most an hour."]}",
            Impact =
            [
                say.Put("Live grants: {0}", $"<strong>{say.Number(impact.Grants)}</strong>"),
                say.Put("Users with these grants: {0}", say.Number(impact.People)),
                say.Put("Clients with these grants: {0}", say.Number(impact.Clients)),
            ],
            Sql = search is null ? OperatorGrantStore.EndText(ids) : OperatorGrantStore.EndText(search),
            Path = Paths.AdminGrantsRevoke,
            Form =
            [
                Picks.Carry(ids.Select(id => id.ToString())), .. Filters(page.Parameters).Select(one => (one.Name, one.Value ?? "")),
                (Picks.What, search is null ? "selected" : "all"), Picks.Confirmed,
            ],
            Button = say["Revoke"],
            Back = back,
        });
    }

    private static (string Name, string? Value)[] Filters(Parameters from) => [.. GrantsPage.Filters.Select(name => (name, from[name]))];

    // Null: there is no such user.
    private async Task<GrantSearch?> SearchAsync(Parameters query, CancellationToken cancel)
    {
        Guid? subject = null;
        if (query["person"]?.Trim() is { } name)
        {
            subject = Guid.TryParse(name, out var id) ? id : (await users.FindAsync(name.ToLowerInvariant(), cancel))?.Subject;
            if (subject is null) return null;
        }

        return new GrantSearch { Client = query["client"]?.Trim(), Subject = subject, Resource = query["uri"]?.Trim() };
    }
}
