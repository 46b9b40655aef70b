using System.Collections.Concurrent;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Tokens;

namespace OAuthServer.Trust;

/// <summary>
/// Keys of issuers: of their rows, else fetched and shared by all servers (<see cref="KeySets"/>), and parsed once. What is parsed is
/// looked up again after 30 seconds, and dropped with every edit of an issuer.
/// </summary>
public sealed class IssuerKeys
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30), BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);
    private readonly KeySets sets;
    private readonly TimeProvider time;
    private readonly bool loopback;
    private int generation;

    public IssuerKeys(KeySets sets, Notifications notifications, Settings settings, TimeProvider time)
    {
        (this.sets, this.time, loopback) = (sets, time, new Uri(settings.Issuer).IsLoopback);
        notifications.Changed += what =>
        {
            if (what is not (null or "trusted_issuers" or "key_sets")) return;
            Interlocked.Increment(ref generation);
            known.Clear();
        };
    }

    /// <summary>Whether the issuer signed it; or that its keys cannot be had.</summary>
    public async ValueTask<Result<bool>> VerifyAsync(Issuer issuer, ForeignJwt jwt, CancellationToken cancel)
    {
        if (issuer.Row.Jwks is not null) return issuer.Keys is { } own && IsSignedBy(jwt, own);
        if ((await ReadAsync(issuer, cancel)).Refused(out var error, out var found)) return error;
        if (found.Keys.Fitting(jwt.Alg, jwt.Kid).Length == 0) found = await AnewAsync(issuer, found, cancel);
        return IsSignedBy(jwt, found.Keys);
    }

    // By one of them that fits its header; where none does, it takes as long.
    private static bool IsSignedBy(ForeignJwt jwt, VerificationKeySet keys)
    {
        var fitting = keys.Fitting(jwt.Alg, jwt.Kid);
        if (fitting.Length == 0) DecoyKeys.Verify(jwt);
        return Array.Exists(fitting, jwt.IsSignedBy);
    }

    private async ValueTask<Result<Known>> ReadAsync(Issuer issuer, CancellationToken cancel)
    {
        if (known.TryGetValue(issuer.Id, out var remembered) && remembered.Until > time.GetUtcNow()) return remembered;
        var before = Volatile.Read(ref generation);
        if ((await PlaceAsync(issuer, cancel)).Refused(out var error, out var place)) return error;
        if ((await sets.ReadAsync(SourceOf(issuer, place), Flaw, cancel)).Refused(out error, out var kept)) return error;
        // Another reader of that document may have taken one that is no key set.
        return VerificationKeySet.Read(kept.Body) is { Keys: { } keys }
            ? Remember(issuer, new Known(place, keys, time.GetUtcNow() + Remembered), before)
            : OAuthError.TemporarilyUnavailable("the document at jwks_uri is no key set");
    }

    // For a key id that the known ones lack: fetched once a minute over all servers, and looked at here once a second.
    private async Task<Known> AnewAsync(Issuer issuer, Known found, CancellationToken cancel)
    {
        var (before, now) = (Volatile.Read(ref generation), time.GetUtcNow());
        if (now - found.LookedAt < BetweenLooks && now >= found.LookedAt) return found;
        found = Remember(issuer, found with { LookedAt = now }, before);
        return (await sets.ReadAnewAsync(SourceOf(issuer, found.Place), Flaw, cancel)).Refused(out _, out var kept)
            || VerificationKeySet.Read(kept.Body).Keys is not { } keys ? found
            : Remember(issuer, found with { Keys = keys, Until = time.GetUtcNow() + Remembered }, before);
    }

    // Where a document of the issuer leads, to another host, is no place that an operator has named.
    private static KeySource SourceOf(Issuer issuer, Uri place) =>
        new(place, issuer.Row.JwksUri is not null || place.IdnHost == new Uri(issuer.Id).IdnHost);

    private Known Remember(Issuer issuer, Known found, int before)
    {
        known[issuer.Id] = found;
        // An edit heard while we were reading may have been of this issuer.
        if (Volatile.Read(ref generation) != before) known.TryRemove(issuer.Id, out _);
        return found;
    }

    private async Task<Result<Uri>> PlaceAsync(Issuer issuer, CancellationToken cancel)
    {
        if (issuer.Row.JwksUri is { } said) return new Uri(said);
        OAuthError? first = null;
        foreach (var place in IssuerMetadata.PlacesOf(issuer.Id))
        {
            var read = await sets.ReadAsync(place, body => IssuerMetadata.Read(body, issuer.Id, loopback).Flaw, cancel);
            if (!read.Refused(out var error, out var body) && IssuerMetadata.Read(body, issuer.Id, loopback).JwksUri is { } uri) return uri;
            first ??= error ?? OAuthError.TemporarilyUnavailable("its discovery document names another issuer");
        }

        return first!;
    }

    private static string? Flaw(byte[] body) => VerificationKeySet.Read(body).Flaw;

    private sealed record Known(Uri Place, VerificationKeySet Keys, DateTimeOffset Until)
    {
        /// <summary>When a key was looked for that these lack.</summary>
        public DateTimeOffset LookedAt { get; init; } = DateTimeOffset.MinValue;
    }
}
