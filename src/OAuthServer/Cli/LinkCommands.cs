using System.CommandLine;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Cli;

/// <summary>users link and users unlink: who people are at providers.</summary>
internal static class LinkCommands
{
    public static CliCommand Link()
    {
        var (who, provider, sub, tenant) = (Who(), Provider(), Sub(), Tenant());
        return CliCommand.On("link", "Link a user to what a provider calls them; without options, list that",
            "oauth-server users link alice --provider entra --sub Zm9vYmFy\noauth-server users link alice", [who, provider, sub, tenant],
            async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(who);
            if (await context.PersonAsync(name, cancel) is not { } person) return UserCommands.Unknown(context, name);
            var edits = new IdentityEdits(context.Database);
            if (parse.GetValue(provider) is null && parse.GetValue(sub) is null) return await ListAsync(context, edits, person, cancel);
            if (await KeyAsync(parse, context, provider, sub, tenant, cancel) is not { } key)
                return context.Output.Refuse("An identity is a provider and a sub", "Name both: --provider ID --sub SUB");
            return await LinkAsync(context, key, person, cancel);
        });
    }

    public static CliCommand Unlink()
    {
        var (who, provider, sub, tenant, yes) = (Who(), Provider(), Sub(), Tenant(), Affected.Yes());
        return CliCommand.On("unlink", "Unlink a user from a provider, and end the sessions that began there",
            "oauth-server users unlink alice --provider entra --sub Zm9vYmFy --yes", [who, provider, sub, tenant, yes],
            async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(who);
            if (await context.PersonAsync(name, cancel) is not { } person) return UserCommands.Unknown(context, name);
            if (await KeyAsync(parse, context, provider, sub, tenant, cancel) is not { } key)
                return context.Output.Refuse("An identity is a provider and a sub", "Name both: --provider ID --sub SUB");
            return await UnlinkAsync(context, key, person, parse.GetValue(yes), cancel);
        });
    }

    /// <summary>Links, and says what became of it.</summary>
    public static async Task<int> LinkAsync(
        CommandContext context, IdentityKey key, Stores.Users.UserSummary person, CancellationToken cancel)
    {
        var (author, _) = context.Act();
        return await new IdentityEdits(context.Database).LinkAsync(key, person.Subject, author, cancel) switch
        {
            LinkOutcome.Done => context.Output.Done(
                new { person.Username, key.Issuer, key.Tenant, key.Sub, linked = true, request_id = author.RequestId },
                $"{person.Username} is {key.Sub} of {key.Issuer}."),
            LinkOutcome.Taken => context.Output.Refuse("That identity is linked to another user",
                "Unlink it there first: oauth-server trust unlink ISSUER SUB"),
            _ => context.Output.Refuse($"{person.Username} is disabled", "Nothing was changed."),
        };
    }

    /// <summary>Says what would end, unlinks once that is agreed to, and says what became of it.</summary>
    /// <param name="whose">Null: whose it is does not matter.</param>
    public static async Task<int> UnlinkAsync(
        CommandContext context, IdentityKey key, Stores.Users.UserSummary? whose, bool agreed, CancellationToken cancel)
    {
        var edits = new IdentityEdits(context.Database);
        if (await edits.ReachAsync(key, context.Now, cancel) is not { } reach || whose is not null && whose.Subject != reach.Subject)
            return whose is not null ? NotTheirs(whose.Username)
                : context.Output.Refuse($"Nobody is linked to {key.Sub} of {key.Issuer}", "See: oauth-server trust identities");
        var affected = $"That is {reach.Username}. Sessions that began there: {reach.Sessions}, live grants that stand on its assertions: "
            + $"{reach.Grants}. All of them end." + (reach.HasAnotherWay ? "" : " They have no other way to sign in.");
        if (Affected.Refusal(context, agreed, $"Unlink {key.Sub}", affected) is { } refused) return refused;

        var (author, _) = context.Act();
        return await edits.UnlinkAsync(key, reach.Subject, author, cancel)
            ? context.Output.Done(
                new { reach.Username, key.Issuer, key.Tenant, key.Sub, unlinked = true, request_id = author.RequestId },
                $"{reach.Username} is no longer {key.Sub} of {key.Issuer}.")
            : NotTheirs(reach.Username);

        int NotTheirs(string username) =>
            context.Output.Refuse($"{username} has no such identity", $"See: oauth-server users link {username}");
    }

    private static async Task<int> ListAsync(
        CommandContext context, IdentityEdits edits, Stores.Users.UserSummary person, CancellationToken cancel)
    {
        var identities = await edits.ListAsync(person.Subject, cancel);
        var shown = identities.Select(one =>
            new { one.Provider, one.Issuer, one.Tenant, one.Sub, one.CreatedAt, one.LastUsedAt, one.CreatedBy });
        return context.Output.Done(new { person.Username, identities = shown },
            identities.Count == 0 ? $"{person.Username} is linked to no provider."
            : Words.Table(["PROVIDER", "ISSUER", "TENANT", "SUB", "LINKED", "BY", "LAST USED"], identities.Select(one => new[]
            {
                one.Provider, one.Issuer, one.Tenant, one.Sub, Words.At(one.CreatedAt), one.CreatedBy, Words.At(one.LastUsedAt),
            })));
    }

    private static async Task<IdentityKey?> KeyAsync(ParseResult parse, CommandContext context, Option<string?> provider,
        Option<string?> sub, Option<string?> tenant, CancellationToken cancel)
    {
        if (parse.GetValue(provider) is not { } named || parse.GetValue(sub) is not { } text) return null;
        // A provider that was deleted is named by its issuer.
        var issuer = await ProviderCommands.FindAsync(context, named, cancel) is { } row ? row.Issuer
            : named.Contains("://", StringComparison.Ordinal) ? named : null;
        return issuer is null ? null : new IdentityKey { Issuer = issuer, Tenant = parse.GetValue(tenant) ?? "", Sub = text };
    }

    private static Argument<string> Who() => new("NAME") { Description = "The name used to sign in, or the subject" };

    private static Option<string?> Provider() =>
        new("--provider") { HelpName = "ID", Description = "The provider, by its id or its issuer" };

    private static Option<string?> Sub() => new("--sub") { HelpName = "SUB", Description = "What it calls the user: the claim sub" };

    private static Option<string?> Tenant() =>
        new("--tenant") { HelpName = "TENANT", Description = "Its tenant claim, where its id_tokens have one" };
}
