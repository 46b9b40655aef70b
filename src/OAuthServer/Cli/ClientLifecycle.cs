using System.CommandLine;

namespace OAuthServer.Cli;

/// <summary>clients disable, enable and delete: one, several, or all that fit; what is affected is said before.</summary>
internal static class ClientLifecycle
{
    private const int AtOnce = 500;

    public static CliCommand Enable(string name, bool enabled, string description)
    {
        var ids = new Argument<string[]>("CLIENT_ID")
        {
            Description = "The clients' ids; none: those that fit the options",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var (filter, yes) = (new ClientFilter(), Affected.Yes());
        return CliCommand.On(name, description,
            $"oauth-server clients {name} nightly-etl\noauth-server clients {name} --origin self-registered --search demo --yes",
            [ids, .. filter.Options, yes], async (parse, context, cancel) =>
        {
            var named = parse.GetValue(ids) ?? [];
            if (named.Length == 0 == filter.IsEmpty(parse))
                return context.Output.Misuse("Nothing says which clients",
                    ["Name clients by their ids, or choose them by --kind, --state, --origin or --search: one or the other."],
                    $"oauth-server clients {name} --help says more.");
            if (named is [var only]) return await OneAsync(context, only, name, enabled, cancel);
            return await ManyAsync(parse, context, new Many(name, enabled, named, filter, parse.GetValue(yes)), cancel);
        });
    }

    public static CliCommand Delete()
    {
        var (id, yes) = (ClientCommands.Id(), Affected.Yes());
        return CliCommand.On("delete", "Delete a client with its secrets, grants and consents; this cannot be undone",
            "oauth-server clients delete nightly-etl --yes", [id, yes], async (parse, context, cancel) =>
        {
            var client = parse.GetRequiredValue(id);
            if (await context.ClientQueries.FindAsync(client, cancel) is not { } row) return ClientCommands.Unknown(context, client);
            var now = context.Now;
            var reach = await context.ClientQueries.ReachAsync(client, now.AddSeconds(-row.AccessTokenSeconds), now, cancel);
            var affected = $"Live grants: {Affected.Say(reach.Grants)}, of users: {Affected.Say(reach.People)}, "
                + $"live access tokens, at most: {Affected.Say(reach.Tokens)}; last used: {Words.At(row.LastUsedAt) ?? "never"}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Delete {client}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            return await context.Clients.DeleteAsync(client, author, cancel)
                ? context.Output.Done(new { client_id = client, deleted = true, grants = reach.Grants.Rows, request_id = author.RequestId },
                    $"{client} is deleted. {affected}")
                : ClientCommands.Unknown(context, client);
        });
    }

    private static async Task<int> OneAsync(
        CommandContext context, string client, string name, bool enabled, CancellationToken cancel)
    {
        var changed = await context.Clients.EnableAsync(client, enabled, CommandContext.Actor, cancel);
        if (!changed && await context.Clients.FindAsync(client, cancel) is null) return ClientCommands.Unknown(context, client);
        return context.Output.Done(new { client_id = client, enabled, changed },
            !changed ? $"{client} is already {name}d."
            : enabled ? $"{client} is enabled."
            : $"{client} is disabled: its requests are refused and its tokens introspect as inactive.");
    }

    private static async Task<int> ManyAsync(ParseResult parse, CommandContext context, Many many, CancellationToken cancel)
    {
        List<string>? ids = [.. many.Named.Distinct()];
        if (ids.Count == 0) ids = await many.Filter.IdsAsync(parse, context.ClientQueries, many.Enabled, cancel);
        if (ids is null) return context.Output.Refuse("More than 10,000 clients fit", "Nothing was done. Narrow the search.");
        foreach (var id in many.Named)
            if (await context.Clients.FindAsync(id, cancel) is null) return ClientCommands.Unknown(context, id);
        if (ids.Count == 0)
            return context.Output.Done(new { clients = ids, many.Enabled, changed = 0 }, $"No client fits that is not {many.Name}d.");

        var grants = await context.ClientQueries.GrantsAsync([.. ids], context.Now, cancel);
        var affected = $"Clients: {ids.Count} ({Sample(ids)}), with live grants: {Affected.Say(grants)}.";
        if (Affected.Refusal(context, many.Yes, many.Enabled ? "Enable them" : "Disable them", affected) is { } refused) return refused;
        var ((author, _), changed) = (context.Act(), 0);
        foreach (var some in ids.Chunk(AtOnce))
            changed += (await context.Clients.EnableAsync(some, many.Enabled, author, cancel)).Count;
        return context.Output.Done(
            new { clients = ids, many.Enabled, changed, grants = grants.Rows, request_id = author.RequestId },
            $"{changed} of {ids.Count} clients are {many.Name}d now. {affected}");
    }

    private static string Sample(List<string> ids) => ids.Count > 5 ? string.Join(' ', ids.Take(5)) + " …" : string.Join(' ', ids);

    // An act on several clients: those named, else those that fit.
    private sealed record Many(string Name, bool Enabled, string[] Named, ClientFilter Filter, bool Yes);
}
