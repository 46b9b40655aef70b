using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>The command serve: listens, prepares a database in Development, ends when told to or when a loop has died.</summary>
public static class Serving
{
    /// <summary>Answers the exit code.</summary>
    /// <param name="build">Makes the server, once its settings are known to be good.</param>
    /// <param name="prepare">In Development: what brings the database up to date.</param>
    public static async Task<int> RunAsync(
        Settings settings, Func<WebApplication> build, Func<IServiceProvider, Settings, CancellationToken, Task> prepare, CancellationToken cancel)
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
        catch (IOException fault)
        {
            Console.Error.WriteLine($"oauth-server: {fault.Message} Choose another port with OAuth__Listen and OAuth__Issuer.");
            return 1;
        }

        var stop = app.Lifetime.ApplicationStopping;
        var prepared = settings.Development ? prepare(app.Services, settings, stop) : Task.CompletedTask;
        await app.WaitForShutdownAsync(cancel);
        await prepared;
        return app.Services.GetRequiredService<BackgroundLoops>().Died is null ? 0 : BackgroundLoops.ExitCode;
    }
}
