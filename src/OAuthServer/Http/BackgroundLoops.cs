using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// The loops that run as long as the server does. One that ends before is a fault nobody foresaw: a server without it would answer,
/// and slowly become wrong, so the process ends instead, with <see cref="ExitCode"/>, and whoever started it starts it again.
/// </summary>
public sealed class BackgroundLoops(IHostApplicationLifetime lifetime, ILogger<BackgroundLoops> log)
{
    /// <summary>What the process ends with when a loop has died.</summary>
    public const int ExitCode = 3;

    private volatile string? died;

    /// <summary>The loop that died first; null: none has.</summary>
    public string? Died => died;

    /// <summary>Runs one loop until <paramref name="stop"/>; says in one line which one died, and of what.</summary>
    public async Task RunAsync(string name, Func<CancellationToken, Task> run, CancellationToken stop)
    {
        try
        {
            // One that has nothing to do, such as an access log without a file, may return.
            await run(stop);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Told to.
        }
        catch (Exception fault)
        {
            died ??= name;
            log.LogCritical("The background loop {Loop} has died ({Fault}: {Reason}): the server stops, with exit code {ExitCode}",
                name, fault.GetType().Name, VisibleText.Escape(fault.Message), ExitCode);
            lifetime.StopApplication();
        }
    }
}

/// <summary>How a loop is added.</summary>
public static class BackgroundLoopServices
{
    extension(IServiceCollection services)
    {
        /// <summary>A loop of <typeparamref name="T"/>, started with the server and stopped after its listener.</summary>
        public void AddLoop<T>(Func<T, CancellationToken, Task> run) where T : notnull =>
            services.AddSingleton<IHostedService>(provider => new Loop(stop =>
                provider.GetRequiredService<BackgroundLoops>().RunAsync(typeof(T).Name, cancel => run(provider.GetRequiredService<T>(), cancel), stop)));
    }

    private sealed class Loop(Func<CancellationToken, Task> run) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => run(stoppingToken);
    }
}
