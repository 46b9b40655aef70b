using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Fetch;

/// <summary>
/// Public keys that clients and issuers have at a URL, parsed and in memory for as long as they are fresh; dropped where somebody
/// deletes the row of key_sets. While edits are not heard, the database is read each time.
/// </summary>
public sealed class FetchedKeys
{
    private const int Most = 2000;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly Cache<string, Remembered> known = new(Most);
    private readonly Cache<string, DateTimeOffset> looked = new(Most);
    private readonly KeySets sets;
    private readonly Notifications notifications;
    private readonly TimeProvider time;
    private int generation;

    public FetchedKeys(KeySets sets, Notifications notifications, TimeProvider time)
    {
        (this.sets, this.notifications, this.time) = (sets, notifications, time);
        notifications.Changed += what =>
        {
            if (what is not (null or "key_sets")) return;
            Interlocked.Increment(ref generation);
            known.Clear();
            looked.Clear();
        };
    }

    /// <summary>The keys; 503 where they were never had and their host is away.</summary>
    public async ValueTask<Result<VerificationKeySet>> ReadAsync(KeySource source, CancellationToken cancel)
    {
        if (notifications.Listening && known.TryGet(source.Key, out var remembered) && remembered.Until > time.GetUtcNow())
            return remembered.Keys;
        var before = Volatile.Read(ref generation);
        if ((await sets.ReadAsync(source, Flaw, cancel)).Refused(out var error, out var kept)) return error;
        return Remember(source, kept, before) is { } keys ? keys
            : OAuthError.TemporarilyUnavailable("the document at jwks_uri is no set of public keys");
    }

    /// <summary>The same for a key that they lack: fetched anew once a minute over all servers, and looked at here once a second.</summary>
    public async ValueTask<VerificationKeySet> ReadAnewAsync(KeySource source, VerificationKeySet lacking, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (looked.TryGet(source.Key, out var last) && now - last < BetweenLooks && now >= last) return lacking;
        looked.Set(source.Key, now);
        var before = Volatile.Read(ref generation);
        return (await sets.ReadAnewAsync(source, Flaw, cancel)).Refused(out _, out var kept) ? lacking
            : Remember(source, kept, before) ?? lacking;
    }

    // Null: others read documents of that place too, and take what is no set of public keys alone.
    private VerificationKeySet? Remember(KeySource source, KeptDocument kept, int before)
    {
        if (VerificationKeySet.ReadPublic(kept.Body).Keys is not { } keys) return null;
        known.Set(source.Key, new Remembered(keys, kept.Until));
        // A row that was deleted while it was read may have been this one.
        if (Volatile.Read(ref generation) != before) known.Remove(source.Key);
        return keys;
    }

    private static string? Flaw(byte[] body) => VerificationKeySet.ReadPublic(body).Flaw;

    private sealed record Remembered(VerificationKeySet Keys, DateTimeOffset Until);
}
