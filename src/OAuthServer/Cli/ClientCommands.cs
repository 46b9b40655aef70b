using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Cli;

/// <summary>
/// clients: listed, shown, enabled and disabled. <see cref="ClientAdd"/> makes them, <see cref="SecretCommands"/> keeps their
/// secrets.
/// </summary>
internal static class ClientCommands
{
    public static CliCommand Make() => CliCommand.Family("clients", "Manage clients and their secrets", "oauth-server clients list",
        ClientAdd.Make(),
        CliCommand.On("list", "List all clients", "oauth-server clients list", [], ListAsync),
        Show(),
        Enable("disable", false, "Refuse a client and its tokens at once; enable undoes it"),
        Enable("enable", true, "Enable a disabled client"),
        SecretCommands.Make(),
        InviteCommand.Make());

    /// <summary>The argument that names a client.</summary>
    public static Argument<string> Id() => new("CLIENT_ID") { Description = "The client's id, such as nightly-etl" };

    /// <summary>The refusal for an id that is nobody's.</summary>
    public static int Unknown(CommandContext context, string client) => context.Output.Refuse(
        $"There is no client {client}", "See: oauth-server clients list");

    private static async Task<int> ListAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var clients = await context.Clients.ListAsync(cancel);
        return context.Output.Done(new { clients }, clients.Count == 0
            ? "There are no clients yet. Add one: oauth-server clients add --help"
            : Words.Table(["CLIENT", "KIND", "STATE", "AUTHENTICATION", "LAST USED", "NAME"], clients.Select(client => new[]
            {
                client.ClientId, client.Kind, client.Enabled ? "enabled" : "disabled", client.AuthMethod, Words.At(client.LastUsedAt),
                    client.Name,
            })));
    }

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
                ("state", client.Enabled ? "enabled" : "disabled"),
                ("authentication", client.AuthMethod),
                ("grant types", Words.Lines(client.GrantTypes)),
                ("redirect URIs", Words.Lines(client.RedirectUris)),
                ("scopes", Words.Lines(client.Scopes)),
                ("default scopes", Words.Lines(client.DefaultScopes)),
                ("resources", Words.Lines(client.Resources)),
                ("default resource", client.DefaultResource),
                ("access token", $"{client.AccessTokenSeconds} s"),
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

    private static CliCommand Enable(string name, bool enabled, string description)
    {
        var id = Id();
        return CliCommand.On(name, description, $"oauth-server clients {name} nightly-etl", [id], async (parse, context, cancel) =>
        {
            var client = parse.GetRequiredValue(id);
            var changed = await context.Clients.EnableAsync(client, enabled, CommandContext.Actor, cancel);
            if (!changed && await context.Clients.FindAsync(client, cancel) is null) return Unknown(context, client);
            return context.Output.Done(new { client_id = client, enabled, changed },
                !changed ? $"{client} is already {name}d."
                : enabled ? $"{client} is enabled."
                : $"{client} is disabled: its requests are refused and its tokens introspect as inactive.");
        });
    }
}
