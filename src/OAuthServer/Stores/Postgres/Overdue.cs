using System.Collections.Concurrent;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Ends waits that take too long, with one timer for all: a timer for each write costs more than the wait it guards. Looks ten times
/// a second while anybody waits, so that a wait ends up to a tenth of a second late.
/// </summary>
internal sealed class Overdue<TWait>
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<(TWait Wait, long Until)> watched = new();
    private readonly Func<TWait, bool> isOver;
    private readonly Action<TWait> giveUp;
    private readonly Timer timer;
    private int running;

    /// <param name="isOver">There is an answer, or a fault.</param>
    /// <param name="giveUp">The time is up.</param>
    public Overdue(Func<TWait, bool> isOver, Action<TWait> giveUp)
    {
        (this.isOver, this.giveUp) = (isOver, giveUp);
        timer = new Timer(_ => Look());
    }

    /// <summary>Ends this wait after <paramref name="patience"/>.</summary>
    public void Watch(TWait wait, TimeSpan patience)
    {
        watched.Enqueue((wait, Milliseconds() + (long)patience.TotalMilliseconds));
        if (Volatile.Read(ref running) == 0 && Interlocked.Exchange(ref running, 1) == 0) timer.Change(Tick, Timeout.InfiniteTimeSpan);
    }

    // One at a time: the timer is set again only at the end.
    private void Look()
    {
        while (watched.TryPeek(out var oldest) && isOver(oldest.Wait)) watched.TryDequeue(out _);
        var now = Milliseconds();
        foreach (var (wait, until) in watched)
        {
            if (until > now || isOver(wait)) continue;
            DatabaseBudget.MakeRoom();
            giveUp(wait);
        }

        if (watched.IsEmpty)
        {
            Volatile.Write(ref running, 0);
            // Somebody may have come who saw the timer running.
            if (watched.IsEmpty || Interlocked.Exchange(ref running, 1) != 0) return;
        }

        timer.Change(Tick, Timeout.InfiniteTimeSpan);
    }

    private static long Milliseconds() => (long)TimeProvider.System.GetElapsedTime(0).TotalMilliseconds;
}
