using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Limits;

/// <summary>
/// At most ten fetches from one host in any minute, however many URLs it has: nobody can have us flood a third party. Two are kept for
/// documents that were good before, so that a flood of made-up URLs cannot starve these. Each document that was good before also has one
/// fetch in ten minutes of its own, thirty a minute and host in all: other documents on a host that strangers share cannot starve it.
/// </summary>
public sealed class HostLimit(TimeProvider time)
{
    public const int PerMinute = 10;
    public const int KeptForKnown = 2;
    public const int OwnPerMinute = 30;
    private const int MostHosts = 100_000;
    private const int MostOwn = 20_000;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), BetweenSweeps = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenOwn = TimeSpan.FromMinutes(10);

    private readonly Cache<Guid, DateTimeOffset> own = new(MostOwn, BetweenOwn, time);
    private readonly Dictionary<string, Queue<DateTimeOffset>> starts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Queue<DateTimeOffset>> ownStarts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock gate = new();
    private DateTimeOffset sweepFrom;

    /// <summary>Null: go ahead, it is counted. Else the seconds after which to ask again.</summary>
    /// <param name="goodAt">When a good document was fetched from this URL last; null: never.</param>
    public int? Take(Uri url, DateTimeOffset? goodAt)
    {
        var (host, known, now) = (url.IdnHost, goodAt is not null, time.GetUtcNow());
        lock (gate)
        {
            if (now - goodAt >= BetweenOwn && TakeOwn(url, now)) return null;
            if (!starts.TryGetValue(host, out var recent))
            {
                if (starts.Count >= MostHosts && now >= sweepFrom) Forget(now);
                // A flood of made-up hosts stops unknown hosts for a minute, and nobody else.
                if (starts.Count >= MostHosts) return known ? null : (int)Minute.TotalSeconds;
                starts[host] = recent = new Queue<DateTimeOffset>(PerMinute);
            }

            Shorten(recent, now);
            if (recent.Count >= (known ? PerMinute : PerMinute - KeptForKnown))
                return Math.Clamp((int)Math.Ceiling((recent.Peek() + Minute - now).TotalSeconds), 1, 60);
            recent.Enqueue(now);
            return null;
        }
    }

    private bool TakeOwn(Uri url, DateTimeOffset now)
    {
        // A URL may be long.
        var key = new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri)).AsSpan(0, 16));
        if (own.TryGet(key, out var last) && now - last < BetweenOwn) return false;
        if (!ownStarts.TryGetValue(url.IdnHost, out var recent))
        {
            if (ownStarts.Count >= MostHosts && now >= sweepFrom) Forget(now);
            if (ownStarts.Count >= MostHosts) return false;
            ownStarts[url.IdnHost] = recent = new Queue<DateTimeOffset>();
        }

        Shorten(recent, now);
        if (recent.Count >= OwnPerMinute) return false;
        recent.Enqueue(now);
        own.Set(key, now);
        return true;
    }

    private static void Shorten(Queue<DateTimeOffset> recent, DateTimeOffset now)
    {
        while (recent.TryPeek(out var oldest) && now - oldest >= Minute) recent.Dequeue();
    }

    private void Forget(DateTimeOffset now)
    {
        sweepFrom = now + BetweenSweeps;
        foreach (var counted in (Dictionary<string, Queue<DateTimeOffset>>[])[starts, ownStarts])
            foreach (var (host, recent) in counted)
                if (recent.Count == 0 || now - recent.Last() >= Minute)
                    counted.Remove(host);
    }
}
