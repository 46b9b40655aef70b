using System.Text;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Clients;

/// <summary>
/// Clients in memory. An edit in SQL is heard within milliseconds and drops what is remembered of the row; while the connection
/// that hears edits is away, every look goes to the database.
/// </summary>
public sealed class ClientDirectory
{
    private const int Most = 20_000;

    private readonly Cache<string, Client> known = new(Most);
    private readonly Cache<string, VerificationKeySet> parsed = new(Most);
    private readonly ClientStore store;
    private readonly Notifications notifications;
    private readonly Settings settings;
    private int generation;

    public ClientDirectory(ClientStore store, Notifications notifications, Settings settings)
    {
        (this.store, this.notifications, this.settings) = (store, notifications, settings);
        notifications.Changed += Forget;
    }

    /// <summary>A slow hash that was imported, of any client's secret; null when there is none.</summary>
    public Task<string?> ImportedHashAsync() => store.ImportedHashAsync(CancellationToken.None);

    /// <summary>The client, or null when there is none. Unknown ids are not remembered.</summary>
    public ValueTask<Client?> FindAsync(string id, CancellationToken cancel) =>
        notifications.Listening && known.TryGet(id, out var client) ? new(client) : new(ReadAsync(id, cancel));

    /// <summary>The same, past what is remembered: for who has just changed the row.</summary>
    public async Task<Client?> ReadAsync(string id, CancellationToken cancel)
    {
        var before = Volatile.Read(ref generation);
        if (await store.FindAsync(id, cancel) is not var (row, secrets)) return null;
        if (row.Origin == "document" && !settings.ClientDocuments) return null;
        var client = new Client { Row = row, Secrets = secrets, Keys = row.Jwks is { } jwks ? Parse(jwks) : null };
        if (!notifications.Listening) return client;

        known.Set(id, client);
        // An edit heard while we were reading may have been of this row.
        if (Volatile.Read(ref generation) != before) known.Remove(id);
        return client;
    }

    // Once for each set: a key is opened with it.
    private VerificationKeySet? Parse(string jwks)
    {
        if (parsed.TryGet(jwks, out var keys)) return keys;
        keys = VerificationKeySet.ReadPublic(Encoding.UTF8.GetBytes(jwks)).Keys;
        if (keys is not null) parsed.Set(jwks, keys);
        return keys;
    }

    private void Forget(string? what)
    {
        Interlocked.Increment(ref generation);
        if (what is null) known.Clear();
        else if (what.StartsWith("clients:", StringComparison.Ordinal)) known.Remove(what["clients:".Length..]);
    }
}
