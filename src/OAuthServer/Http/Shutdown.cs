using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// The order of leaving: /readyz says 503, after OAuth__ShutdownGraceSeconds the port closes, what is in flight ends. Load
/// balancers look only every few seconds: a port that closes at once costs them requests.
/// </summary>
public sealed class Shutdown(Settings settings, TimeProvider time) : IHostedLifecycleService, IDisposable
{
    /// <summary>How long requests in flight may take once the port is closed.</summary>
    public static readonly TimeSpan InFlight = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource closing = new();

    /// <summary>Whether the server is leaving.</summary>
    public bool Begun { get; private set; }

    /// <summary>When the port closes: whatever waits for news ends with what there is.</summary>
    public CancellationToken Closing => closing.Token;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        Begun = true;
        var grace = TimeSpan.FromSeconds(settings.ShutdownGraceSeconds);
        await Task.Delay(grace, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await closing.CancelAsync();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => closing.Dispose();
}
