using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Account;

/// <summary>
/// /connected-apps: a person sees what they granted, and takes it back. What is not theirs does not exist.
/// </summary>
public sealed class ConnectedAppsEndpoint(
    SignedInGate gate, OwnGrantStore grants, ClientDirectory clients, ResourceDirectory resources, TimeProvider time)
{
    private const string Page = "apps";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async visit =>
    {
        var (subject, cancel, now) = (visit.Session.Subject, http.RequestAborted, time.GetUtcNow());
        var apps = new List<ConnectedApp>();
        foreach (var grant in await grants.ListAsync(subject, now, cancel))
            if (await clients.FindAsync(grant.ClientId, cancel) is { } client) apps.Add(new ConnectedApp(grant, client.Row));

        var done = visit.Asked["done"];
        await http.ConnectedAppsAsync(new ConnectedAppsView
        {
            Navigation = visit.NavigationOf(Paths.ConnectedApps),
            Antiforgery = visit.Antiforgery,
            Apps = apps,
            Known = await resources.ReadAsync(cancel),
            Ended = done is null ? [] : await grants.EndedAsync(subject, done, cancel),
            Now = now,
        });
    });

    public Task RevokeAsync(HttpContext http) => gate.ChangeAsync(http, Page, async visit =>
    {
        var context = visit.Context;
        if (Guid.TryParse(visit.Asked["grant"], out var grant)
            && await grants.RevokeAsync(grant, visit.Session.Subject, context.RequestId, context.Address, time.GetUtcNow()))
            await visit.Done(Did(visit));
        else
            await SignedInGate.NotFoundAsync(visit);
    });

    /// <summary>Asks for confirmation.</summary>
    public Task AskAllAsync(HttpContext http) => gate.ShowAsync(http, Page, async visit =>
        await http.RevokeAllAsync(visit.Antiforgery, visit.NavigationOf(Paths.ConnectedApps), (await grants.ListAsync(visit.Session.Subject, time.GetUtcNow(), http.RequestAborted)).Count));

    public Task RevokeAllAsync(HttpContext http) => gate.ChangeAsync(http, Page, async visit =>
    {
        await grants.RevokeAllAsync(visit.Session.Subject, visit.Author, time.GetUtcNow());
        await visit.Done(Did(visit));
    });

    // The page says what this very request did, from the audit log: a link cannot make it say so.
    private static string Did(PageRequest visit) => $"{Paths.ConnectedApps}?done={visit.Context.RequestId}";
}
