using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>The demo world: three people, six clients, two resources, whose secrets everybody knows.</summary>
public static class Demo
{
    /// <summary>Set to <c>demo</c>, it allows the demo world in a database that somebody uses.</summary>
    public const string ConsentVariable = "SEED";

    private static readonly string[] Clients = ["nightly-etl", "GRID_001", "claude-desktop", "expired-agent", "revoked-agent", "notes-api"];
    private static readonly string[] People = ["alice", "mallory", "olivia"];

    /// <summary>Whether all of its people and clients are there.</summary>
    public static Task<bool> IsThereAsync(Database database, CancellationToken cancel) =>
        new Seeds(database).HasAsync(Clients, People, cancel);

    /// <summary>
    /// Adds what is missing; rows that are there stay as they are. Null when done, else why not and what to do: only in Development
    /// with a loopback issuer, and only in the private database, in an empty one, or with SEED=demo.
    /// </summary>
    public static async Task<string?> SeedAsync(Database database, Settings settings, CancellationToken cancel)
    {
        if (!settings.Development)
            return "Demo data belongs in Development: set ASPNETCORE_ENVIRONMENT=Development, on a machine nobody depends on.";
        if (!new Uri(settings.Issuer).IsLoopback) return "Demo data needs a loopback issuer: set OAuth__Issuer=http://localhost:8080.";

        var seeds = new Seeds(database);
        var free = seeds.IsPrivate || await seeds.IsEmptyAsync(cancel) || Environment.GetEnvironmentVariable(ConsentVariable) == "demo";
        if (!free)
            return await seeds.HasAsync(Clients, People, cancel)
                ? null
                : "This database has clients or users already, so it gets no demo data. If it may have them, set SEED=demo.";

        await OwnResource.EnsureAsync(database, settings, cancel);
        await seeds.RunAsync(Migrations.Read("seed/demo.sql"), CommandContext.Actor, cancel);
        return null;
    }
}
