using System.CommandLine;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>seed: the demo world, or a file of an operator's.</summary>
internal static class SeedCommand
{
    public static CliCommand Make()
    {
        var what =
            new Argument<string>("demo|FILE.sql")
            {
                Description =
            "demo for the demo data (Development only), or a SQL file, run in one transaction: without begin, commit and psql's \\commands"
            };
        return CliCommand.On("seed", "Fill the database from a file", "oauth-server seed sql/seed/clients.sql", [what],
            async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(what);
            if ((await new Migrations(context.Database).StateAsync(cancel)).Pending is { Count: > 0 } pending)
                return context.Output.Refuse($"The database lacks {string.Join(", ", pending)}", "Run: oauth-server migrate");
            if (name == "demo")
                return await Demo.SeedAsync(context.Database, context.Settings, cancel) is { } refusal
                    ? context.Output.Refuse(refusal)
                    : context.Output.Done(new { seeded = name }, "The demo data is in place: sign in as alice, mallory or olivia.");

            if (!File.Exists(name)) return context.Output.Refuse($"There is no file {name}", "Name a SQL file, or write: seed demo");
            await OwnResource.EnsureAsync(context.Database, context.Settings, cancel);
            await new Seeds(context.Database).RunAsync(await File.ReadAllTextAsync(name, cancel), CommandContext.Actor, cancel);
            return context.Output.Done(new { seeded = name }, $"{name} has been run, in one transaction.");
        });
    }
}
