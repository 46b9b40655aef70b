using System.Collections.Concurrent;

namespace OAuthServer.ResourceServer;

/// <summary>
/// What the revocation feed has said so far, in memory: ids of tokens, grants and delegations, clients and keys, each until its last
/// token has expired.
/// </summary>
public sealed class RevocationList(TimeProvider time)
{
    // The leeway of exp, and a minute for clocks that differ.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<(string Kind, string Value), DateTimeOffset> entries = new();
    private long heard;

    /// <summary>How many entries are remembered.</summary>
    public int Count => entries.Count;

    /// <summary>How long ago the feed last answered; null: not yet.</summary>
    public TimeSpan? Age => Volatile.Read(ref heard) is var at && at != 0 ? time.GetElapsedTime(at) : null;

    /// <summary>An entry of the feed. The last word about an id counts: one that has expired takes back what was said before.</summary>
    internal void Add(string kind, string value, DateTimeOffset expires)
    {
        if (expires <= time.GetUtcNow() && kind == "client_id") entries.TryRemove((kind, value), out _);
        else entries[(kind, value)] = expires;
    }

    /// <summary>The feed has answered.</summary>
    internal void Heard() => Volatile.Write(ref heard, time.GetTimestamp());

    internal bool Concerns(ValidatedToken token) =>
        !entries.IsEmpty
        && (entries.ContainsKey(("jti", token.Jti))
            || entries.ContainsKey(("client_id", token.ClientId))
            || entries.ContainsKey(("kid", token.Kid))
            || (token.Grant is { } grant && entries.ContainsKey(("grant", grant)))
            || token.Via.Any(step => entries.ContainsKey(("grant", step))));

    internal void Prune()
    {
        var past = time.GetUtcNow() - Slack;
        foreach (var (key, expires) in entries)
            if (expires < past)
                entries.TryRemove(KeyValuePair.Create(key, expires));
    }
}
