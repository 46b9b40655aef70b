using System.CommandLine;
using OAuthServer.Keys;
using OAuthServer.Mail;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Cli;

/// <summary>users invite and users reset-password: one-time links, each shown once or mailed and never shown.</summary>
internal static class AccountLinkCommands
{
    private static readonly string[] Roles = ["user", "admin"];

    public static CliCommand Invite()
    {
        var name = new Argument<string>("NAME") { Description = "The name they will sign in with, lower case" };
        var role = new Option<string>("--role") { Description = "The role they will have", DefaultValueFactory = _ => "user" };
        role.AcceptOnlyFromAmong(Roles);
        var email = Text("--email", "ADDRESS", "Their e-mail address; verified only if the link is mailed to it");
        var provider = Text("--provider", "ID", "The sign-in provider they accept it with; without, they choose a password");
        var locale = Text("--locale", "TAG", "Their language, such as en or ar");
        var mail = Mail("Mail the link to the address, and do not show it");
        return CliCommand.On("invite", "Invite a user: makes a link, shown once, by which they create their account",
            "oauth-server users invite ada --email ada@example.com\noauth-server users invite ada --email ada@example.com --mail",
            [name, role, email, provider, locale, mail], async (parse, context, cancel) =>
        {
            var (username, to) = (parse.GetRequiredValue(name), parse.GetValue(email));
            if (await context.Users.FindAsync(username, cancel) is not null)
                return context.Output.Refuse($"There is a user {username} already",
                    $"For a link to a new password: oauth-server users reset-password {username}");
            if (parse.GetValue(mail) && to is null) return context.Output.Refuse("There is no address to mail it to", "Name it: --email");
            return await MakeAsync(context, parse.GetValue(mail), to, username, new NewAccountLink
            {
                Kind = AccountLinks.Invitation,
                Username = username,
                Role = parse.GetValue(role),
                Email = to,
                Provider = parse.GetValue(provider),
                Locale = parse.GetValue(locale),
                Mailed = parse.GetValue(mail),
            });
        }, withKey: true);
    }

    public static CliCommand ResetPassword()
    {
        var name = new Argument<string>("NAME") { Description = "The name used to sign in, lower case" };
        var mail = Mail("Mail the link to their verified address, and do not show it");
        return CliCommand.On("reset-password", "Make a link, shown once, by which a user chooses a new password",
            "oauth-server users reset-password alice\noauth-server users reset-password alice --mail", [name, mail],
            async (parse, context, cancel) =>
        {
            var username = parse.GetRequiredValue(name);
            if (await context.Users.FindAsync(username, cancel) is not { } user) return UserCommands.Unknown(context, username);
            string? to = null;
            if (parse.GetValue(mail))
            {
                if (await new OutboxStore(context.Database).FindAsync(user.Subject, cancel) is not { } person)
                    return context.Output.Refuse($"{username} is disabled, or has no verified address");
                to = person.Email;
            }

            return await MakeAsync(context, parse.GetValue(mail), to, username,
                new NewAccountLink { Kind = AccountLinks.Reset, Subject = user.Subject, Mailed = parse.GetValue(mail) });
        }, withKey: true);
    }

    private static async Task<int> MakeAsync(CommandContext context, bool mailed, string? to, string username, NewAccountLink link)
    {
        if (mailed && !context.Settings.HasMail)
            return context.Output.Refuse(
                "This server sends no mail (OAuth__SmtpHost)", "Leave --mail out, and hand the link over yourself");
        var (author, at) = context.Act();
        string? token = null;
        if (await Edit.TryAsync(async () =>
                token = await AccountLinks.MakeAsync(new AccountLinkStore(context.Database), link, author, at)) is { } refusal)
            return context.Output.Refuse(refusal.Message, refusal.Hint);
        if (token is null) return context.Output.Refuse($"{username} is disabled", $"First: oauth-server users enable {username}");
        var (url, until) = (AccountLinks.UrlOf(token, context.Settings), at + AccountLinks.LifeOf(link.Kind));
        if (mailed)
        {
            using var outbox = new Outbox(new OutboxStore(context.Database), new KeyEncryption(context.Settings), context.Settings);
            await outbox.AddAsync(new Letter
            {
                Kind = link.Kind == AccountLinks.Invitation ? LetterKind.Invitation : LetterKind.Reset,
                Subject = link.Subject,
                To = to,
                Username = username,
                Url = url,
                Until = until,
                Locale = link.Locale,
            }, at);
        }

        var what = link.Kind == AccountLinks.Invitation ? $"{username} is invited" : $"{username} may choose a new password";
        return context.Output.Done(
            new { username, kind = link.Kind, link = mailed ? null : url, mailed, expires_at = until },
            mailed ? $"{what}, until {Words.At(until)}. The link is on its way to {to}."
                : $"{what}, once, until {Words.At(until)}. The link, shown only now:\n\n  {url}");
    }

    private static Option<string?> Text(string option, string value, string description) =>
        new(option) { HelpName = value, Description = description };

    private static Option<bool> Mail(string description) => new("--mail") { Description = description };
}
