using System.CommandLine;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Cli;

/// <summary>scopes: what tokens may allow, and its words on the consent page.</summary>
internal static class ScopeCommands
{
    public static CliCommand Make() => CliCommand.Family("scopes", "Manage scopes", "oauth-server scopes list",
        List(), Show(), Add(), Edit(), Delete());

    private static Argument<string> Name() => new("NAME") { Description = "The scope, such as notes:read" };

    private static CliCommand List()
    {
        var resource = new Option<string?>("--resource") { HelpName = "URI", Description = "Only of this resource" };
        return CliCommand.On("list", "List scopes", "oauth-server scopes list --resource http://localhost:9000/mcp", [resource],
            async (parse, context, cancel) =>
        {
            var scopes = (await new ResourceStore(context.Database).ScopesAsync(cancel))
                .Where(scope => parse.GetValue(resource) is not { } only || scope.Resource == only).ToList();
            return context.Output.Done(new { scopes, total = scopes.Count }, scopes.Count == 0 ? "No scopes."
                : Words.Table(["SCOPE", "ACCESS", "OPEN", "SENSITIVE", "OPTIONAL", "RESOURCE"], scopes.Select(scope => new[]
                {
                    scope.Name, scope.Access, YesNo(scope.Open), YesNo(scope.Sensitive), YesNo(scope.Optional), scope.Resource,
                })));
        });
    }

    private static CliCommand Show()
    {
        var name = Name();
        return CliCommand.On("show", "Show a scope with its words and who holds it", "oauth-server scopes show notes:read", [name],
            async (parse, context, cancel) =>
        {
            var edits = new ScopeEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(name), cancel) is not { } scope)
                return Unknown(context, parse.GetRequiredValue(name));
            var texts = await Texts.OfAsync(new ResourceStore(context.Database), "scope " + scope.Name, cancel);
            var usage = await edits.HoldersAsync(scope.Name, context.Now, cancel);
            return context.Output.Done(
                new { scope, texts, clients = usage.Named, clients_total = usage.Clients.Rows, grants = usage.Grants.Rows },
                Words.Properties(
                [
                    ("scope", scope.Name),
                    ("resource", scope.Resource ?? "all"),
                    ("access", scope.Access),
                    ("open", YesNo(scope.Open)),
                    ("sensitive", YesNo(scope.Sensitive)),
                    ("optional", YesNo(scope.Optional)),
                    .. texts.Select(text => ($"words ({text.Key})", (string?)text.Value)),
                    ("clients", $"{Affected.Say(usage.Clients)}: {string.Join(' ', usage.Named)}".TrimEnd(' ', ':')),
                    ("live grants", Affected.Say(usage.Grants)),
                ]));
        });
    }

    private static CliCommand Add()
    {
        var (name, choice) = (Name(), new Choice());
        return CliCommand.On("add", "Add a scope",
            "oauth-server scopes add reports:read --resource https://api.example.com/ --text en=\"Read your reports\"",
            [name, .. choice.Options], async (parse, context, cancel) =>
        {
            var scope = choice.Of(parse, new ScopeForm
            {
                Name = parse.GetRequiredValue(name),
                Resource = null,
                Access = "read",
                Open = false,
                Sensitive = false,
                Optional = true,
                Version = "",
            });
            var (author, _) = context.Act();
            var judged = await new ScopeEdits(context.Database).AddAsync(RowOf(scope), choice.Words(parse), author, cancel);
            if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
            if (judged.Outcome == EditOutcome.Taken)
                return context.Output.Refuse($"There is already a scope {scope.Name}", "See: oauth-server scopes list");
            return context.Output.Done(new { name = scope.Name, added = true, request_id = author.RequestId }, $"{scope.Name} is added.");
        });
    }

    private static CliCommand Edit()
    {
        var (name, choice) = (Name(), new Choice());
        return CliCommand.On("edit", "Change a scope; what is not named stays", "oauth-server scopes edit notes:write --sensitive true",
            [name, .. choice.Options], async (parse, context, cancel) =>
        {
            var edits = new ScopeEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(name), cancel) is not { } scope)
                return Unknown(context, parse.GetRequiredValue(name));
            var (author, _) = context.Act();
            var judged = await edits.SaveAsync(RowOf(choice.Of(parse, scope)), choice.Words(parse), author, cancel);
            return await Texts.EditedAsync(context, scope.Name, judged, author, cancel);
        });
    }

    private static CliCommand Delete()
    {
        var (name, yes) = (Name(), Affected.Yes());
        return CliCommand.On("delete", "Delete a scope, and take it from every client", "oauth-server scopes delete notes:old --yes",
            [name, yes], async (parse, context, cancel) =>
        {
            var edits = new ScopeEdits(context.Database);
            if (await edits.FindAsync(parse.GetRequiredValue(name), cancel) is not { } scope)
                return Unknown(context, parse.GetRequiredValue(name));
            var usage = await edits.HoldersAsync(scope.Name, context.Now, cancel);
            var affected = $"Clients that use it: {Affected.Say(usage.Clients)}, live grants: {Affected.Say(usage.Grants)}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Delete {scope.Name}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            return await edits.DeleteAsync(scope.Name, scope.Version, author, cancel) == EditOutcome.Done
                ? context.Output.Done(
                    new { name = scope.Name, deleted = true, clients = usage.Clients.Rows, request_id = author.RequestId },
                    $"{scope.Name} is deleted. {affected}")
                : Texts.Overtaken(context, scope.Name);
        });
    }

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static int Unknown(CommandContext context, string name) => context.Output.Refuse(
        $"There is no scope {name}", "See: oauth-server scopes list");

    // A row that is refused as it is.
    private static RowEdit<ScopeForm> RowOf(ScopeForm row) => new() { Row = row, Restore = (one, _) => one };

    // The columns of a scope, as options.
    private sealed class Choice
    {
        private readonly Option<string?> resource = new("--resource") { HelpName = "URI", Description = "Its resource; '' for all" };
        private readonly Option<string?> access = new("--access") { Description = "Whether it reads or writes" };
        private readonly Option<bool?> open = new("--open") { Description = "Whether any user-facing client may request it" };
        private readonly Option<bool?> sensitive = new("--sensitive") { Description = "Whether it is not ticked beforehand" };
        private readonly Option<bool?> optional = new("--optional") { Description = "Whether the user may untick it" };
        private readonly Option<string[]> words = Texts.Option("TEXT");

        public Choice() => access.AcceptOnlyFromAmong("read", "write");

        public Symbol[] Options => [resource, access, open, sensitive, optional, words];

        public ScopeForm Of(ParseResult parse, ScopeForm row) => row with
        {
            Resource = parse.GetValue(resource) switch { null => row.Resource, "" => null, var uri => uri },
            Access = parse.GetValue(access) ?? row.Access,
            Open = parse.GetValue(open) ?? row.Open,
            Sensitive = parse.GetValue(sensitive) ?? row.Sensitive,
            Optional = parse.GetValue(optional) ?? row.Optional,
        };

        public LocalizedText[] Words(ParseResult parse) => Texts.Of(parse, words);
    }
}

