using System.CommandLine;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>users delete and users release: an account goes, its name stays reserved until it is released.</summary>
internal static class UserDeletion
{
    public static CliCommand Delete()
    {
        var (name, yes) = (new Argument<string>("NAME") { Description = "The name used to sign in, lower case" }, Affected.Yes());
        return CliCommand.On("delete", "Delete a user with all grants and sessions; the name stays reserved",
            "oauth-server users delete mallory --yes", [name, yes], async (parse, context, cancel) =>
        {
            var username = parse.GetRequiredValue(name);
            if (await context.Users.FindAsync(username, cancel) is not { } known
                || await context.Users.UserAsync(known.Subject, context.Now, cancel) is not { } user)
                return UserCommands.Unknown(context, username);
            if (Affected.Refusal(context, parse.GetValue(yes), $"Delete {username} for good",
                    $"Live grants that end: {user.LiveGrants}, and all sessions. It cannot be undone.") is { } refused)
                return refused;
            var (author, _) = context.Act();
            var deleted = false;
            if (await Edit.TryAsync(async () => deleted = await context.Users.DeleteAsync(user.Subject, author)) is { } refusal)
                return context.Output.Refuse(refusal.Message, refusal.Hint);
            return deleted
                ? context.Output.Done(new { username, subject = user.Subject },
                    $"{username} is deleted. The name stays reserved: oauth-server users release {username} gives it free.")
                : UserCommands.Unknown(context, username);
        });
    }

    public static CliCommand Release()
    {
        var name = new Argument<string>("NAME") { Description = "The user name of an account that was deleted" };
        return CliCommand.On("release", "Give the name of a deleted user free again", "oauth-server users release mallory", [name],
            async (parse, context, _) =>
        {
            var username = parse.GetRequiredValue(name);
            var (author, at) = context.Act();
            return await context.Users.ReleaseAsync(username, author, at)
                ? context.Output.Done(new { username }, $"{username} may be a user name again.")
                : context.Output.Refuse($"The name {username} is not reserved");
        });
    }
}
