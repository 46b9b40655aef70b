using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Cli;

/// <summary>
/// clients: listed and shown. <see cref="ClientAdd"/> makes them, <see cref="ClientEdit"/> changes them,
/// <see cref="ClientLifecycle"/> ends them, <see cref="SecretCommands"/> keeps their secrets,
/// <see cref="ClientKeyCommands"/> their keys.
/// </summary>
internal static class ClientCommands
{
    public static CliCommand Make() => CliCommand.Family("clients", "Manage clients and their secrets", "oauth-server clients list",
        ClientAdd.Make(),
        List(),
        Show(),
        ClientEdit.Make(),
        ClientEdit.Vouch(),
        ClientLifecycle.Enable("disable", false, "Refuse clients and their tokens at once; enable undoes it"),
        ClientLifecycle.Enable("enable", true, "Enable disabled clients"),
        ClientLifecycle.Delete(),
        SecretCommands.Make(),
        ClientKeyCommands.Make(),
        InviteCommand.Make());

    /// <summary>The argument that names a client.</summary>
    public static Argument<string> Id() => new("CLIENT_ID") { Description = "The client's id, such as nightly-etl" };

    /// <summary>The refusal for an id that is nobody's.</summary>
    public static int Unknown(CommandContext context, string client) => context.Output.Refuse(
        $"There is no client {client}", "See: oauth-server clients list");

    private static CliCommand List()
    {
        var (filter, page) = (new ClientFilter(), new ListOptions("CLIENT_ID"));
        return CliCommand.On("list", "List clients by kind and id", "oauth-server clients list --origin self-registered --state enabled",
            page.Behind(filter.Options), async (parse, context, cancel) =>
        {
            var after = page.After(parse) is { } id ? await context.ClientQueries.FindAsync(id, cancel) : null;
            if (after is null && page.After(parse) is { } unknown) return Unknown(context, unknown);
            var found = await filter.PageAsync(parse, context.ClientQueries, after, page.Length(parse), cancel);
            var next = found.HasNext ? found.Rows[^1].ClientId : null;
            var isMore = found.Total > found.Most;
            return context.Output.Done(
                new { clients = found.Rows, total = isMore ? found.Most : found.Total, total_is_more = isMore, next },
                found.Rows.Count > 0 ? Table(found.Rows) + ListOptions.Foot(Words.Total(found.Total, found.Most), next)
                : filter.IsEmpty(parse) && after is null ? "There are no clients yet. Add one: oauth-server clients add --help"
                : "No results.");
        });
    }

    private static string Table(IReadOnlyList<ListedClient> clients) =>
        Words.Table(["CLIENT", "KIND", "ORIGIN", "STATE", "AUTHENTICATION", "LAST USED", "NAME"], clients.Select(client => new[]
        {
            client.ClientId, client.Kind, client.Origin, RowState.Of(client.Enabled), client.AuthMethod,
                Words.At(client.LastUsedAt), client.Name,
        }));

    private static CliCommand Show()
    {
        var id = Id();
        return CliCommand.On("show", "Show a client, without the hashes of its secrets", "oauth-server clients show nightly-etl", [id],
            async (parse, context, cancel) =>
        {
            if (await context.Clients.FindAsync(parse.GetRequiredValue(id), cancel) is not { } client)
                return Unknown(context, parse.GetRequiredValue(id));
            var secrets = await context.Clients.SecretsAsync(client.ClientId, cancel);
            var now = context.Now;
            var text = Words.Properties(
                ("client", client.ClientId),
                ("name", client.Name),
                ("kind", client.Kind),
                ("origin", client.Origin),
                ("state", RowState.Of(client.Enabled)),
                ("authentication", client.AuthMethod),
                ("grant types", Words.Lines(client.GrantTypes)),
                ("redirect URIs", Words.Lines(client.RedirectUris)),
                ("post-logout URIs", Words.Lines(client.PostLogoutRedirectUris)),
                ("back-channel logout", client.BackchannelLogoutUri),
                ("id_token", client.RedirectUris.Length > 0 ? client.IdTokenAlg : null),
                ("consent page", client.Trusted ? "not shown: an app of your own" : null),
                ("scopes", Words.Lines(client.Scopes)),
                ("default scopes", Words.Lines(client.DefaultScopes)),
                ("resources", Words.Lines(client.Resources)),
                ("default resource", client.DefaultResource),
                ("access token", $"{client.AccessTokenSeconds} s{(client.DpopRequired ? ", bound to a key only (DPoP)" : "")}"),
                ("refresh token", client.GrantTypes.Contains(GrantType.RefreshToken.Name)
                    ? $"{client.RefreshTokenSeconds} s, {client.RefreshIdleSeconds} s unused" : null),
                ("created", Words.At(client.CreatedAt)),
                ("last used", Words.At(client.LastUsedAt) ?? "never"),
                ("note", client.Note));
            if (secrets.Count > 0)
                text += "\n\n" + Words.Table(["SECRET", "STATE", "VALID FROM", "EXPIRES", "LAST USED", "LABEL"],
                    secrets.Select(secret => new[]
                {
                    $"{secret.Id}", State(secret, now), Words.At(secret.NotBefore), Words.At(secret.ExpiresAt), Words.At(secret.LastUsedAt),
                        secret.Label,
                }));
            return context.Output.Done(new { client, secrets }, text);
        });
    }

    private static string State(SecretSummary secret, DateTimeOffset now) =>
        secret.RevokedAt is not null ? "revoked" : secret.ExpiresAt <= now ? "expired" : secret.NotBefore > now ? "not yet valid" : "valid";
}
