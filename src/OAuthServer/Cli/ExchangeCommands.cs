using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>exchange: which clients may exchange whose tokens, and for what. Running servers have an edit at once.</summary>
internal static class ExchangeCommands
{
    public static CliCommand Make() => CliCommand.Family(
        "exchange", "Manage which clients may exchange tokens to act for others (RFC 8693)",
        "oauth-server exchange list",
        CliCommand.On("list", "List all rules", "oauth-server exchange list", [], ListAsync), Add(), EditRule(), Enable(), Disable());

    private static Argument<Guid> Id() => new("RULE_ID") { Description = "The id as exchange list says it" };

    private static int Unknown(CommandContext context, Guid id) =>
        context.Output.Refuse($"There is no rule {id}", "See: oauth-server exchange list");

    private static async Task<int> ListAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var rules = await new ExchangeRuleStore(context.Database).ListAsync(cancel);
        return context.Output.Done(new { rules }, rules.Count == 0
            ? "There are no rules yet. Add one: oauth-server exchange add --help"
            : Words.Table(["RULE", "ACTOR", "STATE", "FROM", "TO", "SCOPES", "TOKENS OF", "NOTE"], rules.Select(rule => new[]
            {
                $"{rule.Id}", rule.Actor, RowState.Of(rule.Enabled), rule.FromResource, rule.Resource,
                Words.Lines(rule.Scopes) + (rule.Impersonate ? " (impersonates)" : ""),
                Words.Lines(rule.SubjectClients) ?? "any other client", rule.Note,
            })));
    }

    private static CliCommand Add()
    {
        var actor = new Option<string>("--actor")
        {
            HelpName = "CLIENT_ID",
            Description = "The client that exchanges and acts",
            Required = true,
        };
        var from = new Option<string>("--from") { HelpName = "URI", Description = "The resource it stands behind", Required = true };
        var to = new Option<string>("--to") { HelpName = "URI", Description = "What its tokens are for", Required = true };
        var scopes = new Option<string[]>("--scope")
        {
            HelpName = "SCOPE",
            Description = "What they may allow; may be repeated",
            Required = true,
        };
        var subjects = new Option<string[]>("--subject-client")
        {
            HelpName = "CLIENT_ID",
            Description = "Whose tokens; may be repeated; default: those of any other client",
        };
        var impersonate = new Option<bool>("--impersonate") { Description = "Do not name the actor in the tokens" };
        var note = new Option<string?>("--note") { HelpName = "TEXT", Description = "For operators" };
        return CliCommand.On("add", "Let a client exchange tokens; people are asked on the consent page where they did not allow it yet",
            "oauth-server exchange add --actor orchestrator --from http://localhost:9000/mcp "
                + "--to https://sensors.example.com/ --scope read_sensors",
            [actor, from, to, scopes, subjects, impersonate, note], async (parse, context, cancel) =>
        {
            var rule = new ExchangeRuleForm
            {
                Id = Guid.CreateVersion7(context.Now),
                Actor = parse.GetRequiredValue(actor),
                FromResource = parse.GetRequiredValue(from),
                Resource = parse.GetRequiredValue(to),
                Scopes = Each(parse.GetValue(scopes)),
                SubjectClients = Each(parse.GetValue(subjects)),
                Impersonate = parse.GetValue(impersonate),
                Note = parse.GetValue(note),
            };
            var (author, _) = context.Act();
            var judged = await new ExchangeRuleEdits(context.Database).AddAsync(AsIs(rule), author, cancel);
            if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
            return context.Output.Done(new { rule.Id, added = true, request_id = author.RequestId },
                $"{rule.Id} is added: {rule.Actor} exchanges tokens for {rule.FromResource} into tokens for {rule.Resource}.");
        });
    }

    private static CliCommand EditRule()
    {
        var id = Id();
        var scopes = ListChange.Of("scope", "SCOPE", "what its tokens may allow");
        var subjects = ListChange.Of("subject-client", "CLIENT_ID", "whose tokens it takes");
        var note = new Option<string?>("--note") { HelpName = "TEXT", Description = "For operators; '' for none" };
        return CliCommand.On("edit", "Change a rule; what is not named stays, and what stood on a scope or client taken away ends",
            "oauth-server exchange edit 019ab1c2-7d10-7abc-8def-0123456789ab --add-scope read_sensors",
            [id, .. scopes.Options, .. subjects.Options, note], async (parse, context, cancel) =>
        {
            if (await new ExchangeRuleStore(context.Database).FindAsync(parse.GetRequiredValue(id), cancel) is not { } row)
                return Unknown(context, parse.GetRequiredValue(id));
            var rule = ExchangeRuleForm.Of(row) with
            {
                Scopes = scopes.Of(parse, row.Scopes),
                SubjectClients = subjects.Of(parse, row.SubjectClients),
                Note = RowOptions.OrNone(parse.GetValue(note), row.Note),
            };
            var (author, _) = context.Act();
            var judged = await new ExchangeRuleEdits(context.Database).SaveAsync(AsIs(rule), author, cancel);
            return await Texts.EditedAsync(context, $"{row.Id}", judged, author, cancel);
        });
    }

    private static RowEdit<ExchangeRuleForm> AsIs(ExchangeRuleForm rule) => new() { Row = rule, Restore = (one, _) => one };

    private static CliCommand Enable()
    {
        var id = Id();
        return CliCommand.On("enable", "Let a client exchange by a rule again; earlier tokens stay dead",
            "oauth-server exchange enable 019ab1c2-7d10-7abc-8def-0123456789ab", [id], async (parse, context, cancel) =>
        {
            if (await new ExchangeRuleStore(context.Database).FindAsync(parse.GetRequiredValue(id), cancel) is not { } rule)
                return Unknown(context, parse.GetRequiredValue(id));
            var (author, _) = context.Act();
            await new ExchangeRuleEdits(context.Database).EnableAsync(rule.Id, true, author, cancel);
            return context.Output.Done(new { rule.Id, enabled = true, changed = !rule.Enabled },
                rule.Enabled ? $"{rule.Id} is already enabled." : $"{rule.Id} is enabled.");
        });
    }

    private static CliCommand Disable()
    {
        var (id, yes) = (Id(), Affected.Yes());
        return CliCommand.On("disable", "Exchange nothing by a rule any more; the tokens it gave are refused",
            "oauth-server exchange disable 019ab1c2-7d10-7abc-8def-0123456789ab --yes", [id, yes], async (parse, context, cancel) =>
        {
            var edits = new ExchangeRuleEdits(context.Database);
            if (await new ExchangeRuleStore(context.Database).FindAsync(parse.GetRequiredValue(id), cancel) is not { } rule
                || await edits.ReachAsync(rule.Id, context.Now, cancel) is not { } reach)
                return Unknown(context, parse.GetRequiredValue(id));
            if (!rule.Enabled)
                return context.Output.Done(new { rule.Id, enabled = false, changed = false }, $"{rule.Id} is already disabled.");
            var affected = $"Delegations that end: {reach.Delegations}, of users: {reach.People}. "
                + $"Live grants that allow it: {reach.Grants}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Disable {rule.Id}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            await edits.EnableAsync(rule.Id, false, author, cancel);
            return context.Output.Done(new { rule.Id, enabled = false, changed = true, ended = reach.Delegations },
                $"{rule.Id} is disabled. Delegations that ended: {reach.Delegations}.");
        });
    }

    private static string[] Each(string[]? values) =>
        [.. (values ?? []).SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct()];
}
