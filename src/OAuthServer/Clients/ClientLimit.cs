using System.Threading.RateLimiting;
using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// How often one authenticated client may ask: generous, and by client, so that many of them behind one address do not share it.
/// </summary>
public sealed class ClientLimit(Settings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter = Bucket.PerKey(new TokenBucketRateLimiterOptions
    {
        TokenLimit = settings.ClientBurst,
        TokensPerPeriod = Math.Max(1, settings.ClientRequestsPerSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromSeconds(settings.ClientRequestsPerSecond < 10 ? 1.0 / settings.ClientRequestsPerSecond : 0.1),
        QueueLimit = 0,
    });

    /// <summary>
    /// The refusal when this client asks too often, else null. A public client's id proves nothing: it is counted with its address.
    /// </summary>
    public OAuthError? Refusal(Client client, RequestContext request)
    {
        using var lease =
            limiter.AttemptAcquire(client.IsPublic ? $"{client.Id} {FailureLimit.Subscriber(request.Address)}" : client.Id);
        return lease.IsAcquired ? null
            : OAuthError.SlowDown($"client {client.Id} asks more than {settings.ClientRequestsPerSecond} times a second", 1);
    }

    public void Dispose() => limiter.Dispose();
}
