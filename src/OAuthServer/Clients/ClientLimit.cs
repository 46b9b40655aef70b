using System.Threading.RateLimiting;
using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// How often one authenticated client may ask: generous, and by client, so that many of them behind one address do not share it.
/// </summary>
public sealed class ClientLimit(Settings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter = Create(new TokenBucketRateLimiterOptions
    {
        TokenLimit = settings.ClientBurst,
        TokensPerPeriod = Math.Max(1, settings.ClientRequestsPerSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromSeconds(settings.ClientRequestsPerSecond < 10 ? 1.0 / settings.ClientRequestsPerSecond : 0.1),
        // By the limiter of all, with one timer.
        AutoReplenishment = false,
        QueueLimit = 0,
    });

    /// <summary>
    /// The refusal when this client asks too often, else null. A public client's id proves nothing: it is counted with its address.
    /// </summary>
    public OAuthError? Refusal(Client client, RequestContext request)
    {
        using var lease =
            limiter.AttemptAcquire(client.IsPublic ? $"{client.Id} {Limits.FailureLimit.Subscriber(request.Address)}" : client.Id);
        return lease.IsAcquired ? null
            : OAuthError.SlowDown($"client {client.Id} asks more than {settings.ClientRequestsPerSecond} times a second", 1);
    }

    public void Dispose() => limiter.Dispose();

    // Asked for a partition at every request: what it needs is made once.
    private static PartitionedRateLimiter<string> Create(TokenBucketRateLimiterOptions options)
    {
        Func<string, RateLimiter> bucket = _ => new TokenBucketRateLimiter(options);
        return PartitionedRateLimiter.Create<string, string>(client => RateLimitPartition.Get(client, bucket));
    }
}
