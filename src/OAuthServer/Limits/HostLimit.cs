namespace OAuthServer.Limits;

/// <summary>
/// At most so many fetches from one host in any minute, however many URLs it has: nobody can have us flood a third party. Some
/// are kept for documents we know already, so that a flood of made-up URLs cannot starve those.
/// </summary>
public sealed class HostLimit(TimeProvider time)
{
    public const int PerMinute = 10;
    public const int KeptForKnown = 2;
    private const int MostHosts = 100_000;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), BetweenSweeps = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Queue<DateTimeOffset>> starts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock gate = new();
    private DateTimeOffset sweepFrom;

    /// <summary>Null: go ahead, it is counted. Else the seconds after which to ask again.</summary>
    /// <param name="known">A document that was good before.</param>
    public int? Take(string host, bool known)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (!starts.TryGetValue(host, out var recent))
            {
                if (starts.Count >= MostHosts && now >= sweepFrom) Forget(now);
                // A flood of made-up hosts stops unknown hosts for a minute, and nobody else.
                if (starts.Count >= MostHosts) return known ? null : (int)Minute.TotalSeconds;
                starts[host] = recent = new Queue<DateTimeOffset>(PerMinute);
            }

            while (recent.TryPeek(out var oldest) && now - oldest >= Minute) recent.Dequeue();
            if (recent.Count >= (known ? PerMinute : PerMinute - KeptForKnown))
                return Math.Clamp((int)Math.Ceiling((recent.Peek() + Minute - now).TotalSeconds), 1, 60);
            recent.Enqueue(now);
            return null;
        }
    }

    private void Forget(DateTimeOffset now)
    {
        sweepFrom = now + BetweenSweeps;
        foreach (var (host, recent) in starts)
            if (recent.Count == 0 || now - recent.Last() >= Minute)
                starts.Remove(host);
    }
}
