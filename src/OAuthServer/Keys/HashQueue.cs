using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Keys;

/// <summary>Thrown when too many slow hashes wait; answered with 503 and Retry-After.</summary>
public sealed class HashQueueFullException() : Exception("too many slow hashes are waiting");

/// <summary>
/// Slow hashing, at most one per core at once with a short queue behind (<see cref="FairQueue"/>), on threads that give way to the
/// rest, so that a flood of wrong secrets or of registrations costs cores but neither the server nor who signs in.
/// </summary>
public sealed partial class HashQueue : IDisposable
{
    private const int LeastCost = 10;
    private const int Niceness = 10;
    private const int ScheduleBatch = 3;
    private const int ScheduleIdle = 5;
    private const ulong ShortestSlice = 100_000;
    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Settings settings;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim making = new(1);
    private readonly FairQueue queue;
    private readonly Histogram<double> waits;

    public HashQueue(Settings settings, TimeProvider time)
    {
        (this.settings, this.time) = (settings, time);
        queue = new FairQueue(Environment.ProcessorCount, settings.HashQueueLength);
        meter.CreateObservableGauge("oauth.hash.waiting",
            () => Enum.GetValues<HashLane>().Select(lane => new Measurement<int>(queue.Waiting(lane), Label(lane))),
            description: "Slow hashes that wait for a core.");
        waits = meter.CreateHistogram("oauth.hash.wait", "s",
            "How long a slow hash waited for a core, also in vain.", advice: Telemetry.Seconds);
    }

    private TimeSpan Patience => TimeSpan.FromMilliseconds(settings.HashQueueMilliseconds);

    /// <summary>An attempt at authentication begins; all its hashes together wait no longer than one may.</summary>
    /// <param name="address">Who attempts it, as limits count addresses.</param>
    public Attempt Begin(HashLane lane, string address) => new(this, lane, address);

    /// <summary>
    /// The hash of a secret this server made: 256 random bits gain nothing from slowness, so its cost is the least there is.
    /// </summary>
    public async Task<string> MakeAsync(string secret, CancellationToken cancel)
    {
        // One after the other, and only in time nobody else wants: anybody makes us hash.
        if (!await making.WaitAsync(settings.HashQueueMilliseconds, cancel)) throw new HashQueueFullException();
        try { return await RunAsync(HashLane.Secrets, "", Patience, () => SecretHash.Make(secret, LeastCost), OnlyWhenIdle, cancel); }
        finally { making.Release(); }
    }

    /// <summary>The hash of a person's password, at the cost that is set.</summary>
    public Task<string> PasswordAsync(string password, CancellationToken cancel) =>
        RunAsync(HashLane.People, "", Patience, () => SecretHash.Make(password, settings.BcryptCost), GiveWay, cancel);

    private async Task<T> RunAsync<T>(
        HashLane lane, string address, TimeSpan patience, Func<T> hash, Action giveWay, CancellationToken cancel)
    {
        var asked = time.GetTimestamp();
        var taken = await queue.TakeAsync(lane, address, patience, cancel);
        waits.Record(time.GetElapsedTime(asked).TotalSeconds, Label(lane));
        if (!taken) throw new HashQueueFullException();
        using var step = Telemetry.Steps.StartActivity("slow hash");
        try { return await ApartAsync(hash, giveWay); }
        finally { queue.Release(); }
    }

    private static KeyValuePair<string, object?> Label(HashLane lane) => new("lane", lane switch
    {
        HashLane.People => "people",
        HashLane.Clients => "clients",
        _ => "secrets",
    });

    /// <summary>The slow hashes of one attempt.</summary>
    public sealed class Attempt(HashQueue hashes, HashLane lane, string address)
    {
        private readonly long began = hashes.time.GetTimestamp();
        private bool anyImported;

        /// <summary>Whether the secret makes this hash.</summary>
        public Task<bool> VerifyAsync(string secret, string hash, CancellationToken cancel)
        {
            anyImported |= ImportedHash.IsSlow(hash);
            return hashes.RunAsync(
                lane, address, hashes.Patience - hashes.time.GetElapsedTime(began), () => SecretHash.Verify(secret, hash), GiveWay, cancel);
        }

        /// <summary>
        /// Burns the time that <paramref name="units"/> verifications at the configured cost would take, less the hashes already
        /// checked: unknown and wrong then take the same time, whatever costs an operator's hashes have.
        /// </summary>
        /// <param name="checkedCosts">bcrypt costs of the hashes that were verified for real.</param>
        /// <param name="imported">
        /// A slow hash that was imported, of somebody: where there is any, who has another or none takes that time as well. Null: there is
        /// none.
        /// </param>
        public async Task FillUpAsync(int units, IEnumerable<int> checkedCosts, string? imported, CancellationToken cancel)
        {
            if (imported is not null && !anyImported && ImportedHash.IsUsable(imported))
                await VerifyAsync("nobody's secret", imported, cancel);
            var left = (units << hashes.settings.BcryptCost) - checkedCosts.Sum(cost => 1 << cost);
            for (var cost = hashes.settings.BcryptCost; cost >= LeastCost; cost--)
                // Each waits its turn as a real one does: under load it is the queue that takes the time.
                for (; left >= 1 << cost; left -= 1 << cost) await VerifyAsync("nobody's secret", NobodysHash(cost), cancel);
        }

        /// <summary>It came to nothing: the address is served after others from now on.</summary>
        public void Failed() => hashes.queue.Failed(lane, address);
    }

    // Not on the pool, which begins with as many threads as there are cores: two hashes would be in the way of every request.
    private static Task<T> ApartAsync<T>(Func<T> hash, Action giveWay) => Task.Factory.StartNew(
        () =>
        {
            giveWay();
            return hash();
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // .NET's thread priorities do nothing on Linux. All of this is of the calling thread only; a refusal is no harm.
    private static void GiveWay() => _ = SetPriority(0, 0, Niceness);

    // PostgreSQL's processes are in another group of the scheduler than ours: to them a thread that runs when idle only is as good
    // as any until its slice is over, and a slice ends at a tick. Slices this short end when somebody wakes (Linux 6.12; the policy
    // set next keeps them).
    private static void OnlyWhenIdle()
    {
        var attributes =
            new SchedulerAttributes
            {
                Size = Unsafe.SizeOf<SchedulerAttributes>(),
                Policy = ScheduleBatch,
                Nice = Niceness,
                Runtime = ShortestSlice
            };
        if (SetAttributes is { } number) _ = SystemCall(number, 0, ref attributes, 0);
        var none = 0;
        _ = SetScheduler(0, ScheduleIdle, ref none);
    }

    private static nint? SetAttributes => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 314,
        Architecture.Arm64 => 274,
        _ => null,
    };

    [LibraryImport("libc.so.6", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);

    [LibraryImport("libc.so.6", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, ref int priority);

    [LibraryImport("libc.so.6", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint thread, ref SchedulerAttributes attributes, nint flags);

    // struct sched_attr, as it was first.
    private struct SchedulerAttributes
    {
        public int Size;
        public int Policy;
        public ulong Flags;
        public int Nice;
        public int Priority;

        /// <summary>Nanoseconds of a slice.</summary>
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }

    // Well-formed, and the hash of nothing: 22 characters of salt, 31 of hash.
    private static string NobodysHash(int cost) => $"$2a${cost}$NobodysSecretNobodysSe" + new string('.', 31);

    public void Dispose()
    {
        making.Dispose();
        meter.Dispose();
    }
}
