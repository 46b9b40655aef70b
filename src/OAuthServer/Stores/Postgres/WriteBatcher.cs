using System.Threading.Channels;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Writes (or questions) that wait at the same moment go to PostgreSQL in one round trip. One writer takes what is there; each caller
/// gets its own answer, after the commit. More than one writer loses: the grouping is the gain.
/// A group that PostgreSQL certainly took back (a constraint, say) is written once more, each alone. Any other fault is passed on to
/// all and nothing is sent again: whether it committed is not known, and a second redemption of a code is a replay. Of questions alone,
/// what one row is at fault for is asked again, in halves.
/// </summary>
/// <param name="name">What it writes or asks: the label of its figures.</param>
/// <param name="write">One round trip for all; answers in the order of its argument.</param>
/// <param name="row">
/// The one row an item is about: of two items about the same row, the later waits for the next group. Null when rows are only added
/// or read.
/// </param>
/// <param name="readsOnly">Whether it only asks.</param>
public sealed class WriteBatcher<TItem, TAnswer>(
    string name,
    Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TAnswer>>> write,
    Func<TItem, Guid>? row = null,
    bool readsOnly = false)
{
    private const int MostAtOnce = 256;
    private const int MostWaiting = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Overdue<Waiting> overdue = new(waiting => waiting.Task.IsCompleted, waiting => waiting.GiveUp());
    private readonly Channel<Waiting> channel = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Queues the write; completes once it is durable, or with the fault that kept it from being so.</summary>
    public Task<TAnswer> AddAsync(TItem item)
    {
        var waiting = new Waiting(item);
        if (!channel.Writer.TryWrite(waiting))
            return Task.FromException<TAnswer>(new TimeoutException("too many statements are waiting for PostgreSQL"));
        overdue.Watch(waiting, DatabaseBudget.Left(Patience));
        return waiting.Task;
    }

    /// <summary>The one writer. Runs until <paramref name="cancel"/>, then writes what is left.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await using var stop = cancel.Register(() => channel.Writer.TryComplete());
        var (group, later) = (new List<Waiting>(MostAtOnce), new Queue<Waiting>());
        while (later.Count > 0 || await channel.Reader.WaitToReadAsync(CancellationToken.None))
        {
            Choose(group, later);
            if (group.Count > 0) await WriteAsync(group);
        }
    }

    // Whoever has been told 503 already must not have it done behind their back.
    private void Choose(List<Waiting> group, Queue<Waiting> later)
    {
        group.Clear();
        var rows = row is null ? null : new HashSet<Guid>();
        for (var left = later.Count; left > 0; left--) Place(later.Dequeue());
        while (group.Count < MostAtOnce && later.Count < MostWaiting && channel.Reader.TryRead(out var waiting)) Place(waiting);

        void Place(Waiting waiting)
        {
            if (waiting.HasGivenUp) return;
            if (group.Count < MostAtOnce && (rows is null || rows.Add(row!(waiting.Item)))) group.Add(waiting);
            else later.Enqueue(waiting);
        }
    }

    private async Task WriteAsync(IReadOnlyList<Waiting> group)
    {
        try
        {
            using var step = GroupFigures.Begin(name, group.Count);
            var answers = await write([.. group.Select(waiting => waiting.Item)]);
            for (var i = 0; i < group.Count; i++) group[i].End(answers[i]);
        }
        catch (Exception fault) when (readsOnly && group.Count > 1 && DatabaseFault.IsOfRow(fault))
        {
            // One of 256 is found in eight steps.
            await WriteAsync([.. group.Take(group.Count / 2)]);
            await WriteAsync([.. group.Skip(group.Count / 2)]);
        }
        catch (Exception fault) when (group.Count > 1 && DatabaseFault.ProvesRollback(fault))
        {
            foreach (var waiting in group)
                if (!waiting.HasGivenUp) await WriteAsync([waiting]);
        }
        catch (Exception fault)
        {
            foreach (var waiting in group) waiting.End(fault);
        }
    }

    private sealed class Waiting(TItem item) : TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private readonly DatabaseWait wait = DatabaseBudget.BeginWait();

        public volatile bool HasGivenUp;

        public TItem Item { get; } = item;

        public void End(TAnswer answer)
        {
            wait.End();
            TrySetResult(answer);
        }

        public void End(Exception fault)
        {
            wait.End();
            TrySetException(fault);
        }

        public void GiveUp()
        {
            HasGivenUp = true;
            End(new TimeoutException("PostgreSQL did not answer in time"));
        }
    }
}
