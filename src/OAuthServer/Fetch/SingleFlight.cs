using System.Collections.Concurrent;

namespace OAuthServer.Fetch;

/// <summary>One at a time per key: who asks while an answer is under way gets that answer. Nothing is kept afterwards.</summary>
public sealed class SingleFlight<T>
{
    private readonly ConcurrentDictionary<string, Lazy<Task<T>>> flights = new(StringComparer.Ordinal);

    /// <summary>Joins the flight of this key, or starts it. A caller who hangs up leaves the others' flight alone.</summary>
    public async Task<T> JoinAsync(string key, Func<Task<T>> start, CancellationToken cancel)
    {
        Lazy<Task<T>>? own = null;
        own = new Lazy<Task<T>>(() => LandAsync(own!));
        return await flights.GetOrAdd(key, own).Value.WaitAsync(cancel);

        async Task<T> LandAsync(Lazy<Task<T>> flight)
        {
            await Task.Yield();
            try { return await start(); }
            finally { flights.TryRemove(KeyValuePair.Create(key, flight)); }
        }
    }
}
