using OAuthServer.Html;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>/admin/machines, /admin/apps, /admin/resource-servers: clients by kind. Read only.</summary>
public sealed class ClientsEndpoint(SignedInGate gate, ClientQueries register, TimeProvider time)
{
    private const int PageLength = 50;

    public RequestDelegate List(ClientKind registry) => http => ListAsync(http, registry);

    private Task ListAsync(HttpContext http, ClientKind registry) => gate.ShowAdminAsync(http, async visit =>
    {
        var asked = visit.Asked;
        var (search, cursor) = (new ClientSearch
        {
            Kind = registry.Kind,
            Text = asked["q"]?.Trim() ?? "",
            Origin = asked["origin"],
            Enabled = asked["state"] switch { "enabled" => true, "disabled" => false, _ => null },
        }, new Cursor(asked["after"], asked["before"]));
        var found = await register.ListAsync(search, cursor, PageLength, http.RequestAborted);
        await http.ClientsAsync(visit.NavigationOf(registry.Path), new ClientListView
        {
            ClientKind = registry,
            Search = search,
            Clients = found.Rows,
            Paging = Paging.Of(found, registry.Path, client => client.ClientId, cursor, ("q", search.Text), ("origin", search.Origin), ("state", ClientListPage.State(search.Enabled))),
            Now = time.GetUtcNow(),
            Done = visit.Asked[Notice.Field],
        });
    });
}
