using Npgsql;
using OAuthServer.Keys;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>
/// What a server does with its database while the listener answers already. Development: brings the schema up to date and seeds the
/// demo. Production: only looks whether the schema is one this binary may work on.
/// </summary>
public static class Preparation
{
    /// <summary>Waits for a database that is unavailable, then prepares it. Answers what forbids to go on; null: nothing does.</summary>
    public static async Task<string?> PrepareAsync(IServiceProvider services, Settings settings, CancellationToken stop)
    {
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("OAuthServer.Start");
        if (!settings.Development) StartReport.Write(settings, services.GetRequiredService<Database>(), log);
        for (var waits = 0; !stop.IsCancellationRequested; waits++)
        {
            try
            {
                if (!settings.Development) return await LookAsync(services, log, stop);
                await DevelopAsync(services, settings, stop);
                return null;
            }
            catch (MigrationException refused)
            {
                return refused.Message;
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                if (waits == 0 && settings.Development) Console.WriteLine(VisibleText.Escape($"Waiting for PostgreSQL: {Reason(fault)}"));
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        }

        return null;
    }

    private static async Task<string?> LookAsync(IServiceProvider services, ILogger log, CancellationToken stop)
    {
        var migrations = services.GetRequiredService<Migrations>();
        var state = await migrations.StateAsync(stop);
        if (state is { Problem: null, Pending.Count: 0 })
            await StartReport.WriteAsync(services.GetRequiredService<Database>(), migrations, log, stop);
        return state.Problem;
    }

    private static async Task DevelopAsync(IServiceProvider services, Settings settings, CancellationToken stop)
    {
        var database = services.GetRequiredService<Database>();
        await services.GetRequiredService<Migrations>().ApplyAsync(stop);
        await services.GetRequiredService<AuditPartitions>().MaintainAsync(stop);
        await OwnResource.EnsureAsync(database, settings, stop);
        var refused = settings.Demo ? await Demo.SeedAsync(database, settings, stop) : null;
        await services.GetRequiredService<KeyRing>().StartAsync(stop);
        Console.WriteLine(refused is null ? Banner.Text(settings) : $"{refused}\n{Banner.Text(settings with { Demo = false })}");
    }

    // What PostgreSQL itself refused (two rows that a migration cannot tell apart, say) comes with what to do about it.
    private static string Reason(Exception fault) =>
        fault is PostgresException && DatabaseFault.Explain(fault) is var (problem, hint) ? $"{problem}. {hint}" : fault.Message;
}
