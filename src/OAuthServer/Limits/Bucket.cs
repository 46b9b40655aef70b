using System.Threading.RateLimiting;

namespace OAuthServer.Limits;

/// <summary>
/// The token bucket our limits are made of: so many at once, regained one by one. Who finds it empty is refused and never queued.
/// </summary>
public static class Bucket
{
    /// <param name="most">How many in <paramref name="per"/>, regained evenly.</param>
    /// <param name="atOnce">How many of them at once; all, unless said.</param>
    public static TokenBucketRateLimiterOptions Of(int most, TimeSpan per, int atOnce = int.MaxValue) => new()
    {
        TokenLimit = Math.Min(most, atOnce),
        TokensPerPeriod = 1,
        ReplenishmentPeriod = per / most,
        AutoReplenishment = true,
        QueueLimit = 0,
    };

    /// <summary>Such a bucket for each key. A key that rests is forgotten.</summary>
    public static PartitionedRateLimiter<string> PerKey(TokenBucketRateLimiterOptions options)
    {
        // By the limiter of all keys, with one timer.
        options.AutoReplenishment = false;
        // The limiter wants a key's partition every time it is asked: what that needs is made once.
        Func<string, RateLimiter> bucket = _ => new TokenBucketRateLimiter(options);
        return PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.Get(key, bucket));
    }
}
