using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;

namespace OAuthServer.Limits;

/// <summary>
/// Counts failures per key and says when there were too many, before any slow hash is spent. Keys hold an address always, so
/// nobody can lock somebody else out.
/// </summary>
/// <param name="most">Failures allowed at once, regained evenly over <paramref name="per"/>.</param>
public sealed class FailureLimit(int most, TimeSpan per) : IDisposable
{
    private readonly ConcurrentDictionary<string, int> running = new(StringComparer.Ordinal);

    private readonly PartitionedRateLimiter<string> limiter = Bucket.PerKey(Bucket.Of(most, per));

    /// <summary>Seconds after which one more failure is allowed again.</summary>
    public int RetryAfter { get; } = Math.Max(1, (int)Math.Ceiling((per / most).TotalSeconds));

    /// <summary>Whether this key has used up its failures.</summary>
    public bool Exhausted(string key) => Left(key) < 1;

    /// <summary>
    /// How many more failures this key may have right now. Whole ones: the bucket refills by fractions, and a lease of no permits
    /// is granted on any fraction, while a failure then takes nothing away.
    /// </summary>
    public long Left(string key) => limiter.GetStatistics(key)?.CurrentAvailablePermits ?? most;

    /// <summary>
    /// An attempt with these keys begins. Attempts under way count as failures until they have not failed, or a burst would outrun
    /// the limit and fill the queue of slow hashes. Dispose when it is over.
    /// </summary>
    public Attempt Begin(params string[] keys) => new(this, keys);

    /// <summary>One more failure.</summary>
    public void Count(string key) => limiter.AttemptAcquire(key).Dispose();

    /// <summary>The key of a name at an address, short however long a name is made up.</summary>
    public static string Pair(string? name, string subscriber) =>
        $"{(name is { Length: > 64 } ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))) : name)} {subscriber}";

    /// <summary>The address to count by.</summary>
    public static string Subscriber(string address) => AddressLimit.Subscriber(address);

    public void Dispose() => limiter.Dispose();

    /// <summary>An attempt under way.</summary>
    public sealed class Attempt : IDisposable
    {
        private readonly FailureLimit limit;
        private readonly string[] keys;

        // Where the first key has used up its failures the rest is not looked at: whoever is refused leaves no key of his own making.
        internal Attempt(FailureLimit limit, string[] keys)
        {
            this.limit = limit;
            var counted = 0;
            while (counted < keys.Length && !TooMany)
                TooMany = limit.running.AddOrUpdate(keys[counted], 1, (_, count) => count + 1) > limit.Left(keys[counted++]);
            this.keys = keys[..counted];
        }

        /// <summary>Whether one of the keys has used up its failures, those under way included.</summary>
        public bool TooMany { get; }

        public void Dispose()
        {
            foreach (var key in keys)
                if (limit.running.AddOrUpdate(key, 0, (_, count) => count - 1) == 0)
                    limit.running.TryRemove(new KeyValuePair<string, int>(key, 0));
        }
    }
}
