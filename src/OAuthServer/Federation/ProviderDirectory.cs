using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Federation;

/// <summary>
/// Providers in memory, in the order of their buttons. An edit is heard within milliseconds; while the connection that hears edits is
/// away, every look goes to the database.
/// </summary>
public sealed class ProviderDirectory
{
    private readonly ProviderStore store;
    private readonly Notifications notifications;
    private volatile IReadOnlyList<Provider>? remembered;
    private int generation;

    public ProviderDirectory(ProviderStore store, Notifications notifications)
    {
        (this.store, this.notifications) = (store, notifications);
        notifications.Changed += what =>
        {
            if (what is not (null or "identity_providers")) return;
            Interlocked.Increment(ref generation);
            remembered = null;
        };
    }

    /// <summary>All of them, disabled ones too.</summary>
    public async ValueTask<IReadOnlyList<Provider>> ReadAsync(CancellationToken cancel)
    {
        if (notifications.Listening && remembered is { } known) return known;
        var before = Volatile.Read(ref generation);
        IReadOnlyList<Provider> read = [.. (await store.ListAsync(cancel)).Select(row => new Provider(row))];
        if (notifications.Listening && Volatile.Read(ref generation) == before) remembered = read;
        return read;
    }

    /// <summary>The enabled provider with this id, or null.</summary>
    public async ValueTask<Provider?> FindAsync(string? id, CancellationToken cancel) =>
        id is null ? null : (await ReadAsync(cancel)).FirstOrDefault(one => one.Id == id && one.Row.Enabled);

    /// <summary>The same at this very moment, past what is remembered.</summary>
    public async Task<Provider?> FindNowAsync(string id, CancellationToken cancel) =>
        await store.FindAsync(id, cancel) is { Enabled: true } row ? new Provider(row) : null;
}
