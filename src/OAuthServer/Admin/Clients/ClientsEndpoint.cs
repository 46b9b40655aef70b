using OAuthServer.Html;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>/admin/machines, /admin/apps, /admin/resource-servers: clients by kind. Read only.</summary>
public sealed class ClientsEndpoint(SignedInGate gate, ClientQueries register, TimeProvider time)
{
    private const int PageLength = 50;

    public RequestDelegate List(ClientKind kind) => http => ListAsync(http, kind);

    private Task ListAsync(HttpContext http, ClientKind kind) => gate.ShowAdminAsync(http, async page =>
    {
        var query = page.Parameters;
        var (search, cursor) = (new ClientSearch
        {
            Kind = kind.Kind,
            Text = query["q"]?.Trim() ?? "",
            Origin = query["origin"],
            Enabled = query["state"] switch { "enabled" => true, "disabled" => false, _ => null },
        }, new Cursor(query["after"], query["before"]));
        var found = await register.ListAsync(search, cursor, PageLength, http.RequestAborted);
        await http.ClientsAsync(page.NavigationOf(kind.Path), new ClientListView
        {
            ClientKind = kind,
            Search = search,
            Clients = found.Rows,
            Paging = Paging.Of(found, kind.Path, client => client.ClientId, cursor, ("q", search.Text), ("origin", search.Origin),
                ("state", ClientListPage.State(search.Enabled))),
            Now = time.GetUtcNow(),
            Done = page.Parameters[Notice.Field],
        });
    });
}
