using OAuthServer.Protocol;

namespace OAuthServer.Keys;

/// <summary>Thrown when too many slow hashes wait; answered with 503 and Retry-After.</summary>
public sealed class HashQueueFullException() : Exception("too many slow hashes are waiting");

/// <summary>
/// Slow hashing, at most one per core at once with a short queue behind, so that a flood of wrong secrets costs cores but not the
/// server.
/// </summary>
public sealed class HashQueue(Settings settings) : IDisposable
{
    private readonly SemaphoreSlim cores = new(Environment.ProcessorCount);
    private int waiting;

    /// <summary>Whether the secret makes this hash.</summary>
    public Task<bool> VerifyAsync(string secret, string hash, CancellationToken cancel) => RunAsync(() => SecretHash.Verify(secret, hash), cancel);

    /// <summary>A new hash at the configured cost.</summary>
    public Task<string> MakeAsync(string secret, CancellationToken cancel) => RunAsync(() => SecretHash.Make(secret, settings.BcryptCost), cancel);

    /// <summary>
    /// Burns the time that <paramref name="units"/> verifications at the configured cost would take, less the hashes already
    /// checked: unknown and wrong then take the same time, whatever costs an operator's hashes have.
    /// </summary>
    /// <param name="checkedCosts">bcrypt costs of the hashes that were verified for real.</param>
    public async Task FillUpAsync(int units, IEnumerable<int> checkedCosts, CancellationToken cancel)
    {
        var left = (units << settings.BcryptCost) - checkedCosts.Sum(cost => 1 << cost);
        for (var cost = settings.BcryptCost; cost >= 10; cost--)
            for (; left >= 1 << cost; left -= 1 << cost)
            {
                // Each waits its turn as a real one does: under load it is the queue that takes the time.
                var hash = NobodysHash(cost);
                await RunAsync(() => SecretHash.Verify("nobody's secret", hash), cancel);
            }
    }

    private async Task<T> RunAsync<T>(Func<T> hash, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref waiting) > settings.HashQueueLength + Environment.ProcessorCount)
        {
            Interlocked.Decrement(ref waiting);
            throw new HashQueueFullException();
        }

        try
        {
            if (!await cores.WaitAsync(settings.HashQueueMilliseconds, cancel)) throw new HashQueueFullException();
            try { return await Task.Run(hash, cancel); }
            finally { cores.Release(); }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    // Well-formed, and the hash of nothing: 22 characters of salt, 31 of hash.
    private static string NobodysHash(int cost) => $"$2a${cost}$NobodysSecretNobodysSe" + new string('.', 31);

    public void Dispose() => cores.Dispose();
}
