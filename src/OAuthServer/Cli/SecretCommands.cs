using System.CommandLine;
using OAuthServer.Clients;
using OAuthServer.Keys;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Cli;

/// <summary>clients secret: at most two unrevoked per client, so that one can be rotated while the other works.</summary>
internal static class SecretCommands
{
    public static CliCommand Make() =>
        CliCommand.Family("secret", "Rotate a client's secret: add a new one, switch to it, revoke the old one",
            "oauth-server clients secret add nightly-etl --label 2027", Add(), Revoke());

    /// <summary>The only time anybody sees the secret.</summary>
    public static string Once(string secret, string curl) => $"Its secret, shown only now:\n\n  {secret}\n\nUse it:\n\n  {curl}";

    private static CliCommand Add()
    {
        var id = ClientCommands.Id();
        var label =
            new Option<string>("--label") { HelpName = "TEXT", Description = "To tell secrets apart", DefaultValueFactory = _ => "" };
        var days =
            new Option<int?>("--expires-in-days")
            {
                HelpName = "DAYS",
                Description = "Refused after this many days, 1 to 3650; default: never"
            };
        days.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && number is < 1 or > 3650)
                result.AddError("--expires-in-days: write 1 to 3650");
        });
        return CliCommand.On("add", "Add a secret to a client, shown once",
            "oauth-server clients secret add nightly-etl --label 2027 --expires-in-days 400", [id, label, days],
            async (parse, context, cancel) =>
        {
            if (await context.Clients.FindAsync(parse.GetRequiredValue(id), cancel) is not { } client)
                return ClientCommands.Unknown(context, parse.GetRequiredValue(id));
            var (secret, now) = (SecretHash.NewSecret(), context.Now);
            var stored = new NewSecret
            {
                ClientId = client.ClientId,
                Hash = context.Hash(secret),
                Label = parse.GetValue(label)!,
                NotBefore = now,
                ExpiresAt = parse.GetValue(days) is { } life ? now.AddDays(life) : null,
            };
            var number = await context.Clients.AddSecretAsync(stored, CommandContext.Actor, cancel);
            var curl = CurlLine.Of(context.Settings, client.Kind, client.AuthMethod, client.GrantTypes, client.ClientId, secret);
            return context.Output.Done(
                new { client_id = client.ClientId, id = number, client_secret = secret, expires_at = stored.ExpiresAt, curl },
                $"{client.ClientId} has secret {number}{(stored.ExpiresAt is { } end
                    ? $", until {Words.At(end)}" : "")}. {Once(secret, curl)}");
        });
    }

    private static CliCommand Revoke()
    {
        var id = new Argument<long>("SECRET_ID") { Description = "The number that clients show and clients secret add print" };
        var yes = Affected.Yes();
        return CliCommand.On("revoke", "Revoke a secret permanently", "oauth-server clients secret revoke 7 --yes", [id, yes],
            async (parse, context, cancel) =>
        {
            var number = parse.GetRequiredValue(id);
            if (await context.Clients.SecretAsync(number, cancel) is not { } secret)
                return context.Output.Refuse($"There is no secret {number}", "See: oauth-server clients show CLIENT_ID");
            if (secret.RevokedAt is not null) return Revoked(context, secret);
            var left = await LeftAsync(context, secret, cancel);
            var affected = $"It is of {secret.ClientId}, last used: {Words.At(secret.LastUsedAt) ?? "never"}; "
                + $"other secrets that work: {left}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Revoke secret {number}", affected) is { } refused) return refused;
            if (await context.Clients.RevokeSecretAsync(number, context.Now, CommandContext.Actor, cancel) is not { } client)
                return Revoked(context, await context.Clients.SecretAsync(number, cancel) ?? secret);
            return context.Output.Done(new { client_id = client, id = number, secrets_left = left },
                $"Secret {number} of {client} is revoked. "
                    + (left == 0 ? $"It has no secret left: oauth-server clients secret add {client}" : "Its other secret still works."));
        });
    }

    private static int Revoked(CommandContext context, SecretSummary secret) =>
        context.Output.Refuse($"Secret {secret.Id} of {secret.ClientId} was revoked on {Words.At(secret.RevokedAt)}");

    // How many others of its client work.
    private static async Task<int> LeftAsync(CommandContext context, SecretSummary secret, CancellationToken cancel)
    {
        var now = context.Now;
        return (await context.Clients.SecretsAsync(secret.ClientId, cancel))
            .Count(other => other.Id != secret.Id && other.RevokedAt is null && !(other.ExpiresAt <= now));
    }
}
