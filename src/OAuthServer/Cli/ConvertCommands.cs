using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using OAuthServer.Import;
using OAuthServer.Stores.Import;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>
/// convert: another server's export as the lines that import takes, on standard output; what is left out, on standard error.
/// </summary>
internal static class ConvertCommands
{
    public static CliCommand Make() => CliCommand.Family("convert", "Write another server's export as lines for import",
        "oauth-server convert keycloak realm.json … > earlier.jsonl", Keycloak(), OpenIddict());

    private static CliCommand Keycloak()
    {
        var file = new Argument<string>("REALM.json") { Description = "What kc.sh export --users realm_file wrote" };
        var options = new ConversionOptions();
        return CliCommand.Of("keycloak", "A realm of Keycloak: signing keys, clients with secrets, users with passwords",
            "oauth-server convert keycloak realm.json --issuer https://sso.example.com/realms/main --until 2027-01-31 "
                + "--resource https://api.example.com/ > earlier.jsonl",
            [file, .. options.All], async (parse, settings, output, cancel) =>
        {
            var name = parse.GetRequiredValue(file);
            if (!File.Exists(name)) return output.Refuse($"There is no file {name}", "Name the file that kc.sh export wrote.");
            return await WriteAsync(output, name, async () =>
            {
                await using var stream = File.OpenRead(name);
                using var realm = await JsonDocument.ParseAsync(stream, default, cancel);
                return [.. KeycloakRealm.Convert(realm.RootElement, options.Read(parse, settings.BcryptCost))];
            });
        }, withKey: false);
    }

    private static CliCommand OpenIddict()
    {
        var from = new Option<string>("--from")
        {
            Required = true,
            HelpName = "CONNECTION",
            Description = "Its PostgreSQL database, as Npgsql writes it; Search Path=… where its tables have a schema",
        };
        var jwks = new Option<string?>("--jwks") { HelpName = "FILE", Description = "Its JWK Set, as its /.well-known/jwks answers" };
        var options = new ConversionOptions();
        return CliCommand.Of("openiddict", "A database of OpenIddict: clients with secrets, users of ASP.NET Core Identity, refresh tokens",
            "oauth-server convert openiddict --from 'Host=…;Database=…' --jwks jwks.json --issuer https://sso.example.com/ "
                + "--until 2027-01-31 --resource https://api.example.com/ > earlier.jsonl",
            [from, jwks, .. options.All], async (parse, settings, output, cancel) =>
        {
            var name = parse.GetValue(jwks);
            if (name is not null && !File.Exists(name)) return output.Refuse($"There is no file {name}", "Save its JWK Set there first.");
            return await WriteAsync(output, name ?? "the JWK Set", async () =>
            {
                await using var database = new Database(parse.GetRequiredValue(from));
                JsonElement? keys = name is null ? null : JsonElement.Parse(await File.ReadAllBytesAsync(name, cancel));
                return await OpenIddictConversion.ConvertAsync(
                    new OpenIddictStore(database), keys, options.Read(parse, settings.BcryptCost), cancel);
            });
        }, withKey: false);
    }

    // All or nothing: half a file would be imported as if it were whole.
    private static async Task<int> WriteAsync(Output output, string file, Func<Task<IReadOnlyList<ImportRecord>>> convert)
    {
        try
        {
            output.Lines((await convert()).Select(record => record.Write()));
            return 0;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException
            or CryptographicException or ArgumentException)
        {
            return output.Refuse($"{file} cannot be read: {fault.Message}", "Nothing was written.");
        }
    }

    /// <summary>What a conversion has to be told.</summary>
    private sealed class ConversionOptions
    {
        private readonly Option<string> issuer = new("--issuer")
        {
            Required = true,
            HelpName = "URL",
            Description = "The iss of its tokens",
        };

        private readonly Option<DateTimeOffset> until = new("--until")
        {
            Required = true,
            HelpName = "2027-01-31",
            Description = "When its keys verify no longer: after its last access token",
        };

        private readonly Option<string> resource = new("--resource")
        {
            Required = true,
            HelpName = "URI",
            Description = "The resource here that its clients get tokens for",
        };

        public Option[] All => [issuer, until, resource];

        public Conversion Read(ParseResult parse, int cost) => new()
        {
            Issuer = parse.GetRequiredValue(issuer),
            Until = parse.GetValue(until).ToUniversalTime(),
            Resource = parse.GetRequiredValue(resource),
            Hash = secret => Keys.SecretHash.Make(secret, cost),
            LeftOut = what => Console.Error.WriteLine($"Left out: {Protocol.VisibleText.Escape(what)}"),
        };
    }
}
