using OAuthServer.Pages.Admin;
using OAuthServer.Stores;

namespace OAuthServer.Endpoints.Admin;

/// <summary>/admin/machines, /admin/apps, /admin/resource-servers: who may ask for tokens, by kind. Read only.</summary>
public sealed class ClientsEndpoint(Gate gate, ClientRegister register, TimeProvider time)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http, Registry registry) => gate.ShowAdminAsync(http, async visit =>
    {
        var (text, after) = (visit.Asked["q"]?.Trim() ?? "", visit.Asked["after"] ?? "");
        var found = await register.ListAsync(registry.Kind, text, after, PageLength + 1, http.RequestAborted);
        await http.ClientsAsync(visit.FrameOf(registry.Path), new ClientListView
        {
            Registry = registry,
            Text = text,
            Clients = [.. found.Take(PageLength)],
            More = found.Count > PageLength,
            Later = after.Length > 0,
            Now = time.GetUtcNow(),
            Done = visit.Asked[Notice.Field],
        });
    });
}

/// <summary>Where they are found.</summary>
public static class ClientsRoutes
{
    extension(IEndpointRouteBuilder app)
    {
        public void MapAdminClients()
        {
            var clients = app.ServiceProvider.GetRequiredService<ClientsEndpoint>();
            foreach (var registry in Registry.All) app.MapGet(registry.Path, (RequestDelegate)(http => clients.ListAsync(http, registry)));
        }
    }
}
