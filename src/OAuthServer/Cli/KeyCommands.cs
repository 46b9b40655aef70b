using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthServer.Keys;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>keys: what signs tokens, one key for each algorithm. Running servers notice within a moment.</summary>
internal static class KeyCommands
{
    public static CliCommand Make() => CliCommand.Family("keys", "Manage signing keys", "oauth-server keys list",
        CliCommand.On("list", "List all signing keys and their states", "oauth-server keys list", [], ListAsync),
        Rotate(),
        CliCommand.On("reseal",
            "Seal all keys under OAuth__KeyEncryptionKey, those too that only OAuth__SecondKeyEncryptionKey opens; servers may run",
            "oauth-server keys reseal", [], ResealAsync, withKey: true),
        Pem(), Retire());

    private static async Task<int> ListAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var (rows, now) = (await new SigningKeyStore(context.Database).ListAsync(cancel), context.Now);
        var keys = rows.Select(row => new
        {
            row.Kid,
            row.Alg,
            State = StateOf(row, rows, now),
            row.SignsFrom,
            PublishedSince = row.CreatedAt,
            GoneAt = row.RetiredAt ?? KeyLine.GoneAt(row, rows),
        }).ToArray();
        return context.Output.Done(new { keys }, keys.Length == 0
            ? "There are no keys yet; the first server to start creates one."
            : Words.Table(["KEY", "ALG", "STATE", "SIGNS FROM", "PUBLISHED SINCE", "REMOVED"], keys.Select(key => new[]
            {
                key.Kid, key.Alg, key.State, Words.At(key.SignsFrom), Words.At(key.PublishedSince), Words.At(key.GoneAt),
            })));
    }

    private static string StateOf(SigningKeyRow row, List<SigningKeyRow> rows, DateTimeOffset now) => row switch
    {
        { RetiredAt: not null } => "revoked",
        { IsForHints: true } => "kept for hints",
        _ => KeyLine.StateOf(row, rows, now)?.ToString().ToLowerInvariant() ?? "removed",
    };

    private static CliCommand Rotate()
    {
        var alg = Algorithm("the one that access tokens have");
        return CliCommand.On("rotate", "Create the next key; it signs when verifiers have had time to fetch it", "oauth-server keys rotate",
            [alg],
            (parse, context, cancel) => RotateAsync(parse.GetValue(alg) ?? context.Settings.Algorithm, context, cancel), withKey: true);
    }

    private static Option<string?> Algorithm(string otherwise)
    {
        var alg = new Option<string?>("--alg") { HelpName = "ES256|RS256", Description = $"The key's algorithm; default: {otherwise}" };
        alg.AcceptOnlyFromAmong("ES256", "RS256");
        return alg;
    }

    private static async Task<int> RotateAsync(string alg, CommandContext context, CancellationToken cancel)
    {
        if (!context.Settings.SigningAlgorithms.Contains(alg))
            return context.Output.Refuse($"No {alg} keys are made: OAuth__OpenId is false", "No key was created.");
        await using var signed = await Edit.SignedAsync(context.Settings.Database, CommandContext.Actor, cancel);
        var store = new SigningKeyStore(signed);
        if (await OpenAsync(context, store, cancel) is not { } ring) return WrongKey(context);
        if (await ring.RotateAsync(alg, null, cancel) is { } made)
        {
            var wait = made.SignsFrom - made.CreatedAt;
            return context.Output.Done(new { made.Kid, made.Alg, made.SignsFrom },
                $"{made.Kid} ({made.Alg}) is created and published. It signs "
                + (wait <= TimeSpan.Zero ? "now."
                    : $"from {Words.At(made.SignsFrom)} on, in {Span(wait)}; until then nothing changes for anybody."));
        }

        var (rows, now) = (await store.ListAsync(cancel), context.Now);
        var pending = rows.FirstOrDefault(row => row.Alg == alg && row.RetiredAt is null && row.SignsFrom > now);
        return context.Output.Refuse(pending is null ? "Another rotation happened at the same time"
            : $"A key is already pending: {pending.Kid} signs from {Words.At(pending.SignsFrom)} on", "No key was created.");
    }

    private static async Task<int> ResealAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        await using var signed = await Edit.SignedAsync(context.Settings.Database, CommandContext.Actor, cancel);
        var resealing =
            new Resealing(new SigningKeyStore(signed), new DataProtectionKeyStore(signed), new FactorStore(signed),
                new OutboxStore(signed), new KeyEncryption(context.Settings));
        var (signing, cookies) = (await resealing.SigningKeysAsync(cancel), await resealing.DataProtectionKeysAsync(cancel));
        var (apps, mails) = (await resealing.SecretsAsync(cancel), await resealing.MailAsync(cancel));
        var providers = await ProviderResealing.RunAsync(signed, new KeyEncryption(context.Settings), cancel);
        string[] unreadable = [.. signing.Unreadable, .. cookies.Unreadable, .. apps.Unreadable, .. providers.Unreadable,
            .. mails.Unreadable];
        var left = signing.Left + cookies.Left + apps.Left + providers.Left + mails.Left;
        var changed = signing.Done.Count + cookies.Done.Count + apps.Done.Count + providers.Done.Count + mails.Done.Count;
        if (unreadable.Length > 0 && changed + left == 0) return WrongKey(context);
        var done = $"Sealed under OAuth__KeyEncryptionKey now: {signing.Done.Count} signing keys, {cookies.Done.Count} keys of cookies and "
            + $"forms, {apps.Done.Count} secrets of authenticator apps, {providers.Done.Count} of providers, "
            + $"{mails.Done.Count} mails that wait; {left} were already.";
        if (unreadable.Length > 0)
            return context.Output.Refuse($"{done} Neither key opens {string.Join(", ", unreadable)}",
                "Set OAuth__SecondKeyEncryptionKey to the key they were sealed with, and run this again; until then they are skipped.");
        var counts = new
        {
            signing_keys = signing.Done,
            data_protection_keys = cookies.Done,
            authenticator_apps = apps.Done.Count,
            provider_secrets = providers.Done,
            mails = mails.Done.Count,
            left,
        };
        return context.Output.Done(counts,
            context.Settings.SecondKeyEncryptionKey.Length == 0 ? done
                : $"{done} Once every server has this OAuth__KeyEncryptionKey, OAuth__SecondKeyEncryptionKey can be removed.");
    }

    private static string Span(TimeSpan wait) => wait.TotalHours < 2 ? $"{wait.TotalMinutes:0} minutes" : $"{wait.TotalHours:0} hours";

    private static CliCommand Pem()
    {
        var kid = new Argument<string>("KID|active") { Description = "A key's id, or active for the one that signs now" };
        var alg = Algorithm("of active, the one that access tokens have");
        return CliCommand.On("pem", "A public key in PEM, for openssl",
            "oauth-server keys pem active > key.pem\nopenssl dgst -sha256 -verify key.pem -signature signature.der signing-input",
            [kid, alg], async (parse, context, cancel) =>
        {
            var (rows, now, name) =
                (await new SigningKeyStore(context.Database).ListAsync(cancel), context.Now, parse.GetRequiredValue(kid));
            var key = rows.FirstOrDefault(row => row.Kid == name
                || (name == "active" && row.Alg == (parse.GetValue(alg) ?? context.Settings.Algorithm)
                    && KeyLine.StateOf(row, rows, now) == SigningKeyState.Active));
            return key is null
                ? Unknown(context, name)
                : context.Output.Done(new { key.Kid, key.Alg, Pem = SigningKey.Pem(key) }, SigningKey.Pem(key));
        });
    }

    private static CliCommand Retire()
    {
        var kid = new Argument<string>("KID") { Description = "A key's id" };
        var atOnce = new Option<bool>("--now", "--yes") { Description = "Do it without asking: every token it signed is refused" };
        return CliCommand.On("retire", "Revoke a compromised key: it is removed from the JWKS at once, and its tokens are refused",
            "oauth-server keys retire KID --now", [kid, atOnce], async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(kid);
            await using var signed = await Edit.SignedAsync(context.Settings.Database, CommandContext.Actor, cancel);
            var store = new SigningKeyStore(signed);
            if ((await store.ListAsync(cancel)).Find(row => row.Kid == name && row.RetiredAt is null) is not { } key)
                return Unknown(context, name);
            if (Affected.Refusal(context, parse.GetValue(atOnce), $"Remove {name} from the JWKS at once",
                "Every token it signed is refused. That is for a compromised key (--now); any other retires by itself once its last "
                    + "token has expired: oauth-server keys rotate.") is { } refused) return refused;

            if (await OpenAsync(context, store, cancel) is not { } ring) return WrongKey(context);
            if (!await ring.RetireNowAsync(name, cancel)) return Unknown(context, name);
            var next = ring.ActiveOf(key.Alg)?.Kid;
            return context.Output.Done(new { kid = name, signs_now = next },
                $"{name} is revoked: its tokens are refused. {(next is null ? $"No {key.Alg} key signs" : $"{next} signs")} from now on.");
        }, withKey: true);
    }

    private static int Unknown(CommandContext context, string name) => context.Output.Refuse(
        $"There is no key {name}", "See: oauth-server keys list");

    private static int WrongKey(CommandContext context) =>
        context.Output.Refuse("OAuth__KeyEncryptionKey does not open the keys in this database",
            "Set the one they were sealed with. Nothing was done.");

    // Tried before anything is written: under another key-encryption key nothing may be made or changed. One bad row among good ones
    // is no reason to refuse; it is what retire is for.
    private static async Task<KeyRing?> OpenAsync(CommandContext context, SigningKeyStore store, CancellationToken cancel)
    {
        var encryption = new KeyEncryption(context.Settings);
        var rows = (await store.ListAsync(cancel)).FindAll(row => row is { RetiredAt: null, IsForHints: false });
        return rows.Count > 0 && rows.TrueForAll(row => SigningKey.TryOpen(row, encryption) is null)
            ? null
            : new KeyRing(store, encryption, context.Unreadable, context.Settings, TimeProvider.System, NullLogger<KeyRing>.Instance);
    }
}
