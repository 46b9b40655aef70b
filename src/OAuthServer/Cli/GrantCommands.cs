using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>grants: who allowed which client what, and how that ends.</summary>
internal static class GrantCommands
{
    public static CliCommand Make() => CliCommand.Family("grants", "Show and revoke what people allowed clients",
        "oauth-server grants list --user alice", List(), Show(), Revoke(), DelegationCommands.Tree(), DelegationCommands.Cut());

    /// <summary>Grants as a table.</summary>
    public static string Table(IReadOnlyList<ListedGrant> grants) =>
        Words.Table(["GRANT", "USER", "CLIENT", "SCOPE", "RESOURCES", "GIVEN", "LAST USED", "EXPIRES"], grants.Select(grant => new[]
        {
            $"{grant.Id}", grant.Username, grant.ClientId, Scope.Join(grant.Scope), Words.Lines(grant.Resources),
                Words.At(grant.CreatedAt), Words.At(grant.LastUsedAt), Words.At(grant.ExpiresAt),
        }));

    private static CliCommand List()
    {
        var (filter, page) = (new GrantFilter(), new ListOptions("GRANT_ID"));
        var oldest = new Option<bool>("--oldest") { Description = "Begin with the oldest" };
        return CliCommand.On("list", "List live grants, the newest first", "oauth-server grants list --client claude-desktop",
            page.Behind([.. filter.Options, oldest]), async (parse, context, cancel) =>
        {
            if (await filter.SearchAsync(parse, context, cancel) is not { } search) return filter.UnknownUser(parse, context);
            search = search with { Oldest = parse.GetValue(oldest) };
            var now = context.Now;
            var found = await context.Grants.ListAsync(search, new Cursor(page.After(parse), null), page.Length(parse), now, cancel);
            var total = await context.Grants.CountAsync(search, now, cancel);
            var next = found.HasNext ? found.Rows[^1].Id.ToString() : null;
            return context.Output.Done(new { grants = found.Rows, total = total.Rows, total_is = total.Exactness.ToString(), next },
                found.Rows.Count == 0 ? "No live grants." : Table(found.Rows) + ListOptions.Foot(Affected.Say(total), next));
        });
    }

    private static CliCommand Show()
    {
        var id = new Argument<Guid>("GRANT_ID") { Description = "As grants list and the grant claim of tokens say it" };
        return CliCommand.On("show", "Show a live grant", "oauth-server grants show 019ab1c2-7d10-7abc-8def-0123456789ab", [id],
            async (parse, context, cancel) =>
        {
            if (await context.Grants.FindAsync(parse.GetRequiredValue(id), context.Now, cancel) is not { } grant)
                return Unknown(context, parse.GetRequiredValue(id));
            return context.Output.Done(new { grant }, Words.Properties(
                ("grant", $"{grant.Id}"),
                ("user", $"{grant.Username} ({grant.Subject})"),
                ("client", $"{grant.ClientId} ({grant.ClientName})"),
                ("scope", Scope.Join(grant.Scope)),
                ("resources", Words.Lines(grant.Resources)),
                ("kind", grant.Kind),
                ("refresh tokens", grant.Offline ? "yes" : "no"),
                ("bound to the key", grant.Jkt),
                ("given", Words.At(grant.CreatedAt)),
                ("last used", Words.At(grant.LastUsedAt) ?? "its code has not been redeemed"),
                ("expires", Words.At(grant.ExpiresAt))));
        });
    }

