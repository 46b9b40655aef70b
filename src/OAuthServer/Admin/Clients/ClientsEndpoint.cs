using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>
/// /admin/machines, /admin/apps, /admin/resource-servers: clients by kind. /admin/clients/state disables or enables those that are
/// ticked, or all that were found, and says before what is affected.
/// </summary>
public sealed class ClientsEndpoint(SignedInGate gate, ClientQueries register, ClientEdits edits, TimeProvider time)
{
    private const int PageLength = 50;

    // Each edit has an audit row, a notification and perhaps an entry of the revocation feed.
    private const int MostAtOnce = 1000;
    private const int MostNamed = 20;

    public RequestDelegate List(ClientKind kind) => http => ListAsync(http, kind);

    private Task ListAsync(HttpContext http, ClientKind kind) => gate.ShowAdminAsync(http, async page =>
    {
        var (search, cursor) = (SearchOf(page.Parameters, kind), new Cursor(page.Parameters["after"], page.Parameters["before"]));
        var found = await register.ListAsync(search, cursor, PageLength, http.RequestAborted);
        await http.ClientsAsync(page.Antiforgery, page.NavigationOf(kind.Path), new ClientListView
        {
            ClientKind = kind,
            Search = search,
            Clients = found.Rows,
            Paging = Paging.Of(found, kind.Path, client => ClientQueries.KeyOf(client, search), cursor, ClientListPage.Filters(search)),
            Now = time.GetUtcNow(),
            Done = page.Parameters[Notice.Field],
        });
    });

    public Task SwitchAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (form, cancel) = (page.Parameters, http.RequestAborted);
        if (ClientKind.Of(form["kind"]) is not { } kind)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var search = SearchOf(form, kind);
        var back = PageUrl.Of(kind.Path, ClientListPage.Filters(search));
        var (enabled, all) = (form[Picks.What] == "enable", form[Picks.What] == "disable-all" && !Picks.IsConfirmed(form));
        IReadOnlyList<string>? ids = all ? await register.IdsAsync(search with { Enabled = true }, MostAtOnce, cancel) : Picks.Of(form);
        if (ids is not null && !Picks.CanCarry(ids)) ids = null;
        if (ids is { Count: 0 })
            await page.Done(back);
        else if (ids is null || !Picks.IsConfirmed(form))
            await ConfirmAsync(page, kind, ids, enabled, back);
        else
        {
            await edits.EnableAsync([.. ids], enabled, page.Author, cancel);
            await page.Done(PageUrl.Of(kind.Path, [.. ClientListPage.Filters(search), (Notice.Field, Notice.Saved)]));
        }
    });

    // Null: too many to act on at once.
    private async Task ConfirmAsync(PageRequest page, ClientKind kind, IReadOnlyList<string>? ids, bool enabled, string back)
    {
        var (http, say) = (page.Http, page.Http.Language());
        if (ids is null)
        {
            await http.PageAsync(409, "Error: Clients", $"""
                <h1>{say["Disable clients"]}</h1>
                <p class="error" role="alert">{say.Put("More than {0} clients were found. Narrow the search, or use oauth-server clients disable.",
                    $"{MostAtOnce}")}</p>
                <p class="actions"><a class="button"
                    href="{http.RequestServices.GetRequiredService<Settings>().IssuerPath + back}">{say["Cancel"]}</a></p>
                """, page.NavigationOf(kind.Path));
            return;
        }

        var grants = await register.GrantsAsync([.. ids], time.GetUtcNow(), http.RequestAborted);
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(kind.Path), new Confirmation
        {
            Title = enabled ? say["Enable clients"] : say["Disable clients"],
            Question = $"{(enabled ? say["Enable these clients?"] : say["Disable these clients?"])}",
            Consequence =
                $"{(enabled ? say["Their requests are accepted again, and their grants and unexpired tokens work again."]
                    : say["Their requests and tokens are refused from now on. If you enable them again, their grants and unexpired tokens work again."])}",
            Impact =
            [
                say.Put("Clients: {0}", $"<strong>{ids.Count}</strong>"),
                say.Put("Live grants: {0}", $"<strong>{say.Number(grants)}</strong>"),
                .. ids.Take(MostNamed).Select(id => (Markup)$"<bdi>{Words.Sanitize(id, "–", 200)}</bdi>"),
                .. ids.Count > MostNamed ? (Markup[])[$"…"] : [],
            ],
            Sql = ClientEdits.EnableText(ids, enabled),
            Path = Paths.AdminClientsState,
            Form =
            [
                Picks.Carry(ids), ("kind", kind.Kind), .. ClientListPage.Filters(SearchOf(page.Parameters, kind))
                    .Select(one => (one.Name, one.Value ?? "")),
                (Picks.What, enabled ? "enable" : "disable"), Picks.Confirmed,
            ],
            Button = enabled ? say["Enable"] : say["Disable"],
            Back = back,
        });
    }

    private static ClientSearch SearchOf(Parameters query, ClientKind kind) => new()
    {
        Kind = kind.Kind,
        Text = query["q"]?.Trim() ?? "",
        Origin = query["origin"],
        Enabled = RowState.Read(query["state"]),
        Newest = query["sort"] == "newest",
    };
}
