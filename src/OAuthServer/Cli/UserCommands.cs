using System.CommandLine;
using OAuthServer.Factors;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Cli;

/// <summary>users: the people who sign in. Passwords are typed or piped in, never arguments: those are everybody's to read.</summary>
internal static class UserCommands
{
    public static CliCommand Make() => CliCommand.Family("users", "Manage users", "oauth-server users list",
        Add(), AccountLinkCommands.Invite(), AccountLinkCommands.ResetPassword(), Passwd(), Role(),
        ProfileCommands.Edit(), ProfileCommands.Roles(), FactorCommands.Reset(), FactorCommands.Require(), LinkCommands.Link(),
        LinkCommands.Unlink(),
        UserLists.Enable("disable", false, "Disable users: end all their sessions and grants, and refuse new ones"),
        UserLists.Enable("enable", true, "Allow disabled users to sign in again"),
        UserDeletion.Delete(), UserDeletion.Release(),
        UserLists.List(),
        UserLists.Show());

    /// <summary>The refusal for a name that is nobody's.</summary>
    public static int Unknown(CommandContext context, string name) => context.Output.Refuse(
        $"There is no user {name}", "See: oauth-server users list");

    private static Argument<string> Name() => new("NAME") { Description = "The name used to sign in, lower case" };

    private static Option<bool> FromStdin() =>
        new("--password-stdin") { Description = "Read the password from standard input: one line, UTF-8" };

    private static CliCommand Add()
    {
        var (name, stdin) = (Name(), FromStdin());
        var role = new Option<string>("--role") { Description = "The role", DefaultValueFactory = _ => "user" };
        role.AcceptOnlyFromAmong("user", "admin");
        return CliCommand.On("add", "Add a user; asks for the password", "oauth-server users add olivia --role admin", [name, role, stdin],
            async (parse, context, cancel) =>
        {
            var username = parse.GetRequiredValue(name);
            if (await context.Users.FindAsync(username, cancel) is not null) return Taken(context, username);
            var mustHaveTwo = new SecondFactorRule(context.Settings).GuardsEverySignIn(false);
            if (Password(context, [username], mustHaveTwo, parse.GetValue(stdin), out var problem) is not { } password)
                return context.Output.Refuse(problem!);
            return await context.Users.AddAsync(username, context.Hash(password), parse.GetValue(role)!, CommandContext.Actor, cancel)
                is { } subject
                ? context.Output.Done(new { username, subject, role = parse.GetValue(role) },
                    $"{username} is added, with subject {subject}.")
                : Taken(context, username);
        });
    }

    private static CliCommand Passwd()
    {
        var (name, stdin, yes) = (Name(), FromStdin(), Affected.Yes());
        return CliCommand.On("passwd", "Set a user's password; ends all sessions and grants",
            "oauth-server users passwd alice\noauth-server users passwd alice --password-stdin --yes < FILE",
            [name, stdin, yes], async (parse, context, cancel) =>
        {
            var username = parse.GetRequiredValue(name);
            if (await context.Users.FindAsync(username, cancel) is not { } known
                || await context.Users.UserAsync(known.Subject, context.Now, cancel) is not { } user) return Unknown(context, username);
            var affected = $"Live grants that end: {user.LiveGrants}, and all sessions.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Set a new password for {username}", affected) is { } refused)
                return refused;
            var profile = await new ProfileEdits(context.Database).FindAsync(known.Subject, cancel);
            var mustHaveTwo = await new FactorStore(context.Database).FindAsync(known.Subject, cancel) is { } has
                && new SecondFactorRule(context.Settings).GuardsEverySignIn(has);
            if (Password(context, profile?.Words ?? [username], mustHaveTwo, parse.GetValue(stdin), out var problem) is not { } password)
                return context.Output.Refuse(problem!);
            return await context.Users.PasswordAsync(username, context.Hash(password), CommandContext.Actor, cancel)
                ? context.Output.Done(new { username }, $"{username} has a new password; all sessions and grants have ended.")
                : Unknown(context, username);
        });
    }

    private static CliCommand Role()
    {
        var name = Name();
        var role = new Argument<string>("ROLE") { Description = "user or admin" };
        role.AcceptOnlyFromAmong("user", "admin");
        return CliCommand.On("role", "Set the role of a user", "oauth-server users role olivia admin", [name, role],
            async (parse, context, cancel) =>
        {
            var (username, wanted) = (parse.GetRequiredValue(name), parse.GetRequiredValue(role));
            if (await context.Users.FindAsync(username, cancel) is not { } user) return Unknown(context, username);
            var changed = user.Role != wanted;
            if (changed && await ChangeAsync(context, user.Subject, username, change => change with { Role = wanted }, cancel)
                is { } refused) return refused;
            return context.Output.Done(new { username, role = wanted, changed },
                $"{username} is {(changed ? "" : "already ")}{(wanted == "admin" ? "an administrator" : "a user")}.");
        });
    }

    // Null: done. The rule is the statement's, the same as the administration's pages have.
    public static async Task<int?> ChangeAsync(
        CommandContext context, Guid subject, string username, Func<UserChange, UserChange> change, CancellationToken cancel) =>
        await context.Users.ChangeAsync(change(new UserChange { Subject = subject, Version = null }), CommandContext.Actor,
            cancel) switch
        {
            UserOutcome.Done => null,
            UserOutcome.LastAdministrator => context.Output.Refuse(
                $"{username} is the last enabled administrator: nobody could enter the administration any more",
                "It stays as it is. Make another one first: oauth-server users role NAME admin"),
            _ => Unknown(context, username),
        };

    private static int Taken(CommandContext context, string name) =>
        context.Output.Refuse($"A user {name} already exists", $"For a new password: oauth-server users passwd {name}");

    private static string? Password(
        CommandContext context, IEnumerable<string?> about, bool hasSecondFactor, bool stdin, out string? problem)
    {
        problem = null;
        var password = stdin ? Stdin.Line(Console.OpenStandardInput(), out problem) : null;
        if (problem is not null) return null;
        if (password is null && Console.IsInputRedirected)
        {
            problem = "There is no terminal to ask for the password on. Pipe it in: … --password-stdin < FILE";
            return null;
        }

        password ??= Terminal.Ask("Password: ");
        var rules = new PasswordRules(context.Settings, new BreachedPasswords(context.Settings));
        problem = rules.FlawOf(password, about, null, hasSecondFactor) switch
        {
            null => !stdin && Terminal.Ask("Again: ") != password ? "The two passwords differ. Nothing was done" : null,
            { Problem: PasswordProblem.TooShort, Number: var least } => $"A password has at least {least} characters",
            { Problem: PasswordProblem.TooLong, Number: var octets } =>
                $"A password has at most 72 bytes; this has {octets} (umlauts count double, emoji fourfold)",
            { Problem: PasswordProblem.HasNul } => "A password has no NUL",
            { Problem: PasswordProblem.IsAboutThem } =>
                "A password is not made of the user's name or address, or of this server's name",
            _ => "This password is known from a leak. Choose another",
        };
        return problem is null ? password : null;
    }
}
