using System.Collections.Concurrent;

namespace OAuthServer.Stores.Postgres;

/// <summary>Somebody who waits.</summary>
internal interface IWait
{
    /// <summary>There is an answer, or a fault.</summary>
    bool IsOver { get; }

    /// <summary>The time is up.</summary>
    void GiveUp();
}

/// <summary>
/// Ends waits that take too long, with one timer for all: a timer for each write costs more than the wait it guards. Looks ten times
/// a second while anybody waits, so that a wait ends up to a tenth of a second late.
/// </summary>
internal sealed class Overdue
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<(IWait Wait, long Until)> watched = new();
    private readonly Timer timer;
    private int running;

    public Overdue() => timer = new Timer(_ => Look());

    /// <summary>Ends this wait after <paramref name="patience"/>.</summary>
    public void Watch(IWait wait, TimeSpan patience)
    {
        watched.Enqueue((wait, Environment.TickCount64 + (long)patience.TotalMilliseconds));
        if (Volatile.Read(ref running) == 0 && Interlocked.Exchange(ref running, 1) == 0) timer.Change(Tick, Timeout.InfiniteTimeSpan);
    }

    // One at a time: the timer is set again only at the end.
    private void Look()
    {
        while (watched.TryPeek(out var oldest) && oldest.Wait.IsOver) watched.TryDequeue(out _);
        var now = Environment.TickCount64;
        var anybody = false;
        foreach (var (wait, until) in watched)
        {
            anybody = true;
            if (until > now || wait.IsOver) continue;
            DatabaseBudget.MakeRoom();
            wait.GiveUp();
        }

        if (!anybody)
        {
            Volatile.Write(ref running, 0);
            // Somebody may have come who saw the timer running.
            if (watched.IsEmpty || Interlocked.Exchange(ref running, 1) != 0) return;
        }

        timer.Change(Tick, Timeout.InfiniteTimeSpan);
    }
}