/// <summary>What people read in their language: --text LOCALE=TEXT.</summary>
internal static class Texts
{
    public static Option<string[]> Option(string value)
    {
        var option = new Option<string[]>("--text")
        {
            HelpName = $"LOCALE={value}",
            Description = "What people read in a language, such as ar=…; may be repeated; nothing after = removes it",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.IndexOf('=') < 1)) result.AddError("--text: write LOCALE=TEXT, such as en=Reports");
        });
        return option;
    }

    public static LocalizedText[] Of(ParseResult parse, Option<string[]> option) =>
    [
        .. from text in parse.GetValue(option) ?? []
           let place = text.IndexOf('=')
           select new LocalizedText(text[..place], text.Length > place + 1 ? text[(place + 1)..] : null),
    ];

    /// <summary>The texts there are, by language.</summary>
    public static async Task<SortedDictionary<string, string>> OfAsync(ResourceStore store, string key, CancellationToken cancel) =>
        new((await store.TextsAsync(cancel)).Where(text => text.Key == key).ToDictionary(text => text.Locale, text => text.Text),
            StringComparer.Ordinal);

    /// <summary>The refusal to write over an edit that was not seen.</summary>
    public static int Overtaken(CommandContext context, string name) =>
        context.Output.Refuse($"Somebody else changed {name} at the same moment", "Nothing was changed. Run it again.");

    /// <summary>What became of an edit: the old and new values, or why it was not made.</summary>
    public static async Task<int> EditedAsync(
        CommandContext context, string name, EditResult<EditOutcome> judged, Author author, CancellationToken cancel)
    {
        if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
        if (judged.Outcome != EditOutcome.Done) return Overtaken(context, name);
        var changes = await context.ChangesAsync(author, cancel);
        return context.Output.Done(new { name, changed = changes.Length > 0, changes, request_id = author.RequestId },
            changes.Length == 0 ? $"{name} is as it was: nothing was to be changed." : string.Join('\n', changes));
    }
}
