namespace OAuthServer.Limits;

/// <summary>
/// At most so many fetches from one host in any minute, however many URLs it has: nobody can have us flood a third party. Some
/// are kept for documents we know already, so that a flood of made-up URLs cannot starve those; and one fetch in ten minutes each of
/// these has for itself, so that neither can other known ones, where strangers share a host.
/// </summary>
public sealed class HostLimit(TimeProvider time)
{
    public const int PerMinute = 10;
    public const int KeptForKnown = 2;
    private const int MostHosts = 100_000;
    private const int MostOwn = 20_000;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), BetweenSweeps = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenOwn = TimeSpan.FromMinutes(10);

    private readonly Cache<string, DateTimeOffset> own = new(MostOwn, BetweenOwn, time);
    private readonly Dictionary<string, Queue<DateTimeOffset>> starts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock gate = new();
    private DateTimeOffset sweepFrom;

    /// <summary>Null: go ahead, it is counted. Else the seconds after which to ask again.</summary>
    /// <param name="goodAt">When a good document was fetched from this URL last; null: never.</param>
    public int? Take(Uri url, DateTimeOffset? goodAt)
    {
        var (host, known, now) = (url.IdnHost, goodAt is not null, time.GetUtcNow());
        lock (gate)
        {
            if (now - goodAt >= BetweenOwn && !(own.TryGet(url.AbsoluteUri, out var last) && now - last < BetweenOwn))
            {
                own.Set(url.AbsoluteUri, now);
                return null;
            }

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
