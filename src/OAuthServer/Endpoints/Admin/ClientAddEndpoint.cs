using OAuthServer.Clients;
using OAuthServer.Keys;
using OAuthServer.Pages;
using OAuthServer.Pages.Admin;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Endpoints.Admin;

/// <summary>/admin/client/new: one more client; the first secret of a confidential one is shown once, in the answer.</summary>
public sealed class ClientAddEndpoint(Gate gate, ClientEdits edits, ResourceStore resources, HashQueue hashes, Settings settings, TimeProvider time)
{
    private const string FirstLabel = "first";

    public Task AskAsync(HttpContext http) => gate.ShowAdminAsync(http, visit => RenderAsync(visit, null, []));

    public Task AddAsync(HttpContext http) => gate.ChangeAdminAsync(http, async visit =>
    {
        if (Registry.Of(visit.Asked["kind"]) is not { } registry)
        {
            await Gate.NothingHereAsync(visit);
            return;
        }

        var problems = new Dictionary<string, string>();
        var client = Read(registry.Kind, visit.Asked, problems);
        if (problems.Count > 0)
        {
            await RenderAsync(visit, visit.Asked, problems);
            return;
        }

        var secret = client.AuthMethod == "none" ? null : SecretHash.NewSecret();
        var stored = secret is null ? null : new NewSecret
        {
            ClientId = client.ClientId,
            Hash = await hashes.MakeAsync(secret, http.RequestAborted),
            Label = FirstLabel,
            NotBefore = time.GetUtcNow(),
            ExpiresAt = null,
        };
        var added = false;
        if (await Edit.TryAsync(async () => added = await edits.AddAsync(client, stored, visit.Author, http.RequestAborted)) is { } refusal)
            problems[refusal.Column ?? ""] = http.Language().Refusal(refusal);
        else if (!added) problems["client_id"] = "There is a client of this id already.";

        if (problems.Count > 0) await RenderAsync(visit, visit.Asked, problems);
        else if (secret is null) await visit.Done(ClientWords.Done(client.ClientId, Notice.Saved));
        else
            await http.NewSecretAsync(visit.FrameOf(registry.Path), new NewSecretView
            {
                ClientId = client.ClientId,
                Name = client.Name,
                Secret = secret,
                ExpiresAt = null,
                Curl = CurlLine.Of(settings, client.Kind, client.AuthMethod, client.ClientId, secret),
            });
    });

    private async Task RenderAsync(Visit visit, Parameters? typed, Dictionary<string, string> problems)
    {
        if (Registry.Of(visit.Asked["kind"]) is { } registry)
            await visit.Http.AddClientAsync(visit.Antiforgery, visit.FrameOf(registry.Path), registry,
                await ClientSettingsEndpoint.KnownAsync(resources, visit.Http.RequestAborted), typed, problems);
        else
            await Gate.NothingHereAsync(visit);
    }

    private static NewClient Read(string kind, Parameters form, Dictionary<string, string> problems)
    {
        if (form["client_id"] is not { } id) problems["client_id"] = id = "Write an id such as nightly-etl.";
        var read = ClientFields.Read(ClientFields.Blank(id.Trim(), kind), form, problems);
        return new NewClient
        {
            ClientId = read.ClientId,
            Kind = kind,
            Name = read.Name,
            RedirectUris = read.RedirectUris,
            Scopes = read.Scopes,
            DefaultScopes = read.DefaultScopes,
            Resources = read.Resources,
            DefaultResource = read.DefaultResource,
            AuthMethod = read.AuthMethod,
            AccessTokenSeconds = read.AccessTokenSeconds,
            RefreshTokenSeconds = read.RefreshTokenSeconds,
            RefreshIdleSeconds = read.RefreshIdleSeconds,
            Note = read.Note,
        };
    }
}

/// <summary>Where it is found.</summary>
public static class ClientAddRoutes
{
    extension(IEndpointRouteBuilder app)
    {
        public void MapAdminClientAdd()
        {
            var add = app.ServiceProvider.GetRequiredService<ClientAddEndpoint>();
            app.MapGet(Paths.AdminClientNew, add.AskAsync);
            app.MapPost(Paths.AdminClientNew, add.AddAsync);
        }
    }
}
