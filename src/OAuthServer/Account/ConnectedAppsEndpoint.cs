using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Account;

/// <summary>
/// /connected-apps: a person sees what they granted, and takes it back. What is not theirs does not exist.
/// </summary>
public sealed class ConnectedAppsEndpoint(
    SignedInGate gate, OwnGrantStore grants, DelegationStore delegations, OnwardStore onward, ClientDirectory clients,
    ResourceDirectory resources, TimeProvider time)
{
    private const string Page = "apps";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async page =>
    {
        var (subject, cancel, now) = (page.Session.Subject, http.RequestAborted, time.GetUtcNow());
        var apps = new List<ConnectedApp>();
        foreach (var own in (await grants.ListAsync(subject, now, cancel)).GroupBy(grant => grant.ClientId, StringComparer.Ordinal))
            if (await clients.FindAsync(own.Key, cancel) is { } client) apps.Add(new ConnectedApp([.. own], client.Row));

        var done = page.Parameters["done"];
        await http.ConnectedAppsAsync(new ConnectedAppsView
        {
            Navigation = page.NavigationOf(Paths.ConnectedApps),
            Antiforgery = page.Antiforgery,
            Apps = apps,
            Known = await resources.ReadAsync(cancel),
            Delegations = (await delegations.OfPersonAsync(subject, cancel)).ToLookup(row => row.GrantId!.Value),
            Idle = (await onward.IdleAsync(subject, now, cancel)).ToLookup(agent => agent.GrantId),
            Cut = done is null ? [] : await delegations.CutByAsync(subject, done, cancel),
            Ended = done is null ? [] : await grants.EndedAsync(subject, done, cancel),
            Now = now,
        });
    });

    public Task RevokeAsync(HttpContext http) => gate.ChangeAsync(http, Page, async page =>
    {
        if (await EndsAsync(page)) await page.Done(Did(page));
        else await SignedInGate.NotFoundAsync(page);
    });

    // One grant, one branch of it, or all of one app.
    private async Task<bool> EndsAsync(PageRequest page)
    {
        var (context, subject) = (page.Context, page.Session.Subject);
        if (page.Parameters["edge"] is { } edge)
            return Guid.TryParse(edge, out var step) && await delegations.CutAsync(step, subject, page.Author, context.At);
        return page.Parameters["app"] is { } app
            ? await grants.RevokeAllAsync(subject, app, page.Author, context.At) > 0
            : Guid.TryParse(page.Parameters["grant"], out var grant)
              && await grants.RevokeAsync(grant, subject, context.RequestId, context.Address, context.At);
    }

    /// <summary>Asks for confirmation.</summary>
    public Task ConfirmAllAsync(HttpContext http) => gate.ShowAsync(http, Page, async page =>
        await http.RevokeAllAsync(page.Antiforgery, page.NavigationOf(Paths.ConnectedApps),
            (await grants.ListAsync(page.Session.Subject, time.GetUtcNow(), http.RequestAborted))
            .Select(grant => grant.ClientId).Distinct(StringComparer.Ordinal).Count()));

    public Task RevokeAllAsync(HttpContext http) => gate.ChangeAsync(http, Page, async page =>
    {
        await grants.RevokeAllAsync(page.Session.Subject, null, page.Author, page.Context.At);
        await page.Done(Did(page));
    });

    // The page says what this very request did, from the audit log: a link cannot make it say so.
    private static string Did(PageRequest page) => $"{Paths.ConnectedApps}?done={page.Context.RequestId}";
}
