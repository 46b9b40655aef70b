using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>users list, show, disable and enable.</summary>
internal static class UserLists
{
    private const int MostShown = 20;

    public static CliCommand List()
    {
        var page = new ListOptions("NAME");
        var search = new Option<string?>("--search") { HelpName = "TEXT", Description = "Only with this in the name" };
        var role = new Option<string?>("--role") { Description = "Only this role" };
        role.AcceptOnlyFromAmong("user", "admin");
        var state = new Option<string?>("--state") { Description = "Only enabled or disabled ones" };
        state.AcceptOnlyFromAmong("enabled", "disabled");
        return CliCommand.On("list", "List users by name", "oauth-server users list --role admin", page.Behind(search, role, state),
            async (parse, context, cancel) =>
        {
            var wanted = new UserSearch
            {
                Text = parse.GetValue(search)?.Trim() ?? "",
                Role = parse.GetValue(role),
                Enabled = RowState.Read(parse.GetValue(state)),
            };
            var found = await context.UserQueries.ListAsync(
                wanted, new Cursor(page.After(parse), null), page.Length(parse), context.Now, cancel);
            var next = found.HasNext ? found.Rows[^1].Username : null;
            var isMore = found.Total > found.Most;
            return context.Output.Done(
                new { users = found.Rows, total = isMore ? found.Most : found.Total, total_is_more = isMore, next },
                found.Rows.Count > 0 ? Table(found.Rows) + ListOptions.Foot(Words.Total(found.Total, found.Most), next)
                : wanted is { Text: "", Role: null, Enabled: null } && page.After(parse) is null
                    ? "There are no users yet. Add one: oauth-server users add --help" : "No results.");
        });
    }

    public static CliCommand Show()
    {
        var name = new Argument<string>("NAME") { Description = "The name, or the subject" };
        return CliCommand.On("show", "Show a user with grants and sessions", "oauth-server users show alice", [name],
            async (parse, context, cancel) =>
        {
            var now = context.Now;
            if (await context.PersonAsync(parse.GetRequiredValue(name), cancel) is not { } known
                || await context.Users.UserAsync(known.Subject, now, cancel) is not { } user)
                return UserCommands.Unknown(context, parse.GetRequiredValue(name));
            var grants = await context.Grants.ListAsync(
                new GrantSearch { Subject = user.Subject }, new Cursor(null, null), MostShown, now, cancel);
            var sessions = await context.Sessions.ListAsync(
                user.Subject, null, MostShown, now.AddSeconds(-context.Settings.SessionIdleSeconds), now, cancel);
            var text = Words.Properties(
                ("user", user.Username),
                ("subject", $"{user.Subject}"),
                ("role", user.Role),
                ("state", RowState.Of(user.Enabled)),
                ("created", Words.At(user.CreatedAt)),
                ("last sign-in", Words.At(user.LastSignIn) ?? "none recorded"),
                ("live grants", $"{user.LiveGrants}"),
                ("sessions", sessions.Count < MostShown ? $"{sessions.Count}" : $"{MostShown} or more"));
            if (grants.Rows.Count > 0) text += "\n\n" + GrantCommands.Table(grants.Rows);
            if (grants.HasNext) text += $"\n\nAll of them: oauth-server grants list --user {user.Username}";
            if (sessions.Count > 0) text += "\n\n" + SessionCommands.Table(sessions);
            if (sessions.Count == MostShown) text += $"\n\nAll of them: oauth-server sessions list --user {user.Username}";
            return context.Output.Done(new { user, grants = grants.Rows, sessions = SessionCommands.Json(sessions) }, text);
        });
    }

    public static CliCommand Enable(string verb, bool enabled, string description)
    {
        var names = new Argument<string[]>("NAME") { Description = "The names used to sign in", Arity = ArgumentArity.OneOrMore };
        var yes = Affected.Yes();
        var one = enabled ? "mallory" : "mallory --yes";
        return CliCommand.On(verb, description, $"oauth-server users {verb} {one}\noauth-server users {verb} mallory trudy --yes",
            [names, yes], async (parse, context, cancel) =>
        {
            var (people, now) = (new List<UserOverview>(), context.Now);
            foreach (var name in parse.GetRequiredValue(names).Distinct())
                if (await context.Users.FindAsync(name, cancel) is { } known
                    && await context.Users.UserAsync(known.Subject, now, cancel) is { } person) people.Add(person);
                else return UserCommands.Unknown(context, name);
            var affected = $"Users: {people.Count}, with live grants: {people.Sum(person => person.LiveGrants)}.";
            // Grants and sessions that end are not given back by enabling a user again.
            var isFinal = !enabled && people.Exists(person => person.Enabled);
            if ((isFinal || people.Count > 1)
                && Affected.Refusal(context, parse.GetValue(yes), $"{(enabled ? "Enable" : "Disable")} {Whom(people)}", affected)
                    is { } refused)
                return refused;
            return await SetAsync(context, people, enabled, cancel);
        });
    }

    private static string Whom(List<UserOverview> people) => people is [var only] ? only.Username : "them";

    private static async Task<int> SetAsync(
        CommandContext context, List<UserOverview> people, bool enabled, CancellationToken cancel)
    {
        // Whom a rule keeps as they are is named, and keeps no other from being changed.
        var (said, changed, exitCode) = (new List<string>(), new List<string>(), 0);
        foreach (var person in people)
        {
            if (person.Enabled == enabled) said.Add($"{person.Username} is already {RowState.Of(enabled)}.");
            else if (await UserCommands.ChangeAsync(context, person.Subject, person.Username, change => change with { Enabled = enabled },
                cancel) is { } refused) exitCode = refused;
            else
            {
                changed.Add(person.Username);
                said.Add(enabled ? $"{person.Username} may sign in again."
                    : $"{person.Username} is disabled; all sessions and grants have ended.");
            }
        }

        if (said.Count == 0) return exitCode;
        return context.Output.Done(
            people is [var only] ? (object)new { only.Username, enabled, changed = changed.Count == 1 }
                : new { usernames = people.Select(person => person.Username), enabled, changed },
            string.Join('\n', said), exitCode);
    }

    private static string Table(IReadOnlyList<UserOverview> users) =>
        Words.Table(["NAME", "ROLE", "STATE", "CREATED", "GRANTS", "LAST SIGN-IN", "SUBJECT"], users.Select(user => new[]
        {
            user.Username, user.Role, RowState.Of(user.Enabled), Words.At(user.CreatedAt), $"{user.LiveGrants}",
                Words.At(user.LastSignIn), $"{user.Subject}",
        }));
}
