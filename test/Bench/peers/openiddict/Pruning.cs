using OpenIddict.Abstractions;

namespace OpenIddictPeer;

/// <summary>
/// What OpenIddict's Quartz.NET job does, without Quartz: once an hour, tokens and authorizations that are of no more use and older
/// than 14 days go. Its package could not be fetched where this was written.
/// </summary>
public sealed class Pruning(IServiceProvider services, TimeProvider time) : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await using var scope = services.CreateAsyncScope();
            var before = time.GetUtcNow() - TimeSpan.FromDays(14);
            await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(before, stoppingToken);
            await scope.ServiceProvider.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(before, stoppingToken);
        }
    }
}
