using System.Diagnostics.CodeAnalysis;

namespace OAuthServer.Limits;

/// <summary>
/// Values in memory, at most <paramref name="most"/> of them: when it is full, the one least recently used is deleted, and no other.
/// One lock around a dictionary and a list in order of use; reading counts as use.
/// </summary>
/// <param name="most">How many are kept.</param>
/// <param name="idle">What was not used for this long is deleted by the next use of the cache.</param>
public sealed class Cache<TKey, TValue>(int most, TimeSpan idle, TimeProvider time)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byUse = new();

    /// <summary>One that deletes nothing but to make room.</summary>
    public Cache(int most)
        : this(most, TimeSpan.MaxValue, TimeProvider.System)
    {
    }

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            DeleteIdle(now);
            if (!entries.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            value = node.Value.Value;
            Use(node, now);
            return true;
        }
    }

    public void Set(TKey key, TValue value)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            DeleteIdle(now);
            if (entries.TryGetValue(key, out var known))
            {
                known.Value.Value = value;
                Use(known, now);
                return;
            }

            if (entries.Count >= most) Delete(byUse.Last!);
            entries[key] = byUse.AddFirst(new Entry { Key = key, Value = value, UsedAt = now });
        }
    }

    public void Remove(TKey key)
    {
        lock (gate)
            if (entries.TryGetValue(key, out var node))
                Delete(node);
    }

    /// <summary>Forgets everything: for what can no longer be trusted, never to make room.</summary>
    public void Clear()
    {
        lock (gate)
        {
            entries.Clear();
            byUse.Clear();
        }
    }

    private void DeleteIdle(DateTimeOffset now)
    {
        while (byUse.Last is { } last && now - last.Value.UsedAt >= idle) Delete(last);
    }

    private void Use(LinkedListNode<Entry> node, DateTimeOffset now)
    {
        node.Value.UsedAt = now;
        if (node == byUse.First) return;
        byUse.Remove(node);
        byUse.AddFirst(node);
    }

    private void Delete(LinkedListNode<Entry> node)
    {
        byUse.Remove(node);
        entries.Remove(node.Value.Key);
    }

    private sealed class Entry
    {
        public required TKey Key { get; init; }

        public required TValue Value { get; set; }

        public required DateTimeOffset UsedAt { get; set; }
    }
}