    private static CliCommand Revoke()
    {
        var ids = new Argument<Guid[]>("GRANT_ID")
        {
            Description = "The grants; none: those that fit the options",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var (filter, yes) = (new GrantFilter(), Affected.Yes());
        return CliCommand.On("revoke", "Revoke grants with all their tokens, permanently; the clients have to request access again",
            "oauth-server grants revoke 019ab1c2-7d10-7abc-8def-0123456789ab --yes\noauth-server grants revoke --client claude-desktop --yes",
            [ids, .. filter.Options, yes], async (parse, context, cancel) =>
        {
            var named = parse.GetValue(ids) ?? [];
            if (named.Length == 0 == filter.IsEmpty(parse))
                return context.Output.Misuse("Nothing says which grants",
                    ["Name grants by their ids, or choose them by --client, --user or --resource: one or the other."],
                    "oauth-server grants revoke --help says more.");
            if (named.Length > 0) return await TheseAsync(context, [.. named.Distinct()], parse.GetValue(yes), cancel);
            if (await filter.SearchAsync(parse, context, cancel) is not { } search) return filter.UnknownUser(parse, context);

            var impact = await context.Grants.ImpactAsync(search, context.Now, cancel);
            if (impact.Grants.Rows == 0 && await filter.UnknownAsync(parse, context, cancel) is { } unknown) return unknown;
            var affected = $"Live grants: {Affected.Say(impact.Grants)}, of users: {Affected.Say(impact.People)}, "
                + $"to clients: {Affected.Say(impact.Clients)}.";
            if (Affected.Refusal(context, parse.GetValue(yes), "Revoke them", affected) is { } refused) return refused;
            var (author, at) = context.Act();
            var watch = Output.Progress();
            return Done(context, await context.Grants.EndAsync(search, author, at, (done, all) =>
                watch($"grants revoke: {done:N0} of {all:N0} …")), author);
        });
    }

    private static async Task<int> TheseAsync(CommandContext context, Guid[] ids, bool yes, CancellationToken cancel)
    {
        var live = new List<ListedGrant>();
        foreach (var id in ids)
            if (await context.Grants.FindAsync(id, context.Now, cancel) is { } grant) live.Add(grant);
            else return Unknown(context, id);
        var affected = $"Live grants: {live.Count}, of users: {Names(live, grant => grant.Username)}, "
            + $"to clients: {Names(live, grant => grant.ClientId)}.";
        if (Affected.Refusal(context, yes, "Revoke them", affected) is { } refused) return refused;
        var (author, at) = context.Act();
        var ended = await context.Grants.EndAsync(ids, author, at);
        return ended == 0 ? Unknown(context, ids[0]) : Done(context, ended, author);
    }

    private static string Names(IEnumerable<ListedGrant> grants, Func<ListedGrant, string> name) =>
        string.Join(' ', grants.Select(name).Distinct());

    private static int Done(CommandContext context, long revoked, Author author) => context.Output.Done(
        new { revoked, request_id = author.RequestId },
        $"Grants revoked: {revoked}. Their refresh tokens are refused, and their access tokens introspect as inactive.");

    private static int Unknown(CommandContext context, Guid id) =>
        context.Output.Refuse($"There is no live grant {id}", "See: oauth-server grants list");
}

/// <summary>Which grants a list shows, or an act is about.</summary>
internal sealed class GrantFilter
{
    private readonly Option<string?> client = new("--client") { HelpName = "CLIENT_ID", Description = "Only of this client" };
    private readonly Option<string?> user = new("--user") { HelpName = "NAME", Description = "Only of this user, by name or subject" };
    private readonly Option<string?> resource = new("--resource") { HelpName = "URI", Description = "Only for this resource" };

    public Symbol[] Options => [client, user, resource];

    public bool IsEmpty(ParseResult parse) =>
        parse.GetValue(client) is null && parse.GetValue(user) is null && parse.GetValue(resource) is null;

    /// <summary>Null: there is no such user.</summary>
    public async Task<GrantSearch?> SearchAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        UserSummary? person = null;
        if (parse.GetValue(user) is { } name && (person = await context.PersonAsync(name, cancel)) is null) return null;
        return new GrantSearch { Client = parse.GetValue(client), Subject = person?.Subject, Resource = parse.GetValue(resource) };
    }

    /// <summary>
    /// Null: there are such a client and such a resource, if any is named. A misspelt one must not look like a success; one that was
    /// deleted may have grants yet.
    /// </summary>
    public async Task<int?> UnknownAsync(ParseResult parse, CommandContext context, CancellationToken cancel) =>
        parse.GetValue(client) is { } id && await context.Clients.FindAsync(id, cancel) is null ? ClientCommands.Unknown(context, id)
        : parse.GetValue(resource) is { } uri && await new ResourceEdits(context.Database).FindAsync(uri, cancel) is null
            ? ResourceCommands.Unknown(context, uri)
        : null;

    public int UnknownUser(ParseResult parse, CommandContext context) => UserCommands.Unknown(context, parse.GetValue(user)!);
}
