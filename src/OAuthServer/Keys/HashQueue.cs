using System.Runtime.InteropServices;
using OAuthServer.Protocol;

namespace OAuthServer.Keys;

/// <summary>Thrown when too many slow hashes wait; answered with 503 and Retry-After.</summary>
public sealed class HashQueueFullException() : Exception("too many slow hashes are waiting");

/// <summary>
/// Slow hashing, at most one per core at once with a short queue behind, on threads that give way to the rest, so that a flood of
/// wrong secrets or of registrations costs cores but not the server.
/// </summary>
public sealed partial class HashQueue(Settings settings) : IDisposable
{
    private const int LeastCost = 10;
    private const int Niceness = 10;
    private readonly SemaphoreSlim making = new(1);
    private readonly SemaphoreSlim cores = new(Environment.ProcessorCount);
    private int waiting;

    /// <summary>Whether the secret makes this hash.</summary>
    public Task<bool> VerifyAsync(string secret, string hash, CancellationToken cancel) => RunAsync(() => SecretHash.Verify(secret, hash), cancel);

    /// <summary>The hash of a secret this server made: 256 random bits gain nothing from slowness, so its cost is the least there is.</summary>
    public async Task<string> MakeAsync(string secret, CancellationToken cancel)
    {
        // One after the other: what strangers make us hash leaves a core to those who have a secret already.
        if (!await making.WaitAsync(settings.HashQueueMilliseconds, cancel)) throw new HashQueueFullException();
        try { return await RunAsync(() => SecretHash.Make(secret, LeastCost), cancel); }
        finally { making.Release(); }
    }

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
            try { return await ApartAsync(hash); }
            finally { cores.Release(); }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    // Not on the pool, which begins with as many threads as there are cores: two hashes would be in the way of every request.
    private static Task<T> ApartAsync<T>(Func<T> hash) => Task.Factory.StartNew(
        () =>
        {
            _ = SetPriority(0, 0, Niceness);
            return hash();
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // .NET's thread priorities do nothing on Linux. Of the calling thread only; a refusal is no harm.
    [LibraryImport("libc.so.6", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);

    // Well-formed, and the hash of nothing: 22 characters of salt, 31 of hash.
    private static string NobodysHash(int cost) => $"$2a${cost}$NobodysSecretNobodysSe" + new string('.', 31);

    public void Dispose()
    {
        cores.Dispose();
        making.Dispose();
    }
}
