using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Cli;

/// <summary>resources: what tokens are for, and who can reach it.</summary>
internal static class ResourceCommands
{
    public static CliCommand Make() => CliCommand.Family("resources", "Manage resources, and see who can reach them",
        "oauth-server resources who http://localhost:9000/mcp",
        CliCommand.On("list", "List all resources", "oauth-server resources list", [], async (_, context, cancel) =>
        {
            var resources = await new ResourceStore(context.Database).ResourcesAsync(cancel);
            return context.Output.Done(new { resources }, resources.Count == 0
                ? "There are no resources yet. Add one: oauth-server resources add --help"
                : Words.Table(["RESOURCE", "STATE", "NAME"],
                    resources.Select(one => new[] { one.Uri, RowState.Of(one.Enabled), one.Name })));
        }),
        Show(), Who(), Add(), Edit(),
        Enable("disable", false, "Issue no new tokens for a resource; those issued work until they expire"),
        Enable("enable", true, "Issue tokens for a disabled resource again"));

    private static Argument<string> Uri() => new("URI") { Description = "The resource as resources list says it" };

    private static CliCommand Show()
    {
        var uri = Uri();
        return CliCommand.On("show", "Show a resource with its names and scopes",
            "oauth-server resources show http://localhost:9000/mcp", [uri], async (parse, context, cancel) =>
        {
            var store = new ResourceStore(context.Database);
            if (await new ResourceEdits(context.Database).FindAsync(parse.GetRequiredValue(uri), cancel) is not { } resource)
                return Unknown(context, parse.GetRequiredValue(uri));
            var texts = await Texts.OfAsync(store, "resource " + resource.Uri, cancel);
            var scopes = (await store.ScopesAsync(cancel)).Where(scope => scope.Resource == resource.Uri).ToList();
            return context.Output.Done(new { resource, names = texts, scopes }, Words.Properties(
            [
                ("resource", resource.Uri),
                ("name", resource.Name),
                ("state", RowState.Of(resource.Enabled)),
                .. texts.Select(text => ($"name ({text.Key})", (string?)text.Value)),
                ("claims in tokens", Words.Lines(resource.Claims)),
                ("scopes", Words.Lines([.. scopes.Select(scope => scope.Name)])),
            ]));
        });
    }

