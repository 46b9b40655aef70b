using Npgsql;
using OAuthServer.Keys;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>Development: brings the schema up to date and seeds the demo while the listener answers already.</summary>
public static class Preparation
{
    /// <summary>Waits for a database that is unavailable, then prepares it and says where the server is.</summary>
    public static async Task PrepareAsync(IServiceProvider services, Settings settings, CancellationToken stop)
    {
        var database = services.GetRequiredService<Database>();
        for (var waits = 0; !stop.IsCancellationRequested; waits++)
        {
            try
            {
                await services.GetRequiredService<Migrations>().ApplyAsync(stop);
                await services.GetRequiredService<AuditPartitions>().MaintainAsync(stop);
                await OwnResource.EnsureAsync(database, settings, stop);
                var refused = settings.Demo ? await Demo.SeedAsync(database, settings, stop) : null;
                await services.GetRequiredService<KeyRing>().StartAsync(stop);
                Console.WriteLine(refused is null ? Banner.Text(settings) : $"{refused}\n{Banner.Text(settings with { Demo = false })}");
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                if (waits == 0) Console.WriteLine(VisibleText.Escape($"Waiting for PostgreSQL: {Reason(fault)}"));
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        }
    }

    // What PostgreSQL itself refused (two rows that a migration cannot tell apart, say) comes with what to do about it.
    private static string Reason(Exception fault) =>
        fault is PostgresException && DatabaseFault.Explain(fault) is var (problem, hint) ? $"{problem}. {hint}" : fault.Message;
}
