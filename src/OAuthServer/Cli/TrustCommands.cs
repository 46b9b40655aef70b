using System.CommandLine;
using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Cli;

/// <summary>trust: the issuers whose assertions are taken, and the rules of workloads. Running servers have an edit at once.</summary>
internal static class TrustCommands
{
    public static CliCommand Make() => CliCommand.Family("trust", "Manage the issuers whose assertions are taken, and their rules",
        "oauth-server trust list",
        CliCommand.On("list", "List all issuers", "oauth-server trust list", [], ListAsync),
        TrustAdd.Issuer(), TrustAdd.EditIssuer(), TrustAdd.Rule(), TrustAdd.EditRule(), Show(), State("disable", false),
        State("enable", true), Delete(), TrustTest.Make(), IdentityCommands.List(), IdentityCommands.Link(), IdentityCommands.Unlink());

    public static Argument<string> Which() => new("ISSUER") { Description = "The issuer as trust list says it, or the number of a rule" };

    /// <summary>The refusal for what is no issuer and no rule.</summary>
    public static int Unknown(CommandContext context, string which) => context.Output.Refuse(
        $"There is no trusted issuer or rule {which}", "See: oauth-server trust list");

    private static async Task<int> ListAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var store = new TrustStore(context.Database);
        var (issuers, rules) = (await store.IssuersAsync(cancel), await store.RulesAsync(cancel));
        return context.Output.Done(new { issuers, rules }, issuers.Count == 0
            ? "No issuer is trusted. Add one: oauth-server trust add --help"
            : Words.Table(["ISSUER", "NAME", "KIND", "STATE", "KEYS", "RULES"], issuers.Select(row => new[]
            {
                row.Issuer, row.Name, row.Kind, RowState.Of(row.Enabled),
                row.Jwks is not null ? "in the row" : row.JwksUri ?? "discovered",
                row.Kind == "people" ? "-" : rules.Count(rule => rule.Issuer == row.Issuer).ToString(CultureInfo.InvariantCulture),
            })));
    }

    private static CliCommand Show()
    {
        var which = Which();
        return CliCommand.On("show", "Show an issuer with its rules", "oauth-server trust show https://token.actions.githubusercontent.com",
            [which], async (parse, context, cancel) =>
        {
            var (store, name) = (new TrustStore(context.Database), parse.GetRequiredValue(which));
            if ((await store.IssuersAsync(cancel)).FirstOrDefault(one => one.Issuer == name) is not { } row) return Unknown(context, name);
            var rules = (await store.RulesAsync(cancel)).Where(rule => rule.Issuer == name).ToList();
            var reach = await new TrustEdits(context.Database).ReachAsync(name, context.Now, cancel);
            var table = rules.Count == 0 ? "" : "\n\n" + Words.Table(["RULE", "CLIENT", "STATE", "CLAIMS"], rules.Select(rule => new[]
            {
                rule.Id.ToString(CultureInfo.InvariantCulture), rule.ClientId,
                rule is { Enabled: true, GrantId: null } ? "ended" : RowState.Of(rule.Enabled), rule.Claims,
            }));
            return context.Output.Done(new { issuer = row, rules, reach },
                $"{row.Name}: {row.Issuer}\n{row.Kind}, {RowState.Of(row.Enabled)}; an assertion is at most {row.MaxAgeSeconds} s old\n"
                    + $"Live grants: {reach!.Grants}, of users: {reach.People}. Identities: {reach.Identities}." + table);
        });
    }

    private static CliCommand State(string verb, bool enabled)
    {
        var (which, yes) = (Which(), Affected.Yes());
        return CliCommand.On(verb,
            enabled ? "Take the assertions of an issuer, or of a rule, again; old tokens stay dead"
                : "Take no more assertions of an issuer, or of a rule, and end what stands on them",
            $"oauth-server trust {verb} https://idp.example" + (enabled ? "" : " --yes") + $"\noauth-server trust {verb} 3",
            enabled ? [which] : [which, yes], async (parse, context, cancel) =>
        {
            var (edits, name) = (new TrustEdits(context.Database), parse.GetRequiredValue(which));
            if (!enabled)
            {
                if (await ReachAsync(edits, name, context, cancel) is not { } affected) return Unknown(context, name);
                if (Affected.Refusal(context, parse.GetValue(yes), $"Disable {name}", affected) is { } refused) return refused;
            }

            var (author, _) = context.Act();
            var done = Rule(name) is { } rule ? await edits.EnableRuleAsync(rule, enabled, author, cancel)
                : await edits.EnableAsync(name, enabled, author, cancel);
            return done ? context.Output.Done(new { which = name, enabled, request_id = author.RequestId },
                $"{name} is {RowState.Of(enabled)}.") : Unknown(context, name);
        });
    }

    private static CliCommand Delete()
    {
        var (which, yes) = (Which(), Affected.Yes());
        return CliCommand.On("delete", "Delete an issuer with its rules, or a rule, and end what stands on them; identities stay",
            "oauth-server trust delete https://idp.example --yes\noauth-server trust delete 3 --yes", [which, yes],
            async (parse, context, cancel) =>
        {
            var (edits, name) = (new TrustEdits(context.Database), parse.GetRequiredValue(which));
            if (await ReachAsync(edits, name, context, cancel) is not { } affected) return Unknown(context, name);
            if (Affected.Refusal(context, parse.GetValue(yes), $"Delete {name}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            var done = Rule(name) is { } rule ? await edits.DeleteRuleAsync(rule, author, cancel)
                : await edits.DeleteAsync(name, author, cancel);
            return done ? context.Output.Done(new { which = name, deleted = true, request_id = author.RequestId }, $"{name} is deleted.")
                : Unknown(context, name);
        });
    }

    // What would end; null: there is no such issuer or rule.
    private static async Task<string?> ReachAsync(TrustEdits edits, string name, CommandContext context, CancellationToken cancel)
    {
        if (Rule(name) is { } id)
            return await edits.RuleAsync(id, cancel) is { } rule
                ? $"Workloads of {rule.Issuer} are no longer {rule.ClientId}; its tokens end." : null;
        return await edits.ReachAsync(name, context.Now, cancel) is { } reach
            ? $"Live grants: {reach.Grants}, of users: {reach.People}, enabled rules: {reach.Rules}. All of them end. "
                + $"Clients that get tokens by it: {reach.Clients}." : null;
    }

    private static long? Rule(string name) =>
        long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var rule) ? rule : null;
}
