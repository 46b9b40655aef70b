using System.CommandLine;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>users edit and users roles: what apps are told of a person.</summary>
internal static class ProfileCommands
{
    public static CliCommand Edit()
    {
        var who = new Argument<string>("NAME") { Description = "The name used to sign in, lower case" };
        var name = Text("--full-name", "The full name, as apps show it");
        var (given, family) = (Text("--given-name", "The first name"), Text("--family-name", "The last name"));
        var (locale, email) = (Text("--locale", "The language, such as en or pt-BR"), Text("--email", "The e-mail address"));
        var verified = new Option<bool?>("--email-verified") { Description = "Whether the address was shown to be theirs" };
        var groups = new Option<string[]?>("--groups")
        {
            HelpName = "GROUP",
            Description = "All groups they belong to; '' for none",
            AllowMultipleArgumentsPerToken = true,
        };
        return CliCommand.On("edit", "Change the claims about a user; what is not named stays, '' removes it",
            "oauth-server users edit alice --full-name \"Alice Demo\" --email alice@example.com --groups staff ops",
            [who, name, given, family, locale, email, verified, groups], async (parse, context, cancel) =>
        {
            var edits = new ProfileEdits(context.Database);
            if (await FindAsync(context, edits, parse.GetRequiredValue(who), cancel) is not { } profile)
                return UserCommands.Unknown(context, parse.GetRequiredValue(who));
            var changed = profile with
            {
                Name = Value(name, profile.Name),
                GivenName = Value(given, profile.GivenName),
                FamilyName = Value(family, profile.FamilyName),
                Locale = Value(locale, profile.Locale),
                Email = Value(email, profile.Email),
                // Another address is nobody's until that was shown.
                EmailVerified = parse.GetValue(verified) ?? (profile.EmailVerified && Value(email, profile.Email) == profile.Email),
                Groups = parse.GetValue(groups) is { Length: > 0 } all ? [.. all.Where(one => one.Length > 0).Distinct()] : profile.Groups,
            };
            var (author, _) = context.Act();
            var row = new RowEdit<Profile> { Row = changed, Restore = (one, _) => one };
            var judged = await edits.SaveAsync(row, author, context.Now, cancel);
            return await Texts.EditedAsync(context, profile.Username, judged, author, cancel);

            string? Value(Option<string?> option, string? before) => parse.GetValue(option) switch
            {
                null => before,
                "" => null,
                var text => text,
            };
        });
    }

    public static CliCommand Roles()
    {
        var who = new Argument<string>("NAME") { Description = "The name used to sign in, lower case" };
        var client = new Option<string?>("--client") { HelpName = "CLIENT_ID", Description = "The app" };
        var add = Several("--add", "A role to add; may be repeated");
        var remove = Several("--remove", "A role to take away; may be repeated");
        return CliCommand.On("roles", "List or change the roles of a user in an app, which its id_tokens and userinfo name",
            "oauth-server users roles alice\noauth-server users roles alice --client web-app --add editor", [who, client, add, remove],
            async (parse, context, cancel) =>
        {
            var edits = new ProfileEdits(context.Database);
            if (await FindAsync(context, edits, parse.GetRequiredValue(who), cancel) is not { } profile)
                return UserCommands.Unknown(context, parse.GetRequiredValue(who));
            var (added, removed) = (parse.GetValue(add) ?? [], parse.GetValue(remove) ?? []);
            if (added.Length + removed.Length > 0)
            {
                if (parse.GetValue(client) is not { } app)
                    return context.Output.Refuse("Roles are of one app", "Name it: --client CLIENT_ID");
                var (author, _) = context.Act();
                var judged = await edits.ChangeRolesAsync(app, profile.Subject, added, removed, author, cancel);
                if (judged.Refusals.Count > 0) return context.Output.Refuse(judged.Refusals);
            }

            var roles = await edits.RolesAsync(profile.Subject, cancel);
            if (parse.GetValue(client) is { } only) roles.RemoveAll(role => role.ClientId != only);
            return context.Output.Done(new { profile.Username, roles }, roles.Count == 0
                ? $"{profile.Username} has no roles{(parse.GetValue(client) is { } one ? $" in {one}" : "")}."
                : Words.Table(["CLIENT", "ROLE"], roles.Select(role => new[] { role.ClientId, role.Role })));
        });
    }

    /// <summary>What is known of the person with this name, or null.</summary>
    public static async Task<Profile?> FindAsync(CommandContext context, ProfileEdits edits, string name, CancellationToken cancel) =>
        await context.Users.FindAsync(name, cancel) is { } user ? await edits.FindAsync(user.Subject, cancel) : null;

    private static Option<string?> Text(string option, string description) => new(option) { HelpName = "TEXT", Description = description };

    private static Option<string[]?> Several(string option, string description) =>
        new(option) { HelpName = "ROLE", Description = description };
}
