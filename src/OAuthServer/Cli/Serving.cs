using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>The command serve: listens, prepares a database in Development, ends when told to or when a loop has died.</summary>
public static class Serving
{
    /// <summary>Answers the exit code.</summary>
    /// <param name="build">Makes the server, once its settings are known to be good.</param>
    public static async Task<int> RunAsync(Func<WebApplication> build, Settings settings, CancellationToken cancel)
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
        var prepared = settings.Development ? Preparation.PrepareAsync(app.Services, settings, stop) : Task.CompletedTask;
        await app.WaitForShutdownAsync(cancel);
        await prepared;
        return app.Services.GetRequiredService<BackgroundLoops>().Died is null ? 0 : BackgroundLoops.ExitCode;
    }
}
