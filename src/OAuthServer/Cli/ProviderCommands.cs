using System.CommandLine;
using OAuthServer.Federation;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>providers: the companies people sign in at. Running servers have an edit at once.</summary>
internal static class ProviderCommands
{
    public static CliCommand Make() => CliCommand.Family("providers", "Manage the companies that users sign in at",
        "oauth-server providers list",
        CliCommand.On("list", "List all providers", "oauth-server providers list", [], ListAsync),
        Add(), Set(), Secret(), ProviderTest.Make(), Enable(), Disable(), Delete());

    public static Argument<string> Id() => new("ID") { Description = "The id as providers list says it" };

    /// <summary>The refusal for an id that is no provider's.</summary>
    public static int Unknown(CommandContext context, string id) => context.Output.Refuse(
        $"There is no provider {id}", "See: oauth-server providers list");

    public static Task<ProviderRow?> FindAsync(CommandContext context, string id, CancellationToken cancel) =>
        new ProviderStore(context.Database).FindAsync(id, cancel);

    private static async Task<int> ListAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var rows = await new ProviderStore(context.Database).ListAsync(cancel);
        return context.Output.Done(
            new { providers = rows.Select(row => ProviderOptions.Shown(row, context.Settings)) }, rows.Count == 0
            ? "There are no providers yet. Add one: oauth-server providers add --help"
            : Words.Table(["ID", "LABEL", "STATE", "ISSUER", "ADMITS", "SECRET"], rows.Select(row => new[]
            {
                row.Id, row.Label, RowState.Of(row.Enabled), row.Issuer, row.Provisioning,
                row.AuthMethod == "none" ? "not needed" : row.SecretSealed is null ? "missing" : "set",
            })));
    }

    private static CliCommand Add()
    {
        var (id, options) = (new Argument<string>("ID") { Description = "Its name in URLs: a to z, 0 to 9 and -" }, new ProviderOptions());
        return CliCommand.On("add", "Add a provider; it is offered once it has its secret",
            "oauth-server providers add entra --label Contoso --issuer https://login.microsoftonline.com/TENANT_ID/v2.0 "
                + "--client-id CLIENT_ID\noauth-server providers secret entra < FILE",
            [id, .. options.All], async (parse, context, cancel) =>
        {
            var row = options.Apply(parse, ProviderRow.New(parse.GetRequiredValue(id)));
            var (author, _) = context.Act();
            var judged = await new ProviderEdits(context.Database).AddAsync(ProviderOptions.AsIs(row), author, cancel);
            if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
            if (judged.Outcome == EditOutcome.Taken)
                return context.Output.Refuse($"There is already a provider {row.Id}", "See: oauth-server providers list");
            var redirect = FederationRequests.RedirectUri(context.Settings, row.Id);
            return context.Output.Done(new { row.Id, added = true, redirect_uri = redirect, request_id = author.RequestId },
                $"{row.Id} is added. Register this redirect URI there:\n\n  {redirect}"
                    + (row.AuthMethod == "none" ? "" : $"\n\nThen give it the secret: oauth-server providers secret {row.Id}"));
        });
    }

    private static CliCommand Set()
    {
        var (id, options) = (Id(), new ProviderOptions());
        return CliCommand.On("set", "Change a provider; what is not named stays",
            "oauth-server providers set google --provisioning create --allowed-claims '{\"hd\": [\"example.com\"]}'",
            [id, .. options.All], async (parse, context, cancel) =>
        {
            if (await FindAsync(context, parse.GetRequiredValue(id), cancel) is not { } row)
                return Unknown(context, parse.GetRequiredValue(id));
            var (author, _) = context.Act();
            var judged = await new ProviderEdits(context.Database).SaveAsync(
                ProviderOptions.AsIs(options.Apply(parse, row)), author, cancel);
            return await Texts.EditedAsync(context, row.Id, judged, author, cancel);
        });
    }

    private static CliCommand Secret()
    {
        var id = Id();
        var stdin = new Option<bool>("--secret-stdin") { Description = "Read the secret from standard input: one line, UTF-8" };
        return CliCommand.On("secret", "Set the secret that a provider gave this server; asks for it",
            "oauth-server providers secret entra\noauth-server providers secret entra --secret-stdin < FILE", [id, stdin],
            async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(id);
            if (await FindAsync(context, name, cancel) is null) return Unknown(context, name);
            string? problem = null;
            var secret = parse.GetValue(stdin) || Console.IsInputRedirected ? Stdin.Line(Console.OpenStandardInput(), out problem)
                : Terminal.Ask("Secret: ");
            if (problem is not null) return context.Output.Refuse(problem, "Nothing was changed.");
            if (secret is not { Length: > 0 }) return context.Output.Refuse("The secret is empty", "Nothing was changed.");
            var (author, _) = context.Act();
            var box = ProviderSecrets.Seal(secret, new KeyEncryption(context.Settings));
            return await new ProviderEdits(context.Database).SecretAsync(name, box, author, cancel)
                ? context.Output.Done(new { id = name, secret = "set", request_id = author.RequestId },
                    $"{name} has its secret, sealed. Try it: oauth-server providers test {name}")
                : Unknown(context, name);
        }, withKey: true);
    }

    private static CliCommand Enable()
    {
        var id = Id();
        return CliCommand.On("enable", "Let users sign in at a provider again", "oauth-server providers enable entra", [id],
            async (parse, context, cancel) =>
        {
            if (await FindAsync(context, parse.GetRequiredValue(id), cancel) is not { } row)
                return Unknown(context, parse.GetRequiredValue(id));
            var (author, _) = context.Act();
            await new ProviderEdits(context.Database).EnableAsync(row.Id, true, null, author, cancel);
            return context.Output.Done(new { row.Id, enabled = true, changed = !row.Enabled },
                row.Enabled ? $"{row.Id} is already enabled." : $"{row.Id} is enabled.");
        });
    }

    private static CliCommand Disable()
    {
        var (id, yes) = (Id(), Affected.Yes());
        var ends = new Option<string?>("--end") { Description = "What ends with it; default: its on_disable" };
        ends.AcceptOnlyFromAmong("nothing", "sessions", "access");
        return CliCommand.On("disable", "Let nobody sign in at a provider; ends what its on_disable says",
            "oauth-server providers disable entra --end access --yes", [id, ends, yes], async (parse, context, cancel) =>
        {
            var edits = new ProviderEdits(context.Database);
            if (await FindAsync(context, parse.GetRequiredValue(id), cancel) is not { } row
                || await edits.ReachAsync(row.Id, context.Now, cancel) is not { } reach)
                return Unknown(context, parse.GetRequiredValue(id));
            if (!row.Enabled) return context.Output.Done(new { row.Id, enabled = false, changed = false },
                $"{row.Id} is already disabled.");
            var what = parse.GetValue(ends) ?? row.OnDisable;
            var affected = $"Sessions that began there: {reach.Sessions}, live grants allowed in them: {reach.Grants}. Ends: {what}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Disable {row.Id}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            await edits.EnableAsync(row.Id, false, what, author, cancel);
            return context.Output.Done(new { row.Id, enabled = false, changed = true, ended = what },
                $"{row.Id} is disabled. Ended: {what}.");
        });
    }

    private static CliCommand Delete()
    {
        var (id, yes) = (Id(), Affected.Yes());
        return CliCommand.On("delete", "Delete a provider; the identities of its users stay", "oauth-server providers delete entra --yes",
            [id, yes], async (parse, context, cancel) =>
        {
            var edits = new ProviderEdits(context.Database);
            if (await FindAsync(context, parse.GetRequiredValue(id), cancel) is not { } row
                || await edits.ReachAsync(row.Id, context.Now, cancel) is not { } reach)
                return Unknown(context, parse.GetRequiredValue(id));
            var affected = $"Identities of its issuer: {reach.Identities}, sessions: {reach.Sessions}, grants: {reach.Grants}. "
                + $"Ends: {row.OnDisable}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Delete {row.Id}", affected) is { } refused) return refused;
            var (author, _) = context.Act();
            await edits.DeleteAsync(row.Id, author, cancel);
            return context.Output.Done(new { row.Id, deleted = true, identities = reach.Identities }, $"{row.Id} is deleted.");
        });
    }
}
