using OAuthServer.Admin.Resources;
using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Clients;

/// <summary>/admin/client/new: one more client; the first secret of a confidential one is shown once, in the answer.</summary>
public sealed class ClientAddEndpoint(
    SignedInGate gate, ClientEdits edits, ResourceStore resources, HashQueue hashes, Capabilities capabilities, Settings settings,
    TimeProvider time)
{
    private const string FirstLabel = "first";

    // Stands in for an id or a name that is missing or refused while the rest of the row is judged; no row of this id is ever written.
    private const string Placeholder = "to-be-judged";

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, page => RenderAsync(page, null, []));

    public Task AddAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (ClientKind.Of(page.Parameters["kind"]) is not { } kind)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var problems = new Dictionary<string, string>();
        var blank = ClientFields.Blank(capabilities, Placeholder, kind.Kind) with { Name = Placeholder };
        var client = ClientFields.Read(blank, page.Parameters, problems);
        if (page.Parameters["client_id"] is { } id) client = client with { ClientId = id.Trim() };
        else problems["client_id"] = "Enter an id such as nightly-etl.";
        var secret = AuthMethod.All.Any(one => one.Name == client.AuthMethod && !one.NeedsSecret) ? null : SecretHash.NewSecret();
        // A hash takes its time, and a form with problems needs none.
        var stored = secret is null || problems.Count > 0 ? null : new NewSecret
        {
            ClientId = client.ClientId,
            Hash = await hashes.MakeAsync(secret, http.RequestAborted),
            Label = FirstLabel,
            NotBefore = time.GetUtcNow(),
            ExpiresAt = null,
        };
        var judged = await edits.AddAsync(new RowEdit<ClientForm>
        {
            Row = client,
            Restore = (row, column) => row.Restored(blank, column),
            Write = problems.Count == 0,
        }, stored, page.Author, http.RequestAborted);
        problems.Add(judged.Refusals, http.Language());
        if (judged.Outcome == EditOutcome.Taken) problems.TryAdd("client_id", "There is already a client with this id.");

        if (problems.Count > 0) await RenderAsync(page, page.Parameters, problems);
        else if (secret is null) await page.Done(ClientText.Done(client.ClientId, Notice.Saved));
        else
            await http.NewSecretAsync(page.NavigationOf(kind.Path), new NewSecretView
            {
                ClientId = client.ClientId,
                Name = client.Name,
                Secret = secret,
                ExpiresAt = null,
                Curl = CurlLine.Of(settings, client.Kind, client.AuthMethod, client.GrantTypes, client.ClientId, secret),
            });
    });

    private async Task RenderAsync(PageRequest page, Parameters? typed, Dictionary<string, string> problems)
    {
        if (ClientKind.Of(page.Parameters["kind"]) is { } kind)
            await page.Http.AddClientAsync(page.Antiforgery, page.NavigationOf(kind.Path), kind,
                await ClientSettingsEndpoint.KnownAsync(resources, page.Http.RequestAborted), typed, problems);
        else
            await SignedInGate.NotFoundAsync(page);
    }
}
