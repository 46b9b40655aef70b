using System.CommandLine;
using OAuthServer.Keys;
using OAuthServer.Mail;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>users reset-factors and require-factor: the second factor of a person.</summary>
internal static class FactorCommands
{
    public static CliCommand Reset()
    {
        var (name, yes) = (Name(), Affected.Yes());
        return CliCommand.On("reset-factors",
            "Remove a user's passkeys, authenticator app and recovery codes, and sign the user out: for who lost them",
            "oauth-server users reset-factors alice --yes", [name, yes], async (parse, context, cancel) =>
        {
            var username = parse.GetRequiredValue(name);
            var factors = new FactorStore(context.Database);
            if (await context.Users.FindAsync(username, cancel) is not { } user
                || await factors.FindAsync(user.Subject, cancel) is not { } has) return UserCommands.Unknown(context, username);
            var affected = $"Passkeys: {has.Passkeys}, authenticator apps: {(has.HasCodes ? 1 : 0)}, recovery codes: {has.RecoveryCodes}, "
                + "and all sessions end.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Remove the second factors of {username}", affected) is { } refused)
                return refused;
            if (!has.HasAnotherWay)
                return context.Output.Refuse($"{username} has no password: nothing would be left to sign in with",
                    $"Set one first: oauth-server users passwd {username}");
            var (author, at) = context.Act();
            int? removed = null;
            if (await Edit.TryAsync(async () => removed = await factors.ResetAsync(username, author, at)) is { } kept)
                return context.Output.Refuse(kept.Message, kept.Hint);
            if (removed is null) return UserCommands.Unknown(context, username);
            using var outbox = new Outbox(new OutboxStore(context.Database), new KeyEncryption(context.Settings), context.Settings);
            await outbox.TellAsync(LetterKind.FactorsReset, user.Subject, null, at);
            return context.Output.Done(new { username, removed, request_id = author.RequestId },
                $"{username} has no second factor any more and is signed out everywhere. Grants of apps stay.");
        }, withKey: true);
    }

    public static CliCommand Require()
    {
        var name = Name();
        var off = new Option<bool>("--off") { Description = "Let the settings decide again" };
        return CliCommand.On("require-factor", "Require a second factor of a user, whatever OAuth__SecondFactor says",
            "oauth-server users require-factor alice", [name, off], async (parse, context, cancel) =>
        {
            var (username, required) = (parse.GetRequiredValue(name), !parse.GetValue(off));
            if (await context.Users.FindAsync(username, cancel) is null) return UserCommands.Unknown(context, username);
            await context.Users.RequireFactorAsync(username, required, CommandContext.Actor, cancel);
            return context.Output.Done(new { username, required }, required
                ? $"{username} signs in with a second factor from now on."
                : $"For {username} the settings decide about a second factor.");
        });
    }

    private static Argument<string> Name() => new("NAME") { Description = "The name used to sign in, lower case" };
}
