using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Resources;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Clients;

/// <summary>
/// /admin/client: one client with its settings. What somebody typed is never lost, and never put over what somebody else saved
/// unseen.
/// </summary>
public sealed class ClientSettingsEndpoint(
    SignedInGate gate, ClientQueries register, ClientEdits edits, ResourceStore resources, OperatorGrantStore grants, AuditStore audit,
    UserEdits users, KeySetStore keys, TimeProvider time)
{
    private const int MostRows = 10;

    public Task ShowAsync(HttpContext http) => gate.ShowAdminAsync(
        http, page => RenderAsync(page, page.Parameters["id"], view => view with { Done = page.Parameters[Notice.Field] }));

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is not { } id || await register.FindAsync(id, http.RequestAborted) is not { Origin: "operator" } client)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var problems = new Dictionary<string, string>();
        var judged = await edits.SaveAsync(new RowEdit<ClientForm>
        {
            Row = ClientFields.Read(client, page.Parameters, problems),
            Restore = (row, column) => row.Restored(client, column),
            Write = problems.Count == 0,
        }, page.Author, http.RequestAborted);
        problems.Add(judged.Refusals, http.Language());

        if (problems.Count > 0) await RenderAsync(page, id, view => view with { Typed = page.Parameters, Problems = problems });
        else if (judged.Outcome == EditOutcome.Done) await page.Done(ClientText.Done(id, Notice.Saved));
        else
        {
            var last = await register.LastEditAsync(id, http.RequestAborted);
            await RenderAsync(page, id, view => view with { Typed = page.Parameters, Stale = true, LastEdit = last });
        }
    });

    /// <summary>Has the keys at the client's URL fetched anew, by every server.</summary>
    public Task ForgetKeysAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is { } id && await register.FindAsync(id, http.RequestAborted) is { } client
            && ClientKeyList.SourceOf(client) is { } source)
        {
            await keys.DropAsync([source.Key], id, page.Author, page.Context.At, http.RequestAborted);
            await page.Done(ClientText.Done(id, Notice.KeysForgotten));
        }
        else await SignedInGate.NotFoundAsync(page);
    });

    /// <summary>The client's page, or that there is none.</summary>
    /// <param name="change">What was typed into it and why it was not taken.</param>
    internal async Task RenderAsync(PageRequest page, string? id, Func<ClientView, ClientView> change)
    {
        var cancel = page.Http.RequestAborted;
        if (id is null || await register.FindAsync(id, cancel) is not { } client
            || await register.ClaimedAsync(id, cancel) is not { } claimed)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        await page.Http.ClientAsync(page.Antiforgery, page.NavigationOf(ClientKind.Of(client.Kind)!.Path), change(new ClientView
        {
            Client = client,
            Claimed = claimed,
            Secrets = await edits.SecretsAsync(id, cancel),
            Keys = client.AuthMethod == AuthMethod.PrivateKeyJwtName ? await ClientKeyList.ReadAsync(client, keys, cancel) : null,
            Known = await KnownAsync(resources, cancel),
            Access = await AccessAsync(client, cancel),
            Now = time.GetUtcNow(),
        }));
    }

    private async Task<ClientAccessView> AccessAsync(ClientForm client, CancellationToken cancel)
    {
        var (now, of) = (time.GetUtcNow(), new GrantSearch { Client = client.ClientId });
        var log = new AuditSearch { Client = client.ClientId, Limit = MostRows };
        var impact = client.Kind == "user-facing" ? await grants.ImpactAsync(of, now, cancel) : null;
        return new ClientAccessView
        {
            Grants = impact is null ? [] : (await grants.ListAsync(of, new Cursor(null, null), MostRows, now, cancel)).Rows,
            GrantsTotal = impact?.Grants ?? default,
            People = impact?.People ?? default,
            Refusals = await RowsAsync(log with { Outcome = "refused" }),
            Edits = await RowsAsync(log with { Event = AuditEvents.Edit }),
        };

        // Rows of one moment come together, however many.
        async Task<AuditView> RowsAsync(AuditSearch search) =>
            await users.NameAsync([.. (await audit.SearchAsync(search, cancel)).Take(MostRows)], cancel);
    }

    /// <summary>What there is to choose from.</summary>
    internal static async Task<ClientFields.Known> KnownAsync(ResourceStore resources, CancellationToken cancel) =>
        new(await resources.ScopesAsync(cancel), await resources.ResourcesAsync(cancel));
}
