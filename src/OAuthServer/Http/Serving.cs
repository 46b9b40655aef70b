using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>Thrown when somebody else listens where a setting says; a place beside the server's own.</summary>
public sealed class CannotListenException(string setting, IOException fault) : Exception(fault.Message, fault)
{
    /// <summary>Its name, without the prefix.</summary>
    public string Setting { get; } = setting;
}

/// <summary>
/// The command serve: listens, prepares its database, ends when told to, when a loop has died, or when the schema forbids to go on.
/// </summary>
public static class Serving
{
    /// <summary>Answers the exit code.</summary>
    /// <param name="build">Makes the server, once its settings are known to be good.</param>
    /// <param name="prepare">Prepares the database while the server answers; answers what forbids to go on.</param>
    public static async Task<int> RunAsync(
        Settings settings, Func<WebApplication> build, Func<IServiceProvider, Settings, CancellationToken, Task<string?>> prepare,
            CancellationToken cancel)
    {
        if (Listening.Problem(settings) is { } problem)
        {
            Console.Error.WriteLine($"oauth-server: {problem}");
            return 2;
        }

        await using var app = build();
        try
        {
            await app.StartAsync(cancel);
        }
        catch (CannotListenException fault)
        {
            Console.Error.WriteLine($"oauth-server: {fault.Message} Choose another port with OAuth__{fault.Setting}.");
            return 1;
        }
        catch (IOException fault)
        {
            Console.Error.WriteLine($"oauth-server: {fault.Message} Choose another port with OAuth__Listen and OAuth__Issuer.");
            return 1;
        }

        var stop = app.Lifetime.ApplicationStopping;
        var prepared = PrepareAsync();
        await app.WaitForShutdownAsync(cancel);
        var loops = app.Services.GetRequiredService<BackgroundLoops>();
        try
        {
            if (await prepared is { } refusal)
            {
                Console.Error.WriteLine($"oauth-server: {refusal}");
                return 1;
            }
        }
        catch (Exception) when (loops.Died is not null)
        {
            // What a loop died of may have ended the preparation, too; it has been said.
        }

        return loops.Died is null ? 0 : BackgroundLoops.ExitCode;

        async Task<string?> PrepareAsync()
        {
            var refusal = await prepare(app.Services, settings, stop);
            if (refusal is not null) app.Lifetime.StopApplication();
            return refusal;
        }
    }
}
