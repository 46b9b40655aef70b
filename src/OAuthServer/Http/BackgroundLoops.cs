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

/// <summary>
/// Starts the loops of every room once the server listens; after the listener has ended, stops them one by one, the last first.
/// </summary>
internal sealed class LoopRunner(IEnumerable<BackgroundLoop> loops, BackgroundLoops running, IServiceProvider provider)
    : IHostedLifecycleService
{
    private readonly Stack<(CancellationTokenSource Stop, Task Run)> started = new();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        foreach (var loop in loops)
        {
            var stop = new CancellationTokenSource();
            var run = Task.Run(() => running.RunAsync(loop.Name, cancel => loop.RunAsync(provider, cancel), stop.Token),
                CancellationToken.None);
            started.Push((stop, run));
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        while (started.TryPop(out var loop))
        {
            using (loop.Stop)
            {
                await loop.Stop.CancelAsync();
                await loop.Run.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
