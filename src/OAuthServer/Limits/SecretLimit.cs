using System.Threading.RateLimiting;
using OAuthServer.Protocol;

namespace OAuthServer.Limits;

/// <summary>
/// How often the registration of a new client may cost a slow hash, all of them together: the rest is refused before it is spent.
/// </summary>
public sealed class SecretLimit(Settings settings) : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TokenBucketRateLimiter limiter = new(
        Bucket.Of(settings.SecretRegistrationsPerMinuteInAll, Minute, AtOnce(settings.SecretRegistrationsPerMinuteInAll)));

    /// <summary>Counts one secret; the refusal when there were too many, else null.</summary>
    public OAuthError? Refusal()
    {
        using var lease = limiter.AttemptAcquire();
        return lease.IsAcquired
            ? null
            : OAuthError.SlowDown($"more than {settings.SecretRegistrationsPerMinuteInAll} registrations a minute that need a secret",
                (int)Math.Ceiling(Minute.TotalSeconds / settings.SecretRegistrationsPerMinuteInAll));
    }

    // Ten seconds' worth.
    private static int AtOnce(int most) => Math.Max(3, most / 6);

    public void Dispose() => limiter.Dispose();
}
