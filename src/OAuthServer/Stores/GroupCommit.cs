using System.Threading.Channels;

namespace OAuthServer.Stores;

/// <summary>
/// Writes (or questions) that wait at the same moment go to PostgreSQL in one round trip. One writer takes what is there, in the order of its
/// keys; each caller gets its own answer, after the commit. More than one writer loses: the grouping is the gain.
/// </summary>
/// <param name="write">One round trip for all; answers in the order of its argument.</param>
/// <param name="order">Keys sorted the same way in every process cannot deadlock; null when rows are only added.</param>
/// <param name="gather">After a round trip for several, wait up to 1 ms for as many again; one alone never waits.</param>
public sealed class GroupCommit<TItem, TAnswer>(
    Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TAnswer>>> write,
    Comparison<TItem>? order = null,
    bool gather = false)
{
    private const int MostAtOnce = 256;
    private const int MostWaiting = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);

    private readonly Channel<Waiting> channel = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private int queued;
    private int wanted = int.MaxValue;
    private TaskCompletionSource? enough;

    /// <summary>Queues the write; completes once it is durable, or with the fault that kept it from being so.</summary>
    public async Task<TAnswer> AddAsync(TItem item)
    {
        var waiting = new Waiting(item);
        if (!channel.Writer.TryWrite(waiting)) throw new TimeoutException("too many writes are waiting for PostgreSQL");
        if (Interlocked.Increment(ref queued) >= Volatile.Read(ref wanted)) Interlocked.Exchange(ref enough, null)?.TrySetResult();
        try
        {
            return await waiting.Answer.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            waiting.HasGivenUp = true;
            throw;
        }
    }

    /// <summary>The one writer. Runs until <paramref name="cancel"/>, then writes what is left.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await using var stop = cancel.Register(() => channel.Writer.TryComplete());
        var group = new List<Waiting>(MostAtOnce);
        while (await channel.Reader.WaitToReadAsync(CancellationToken.None))
        {
            if (gather && group.Count > 1) await GatherAsync(group.Count);
            group.Clear();
            // Whoever has been told 503 already must not have it done behind their back.
            while (group.Count < MostAtOnce && channel.Reader.TryRead(out var waiting))
            {
                Interlocked.Decrement(ref queued);
                if (!waiting.HasGivenUp) group.Add(waiting);
            }

            if (group.Count == 0) continue;
            if (order is not null) group.Sort((one, other) => order(one.Item, other.Item));
            try
            {
                var answers = await write([.. group.Select(waiting => waiting.Item)]);
                for (var i = 0; i < group.Count; i++) group[i].Answer.TrySetResult(answers[i]);
            }
            catch (Exception fault)
            {
                foreach (var waiting in group) waiting.Answer.TrySetException(fault);
            }
        }
    }

    // Those answered last are about to ask again: waiting a moment for as many costs them little and saves a round trip.
    private async Task GatherAsync(int many)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref enough, reached);
        Volatile.Write(ref wanted, many);
        if (Volatile.Read(ref queued) < many) await Task.WhenAny(reached.Task, Task.Delay(Gathering));
        Volatile.Write(ref wanted, int.MaxValue);
    }

    private sealed class Waiting(TItem item)
    {
        public volatile bool HasGivenUp;

        public TItem Item { get; } = item;

        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
