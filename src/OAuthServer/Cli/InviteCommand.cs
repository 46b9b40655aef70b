using System.CommandLine;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Cli;

/// <summary>clients invite: an initial access token (RFC 7591 §3), shown once and stored as a hash.</summary>
internal static class InviteCommand
{
    public static CliCommand Make()
    {
        var uses = Number("--uses", "N", "How many registrations it allows, 1 to 10000", 1, 10_000);
        var days = Number("--expires-in-days", "DAYS", "Refused after this many days, 1 to 365", 7, 365);
        var kind =
            new Option<string>("--kind")
            {
                Description = "machine: for client_credentials only; any: for every client",
                DefaultValueFactory = _ => "any"
            };
        kind.AcceptOnlyFromAmong("machine", "any");
        var label =
            new Option<string>("--label")
            {
                HelpName = "TEXT",
                Description = "For operators, and in the audit log",
                DefaultValueFactory = _ => ""
            };
        return CliCommand.On("invite", "Create a token that allows registering a client at /register",
            "oauth-server clients invite --kind machine --label \"reports team\"", [uses, days, kind, label],
            async (parse, context, cancel) =>
        {
            if (context.Settings.Registration == "off")
                return context.Output.Refuse("Registration is off (OAuth__Registration)",
                    "Set it to open or token, or use: oauth-server clients add");

            var (token, now) = (OpaqueToken.Mint(), context.Now);
            var (number, expires) = (parse.GetValue(uses), now.AddDays(parse.GetValue(days)));
            var id = await new InvitationStore(context.Database)
                .AddAsync(OpaqueToken.Hash(token), parse.GetValue(kind)!, parse.GetValue(label)!, number, expires, CommandContext.Actor,
                    now, cancel);
            var curl =
                $"curl -s {context.Settings.Issuer}{Paths.Register} -H \"Authorization: Bearer {token}\" -H \"Content-Type: "
                    + $"application/json\" -d '{{\"client_name\":\"Report agent\",\"grant_types\":[\"client_credentials\"]}}'";
            return context.Output.Done(
                new { id, initial_access_token = token, kind = parse.GetValue(kind), uses = number, expires_at = expires, curl },
                $"Invitation {id} allows {(number == 1 ? "one registration" : $"{number} registrations")}, "
                    + $"until {Words.At(expires)}. Its token, shown only now:\n\n  {token}\n\nUse it:\n\n  {curl}");
        });
    }

    private static Option<int> Number(string name, string value, string description, int usual, int most)
    {
        var option = new Option<int>(name) { HelpName = value, Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && (number < 1 || number > most))
                result.AddError($"{name}: write 1 to {most}");
        });
        return option;
    }
}