    private static CliCommand Who()
    {
        var (uri, page) = (Uri(), new ListOptions("CLIENT_ID"));
        return CliCommand.On("who", "Say who can reach a resource: clients whose rows name it, and users with live grants for it",
            "oauth-server resources who http://localhost:9000/mcp", page.Behind(uri), async (parse, context, cancel) =>
        {
            var edits = new ResourceEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(uri), cancel) is not { } resource)
                return Unknown(context, parse.GetRequiredValue(uri));
            var (now, length) = (context.Now, page.Length(parse));
            var usage = await edits.HoldersAsync(resource.Uri, now, cancel);
            var clients = await edits.HoldingAsync(resource.Uri, usage.Clients, page.After(parse), length + 1, cancel);
            var next = clients.Count > length ? clients[length - 1].ClientId : null;
            clients = clients.GetRange(0, Math.Min(length, clients.Count));
            var search = new GrantSearch { Resource = resource.Uri };
            var grants = await context.Grants.ListAsync(search, new Cursor(null, null), length, now, cancel);
            var open = (await new ResourceStore(context.Database).ScopesAsync(cancel))
                .Where(scope => scope.Open && scope.Resource == resource.Uri).Select(scope => scope.Name).ToArray();
            return context.Output.Done(new
            {
                resource = resource.Uri,
                resource.Enabled,
                clients,
                clients_total = usage.Clients.Rows,
                clients_total_is = usage.Clients.Exactness.ToString(),
                next,
                grants = grants.Rows,
                grants_total = usage.Grants.Rows,
                grants_total_is = usage.Grants.Exactness.ToString(),
                open_scopes = open,
            }, Text(resource, usage, clients, grants, open) + (next is null ? "" : $"\n\nThe next clients: --after {next}"));
        });
    }

    private static string Text(
        ResourceForm resource, Usage usage, List<HoldingClient> clients, Slice<ListedGrant> grants, string[] open)
    {
        var text = resource.Enabled ? "" : "It is disabled: no new tokens are issued for it.\n\n";
        text += $"Clients whose rows name it: {Affected.Say(usage.Clients)}";
        if (clients.Count > 0)
            text += "\n" + Words.Table(["CLIENT", "KIND", "ORIGIN", "STATE", "LAST USED", "SCOPES"], clients.Select(client => new[]
            {
                client.ClientId, client.Kind, client.Origin, RowState.Of(client.Enabled), Words.At(client.LastUsedAt),
                    Words.Lines(client.Scopes),
            }));
        text += $"\n\nLive grants for it: {Affected.Say(usage.Grants)}";
        if (grants.Rows.Count > 0) text += "\n" + GrantCommands.Table(grants.Rows);
        if (grants.HasNext) text += $"\nAll of them: oauth-server grants list --resource {resource.Uri}";
        if (open.Length > 0)
            text += $"\n\nAny user-facing client may request, and a user may allow, its open scopes: {string.Join(' ', open)}";
        return text;
    }

    private static CliCommand Add()
    {
        var uri = new Argument<string>("URI") { Description = "Absolute, without a fragment; used in tokens exactly as written" };
        var name = new Option<string>("--name") { HelpName = "NAME", Required = true, Description = "What people read" };
        var (texts, claims) = (Texts.Option("NAME"), Claims());
        return CliCommand.On("add", "Add a resource",
            "oauth-server resources add https://api.example.com/ --name \"Reports\" --text ar=تقارير",
            [uri, name, claims, texts], async (parse, context, cancel) =>
        {
            var resource = new ResourceForm
            {
                Uri = parse.GetRequiredValue(uri),
                Name = parse.GetRequiredValue(name),
                Enabled = true,
                Claims = Listed(parse.GetValue(claims)) ?? [],
                Version = "",
            };
            var (author, _) = context.Act();
            var judged = await new ResourceEdits(context.Database).AddAsync(RowOf(resource), Texts.Of(parse, texts), author, cancel);
            if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
            if (judged.Outcome == EditOutcome.Taken)
                return context.Output.Refuse($"There is already a resource {resource.Uri}", "See: oauth-server resources list");
            return context.Output.Done(
                new { uri = resource.Uri, added = true, request_id = author.RequestId }, $"{resource.Uri} is added.");
        });
    }

    private static CliCommand Edit()
    {
        var (uri, texts, claims) = (Uri(), Texts.Option("NAME"), Claims());
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What people read" };
        return CliCommand.On("edit", "Change the names of a resource, or the claims about users in its tokens",
            "oauth-server resources edit https://api.example.com/ --name \"All reports\" --claims email groups", [uri, name, claims, texts],
            async (parse, context, cancel) =>
        {
            var edits = new ResourceEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(uri), cancel) is not { } resource)
                return Unknown(context, parse.GetRequiredValue(uri));
            var (author, _) = context.Act();
            var row = RowOf(resource with
            {
                Name = parse.GetValue(name) ?? resource.Name,
                Claims = Listed(parse.GetValue(claims)) ?? resource.Claims,
            });
            return await Texts.EditedAsync(
                context, resource.Uri, await edits.SaveAsync(row, Texts.Of(parse, texts), author, cancel), author, cancel);
        });
    }

    private static CliCommand Enable(string verb, bool enabled, string description)
    {
        var uri = Uri();
        return CliCommand.On(verb, description, $"oauth-server resources {verb} https://api.example.com/", [uri],
            async (parse, context, cancel) =>
        {
            var edits = new ResourceEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(uri), cancel) is not { } resource)
                return Unknown(context, parse.GetRequiredValue(uri));
            var changed = resource.Enabled != enabled;
            var usage = await edits.HoldersAsync(resource.Uri, context.Now, cancel);
            var (author, _) = context.Act();
            if (changed && await edits.EnableAsync(resource with { Enabled = enabled }, author, cancel) != EditOutcome.Done)
                return Texts.Overtaken(context, resource.Uri);
            return context.Output.Done(
                new { uri = resource.Uri, enabled, changed, clients = usage.Clients.Rows, grants = usage.Grants.Rows },
                !changed ? $"{resource.Uri} is already {verb}d."
                : $"{resource.Uri} is {verb}d. Clients that use it: {Affected.Say(usage.Clients)}, "
                    + $"live grants: {Affected.Say(usage.Grants)}.");
        });
    }

    /// <summary>The refusal for a URI that is no resource's.</summary>
    public static int Unknown(CommandContext context, string uri) => context.Output.Refuse(
        $"There is no resource {uri}", "See: oauth-server resources list");

    private static Option<string[]?> Claims() => new("--claims")
    {
        HelpName = "CLAIM",
        Description = "All claims about the user in its tokens: email, name, preferred_username, groups, roles; '' for none",
        AllowMultipleArgumentsPerToken = true,
    };

    private static string[]? Listed(string[]? claims) => claims is { Length: > 0 } ? [.. claims.Where(one => one.Length > 0)] : null;

    // A row that is refused as it is.
    private static RowEdit<ResourceForm> RowOf(ResourceForm row) => new() { Row = row, Restore = (one, _) => one };
}
