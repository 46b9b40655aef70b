using System.CommandLine;
using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Cli;

/// <summary>trust add, edit, rule and edit-rule: issuers and rules as options; objects as the JSON that SQL takes.</summary>
internal static class TrustAdd
{
    public static CliCommand Issuer()
    {
        var (issuer, options) = (Issuer("Exactly as the claim iss of its assertions says"), new IssuerOptions(isNew: true));
        return CliCommand.On("add", "Trust an issuer",
            "oauth-server trust add https://token.actions.githubusercontent.com --kind workload --name 'GitHub Actions' "
                + "--must-name repository_id repository_owner_id\noauth-server trust add https://idp.example --kind people --name Acme",
            [issuer, .. options.All], async (parse, context, cancel) =>
        {
            var id = parse.GetRequiredValue(issuer);
            if (options.Apply(parse, IssuerOptions.New(id), out var row) is { } problem)
                return context.Output.Refuse(problem, ClientKeyCommands.WhatToWrite);
            if (id == context.Settings.Issuer)
                return context.Output.Refuse("This server does not trust itself as somebody else", "Nothing was changed.");
            var (author, _) = context.Act();
            var judged = await new TrustEdits(context.Database).AddAsync(AsIs(row), author, cancel);
            return judged.Refusals.Count > 0 ? context.Output.Refuse(judged.Refusals)
                : judged.Outcome == EditOutcome.Taken
                    ? context.Output.Refuse($"{id} is trusted already", "See: oauth-server trust list")
                    : context.Output.Done(new { issuer = id, added = true, request_id = author.RequestId }, $"{id} is trusted."
                        + (row.Kind == "people" ? "" : " Say which workload is which client: oauth-server trust rule --help"));
        });
    }

    public static CliCommand EditIssuer()
    {
        var (issuer, options) = (Issuer("The issuer as trust list says it"), new IssuerOptions(isNew: false));
        return CliCommand.On("edit", "Change an issuer; what is not named stays, and what stood on more than it says now ends",
            "oauth-server trust edit https://idp.example --clients claude-desktop --max-age 300", [issuer, .. options.All],
            async (parse, context, cancel) =>
        {
            var (edits, id) = (new TrustEdits(context.Database), parse.GetRequiredValue(issuer));
            if (await edits.IssuerAsync(id, cancel) is not { } before) return TrustCommands.Unknown(context, id);
            if (options.Apply(parse, before, out var row) is { } problem)
                return context.Output.Refuse(problem, ClientKeyCommands.WhatToWrite);
            var (author, _) = context.Act();
            return await Texts.EditedAsync(context, id, await edits.SaveAsync(AsIs(row), author, cancel), author, cancel);
        });
    }

    public static CliCommand Rule()
    {
        var (issuer, client) = (Issuer("A trusted issuer of workloads"), new Argument<string>("CLIENT_ID")
        {
            Description = "The machine the workload is, with the authentication method federated",
        });
        var options = new RuleOptions(isNew: true);
        return CliCommand.On("rule", "Add a rule: which workload is which client",
            "oauth-server trust rule https://cluster.example nightly-etl "
                + "--claims '{\"sub\": \"system:serviceaccount:prod:etl\", \"/kubernetes.io/namespace\": \"prod\"}'",
            [issuer, client, .. options.All], async (parse, context, cancel) =>
        {
            var row = options.Apply(parse, new RuleRow
            {
                Id = 0,
                Issuer = parse.GetRequiredValue(issuer),
                ClientId = parse.GetRequiredValue(client),
                Claims = "",
                Resources = null,
                Scopes = null,
                Enabled = true,
                Note = "",
                GrantId = null,
            });
            if (NoJson(context, row) is { } refused) return refused;
            var (author, _) = context.Act();
            var judged = await new TrustEdits(context.Database).AddRuleAsync(AsIs(row), author, cancel);
            return judged.Refusals.Count > 0 ? context.Output.Refuse(judged.Refusals)
                : context.Output.Done(new { row.Issuer, row.ClientId, added = true, request_id = author.RequestId },
                    $"Workloads of {row.Issuer} that fit are {row.ClientId}.");
        });
    }

    public static CliCommand EditRule()
    {
        var number = new Argument<long>("RULE") { Description = "The number of the rule as trust show says it" };
        var client = RowOptions.Text("--client", "CLIENT_ID", "The machine the workload is");
        var options = new RuleOptions(isNew: false);
        return CliCommand.On("edit-rule", "Change a rule; what is not named stays, and its tokens end",
            "oauth-server trust edit-rule 3 --scopes notes:read", [number, client, .. options.All], async (parse, context, cancel) =>
        {
            var (edits, id) = (new TrustEdits(context.Database), parse.GetRequiredValue(number));
            var name = id.ToString(CultureInfo.InvariantCulture);
            if (await edits.RuleAsync(id, cancel) is not { } before) return TrustCommands.Unknown(context, name);
            var row = options.Apply(parse, before) with { ClientId = parse.GetValue(client) ?? before.ClientId };
            if (NoJson(context, row) is { } refused) return refused;
            var (author, _) = context.Act();
            return await Texts.EditedAsync(context, $"Rule {name}", await edits.SaveRuleAsync(AsIs(row), author, cancel), author, cancel);
        });
    }

    private static Argument<string> Issuer(string description) => new("ISSUER") { Description = description };

    private static RowEdit<T> AsIs<T>(T row) => new() { Row = row, Restore = (one, _) => one };

    private static int? NoJson(CommandContext context, RuleRow row) => TypedJson.Flaw(row.Claims) is { } flaw
        ? context.Output.Refuse($"The claims: {flaw}", "Nothing was changed.") : null;
}
