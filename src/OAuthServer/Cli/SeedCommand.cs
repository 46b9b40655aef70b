using System.CommandLine;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>seed: the demo world, or a file of an operator's.</summary>
internal static class SeedCommand
{
    public static CliCommand Make()
    {
        var what = new Argument<string>("demo|FILE.sql") { Description = "demo for the demo data (Development only), or a SQL file, run in one transaction: without begin, commit and psql's \\commands" };
        return CliCommand.On("seed", "Fill the database from a file", "oauth-server seed sql/seed/clients.sql", [what], async (parse, desk, cancel) =>
        {
            var name = parse.GetRequiredValue(what);
            if ((await new Migrations(desk.Database).StateAsync(cancel)).Pending is { Count: > 0 } pending)
                return desk.Output.Refuse($"The database lacks {string.Join(", ", pending)}", "Run: oauth-server migrate");
            if (name == "demo")
                return await Demo.SeedAsync(desk.Database, desk.Settings, cancel) is { } refusal
                    ? desk.Output.Refuse(refusal)
                    : desk.Output.Done(new { seeded = name }, "The demo data is in place: sign in as alice, mallory or olivia.");

            if (!File.Exists(name)) return desk.Output.Refuse($"There is no file {name}", "Name a SQL file, or write: seed demo");
            await OwnResource.EnsureAsync(desk.Database, desk.Settings, cancel);
            await new Seeds(desk.Database).RunAsync(await File.ReadAllTextAsync(name, cancel), CommandContext.Actor, cancel);
            return desk.Output.Done(new { seeded = name }, $"{name} has been run, in one transaction.");
        });
    }
}
