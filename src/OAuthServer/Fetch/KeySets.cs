using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Fetch;

/// <summary>
/// Discovery documents and key sets of others, kept in the database for all servers: fresh as their headers say, within one minute and
/// one hour, and the last good one for 24 hours more while its host fails.
/// </summary>
public sealed class KeySets(KeySetStore store, Fetcher fetcher, TimeProvider time)
{
    private static readonly TimeSpan LeastFresh = TimeSpan.FromMinutes(1), MostFresh = TimeSpan.FromHours(1);
    private static readonly TimeSpan StaleIfError = TimeSpan.FromHours(24);

    // A host that failed a moment ago is not waited for again.
    private static readonly TimeSpan BetweenFailures = TimeSpan.FromSeconds(10);
    private const int LongestFailure = 300;

    /// <summary>How long a host may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly SingleFlight<Result<KeptDocument>> flights = new();

    /// <summary>The document, fetched where it is not fresh; or why there is none.</summary>
    /// <param name="flawOf">Why a document cannot be used; null: it can. A bad one never takes the place of a good one.</param>
    public async Task<Result<byte[]>> ReadAsync(Uri url, Func<byte[], string?> flawOf, CancellationToken cancel) =>
        (await ReadAsync(new KeySource(url, true), flawOf, cancel)).Refused(out var error, out var kept) ? error : kept.Body;

    /// <summary>The same with how long it may be remembered.</summary>
    public async Task<Result<KeptDocument>> ReadAsync(KeySource source, Func<byte[], string?> flawOf, CancellationToken cancel)
    {
        var (row, now) = (await FindAsync(source, cancel), time.GetUtcNow());
        if (row is { Body: { } body } && row.FreshUntil > now) return new KeptDocument(body, row.FreshUntil.Value);
        if (row?.FailedAt > now - BetweenFailures) return FallBack(row, now);
        return await flights.JoinAsync(source.Key, () => FetchAsync(source, row?.FetchedAt, flawOf), cancel);
    }

    /// <summary>
    /// The document as it is now, for who looked for a key that it lacked: one fetch per document and minute, over all servers; for all
    /// others as it is stored by now.
    /// </summary>
    public async Task<Result<byte[]>> ReadAnewAsync(Uri url, Func<byte[], string?> flawOf, CancellationToken cancel) =>
        (await ReadAnewAsync(new KeySource(url, true), flawOf, cancel)).Refused(out var error, out var kept) ? error : kept.Body;

    /// <summary>The same with how long it may be remembered.</summary>
    public async Task<Result<KeptDocument>> ReadAnewAsync(KeySource source, Func<byte[], string?> flawOf, CancellationToken cancel)
    {
        var row = await FindAsync(source, cancel);
        if (await store.ClaimAsync(source.Key, time.GetUtcNow()))
            return await flights.JoinAsync(source.Key, () => FetchAsync(source, row?.FetchedAt, flawOf), cancel);
        return row is { Body: { } body }
            ? new KeptDocument(body, row.FreshUntil ?? DateTimeOffset.MinValue) : Unavailable("it was never had");
    }

    private async Task<Result<KeptDocument>> FetchAsync(KeySource source, DateTimeOffset? goodAt, Func<byte[], string?> flawOf)
    {
        var call = new Call { Url = source.Url, Deadline = Patience };
        var fetched = source.OfOperator ? await fetcher.CallAsync(call, CancellationToken.None)
            : await fetcher.GetKeysAsync(call, goodAt);
        var now = time.GetUtcNow();
        var failure = fetched.Refused(out var error, out var answer) ? $"{error.Reason}: {error.Got}"
            : answer.Status != 200 ? $"its host answered {answer.Status}"
            : !answer.IsJson ? $"it is no JSON but {answer.Type ?? "of no type"}"
            : flawOf(answer.Body);
        if (failure is null)
        {
            var fresh = answer!.FreshFor is { } said ? TimeSpan.FromTicks(Math.Clamp(said.Ticks, LeastFresh.Ticks, MostFresh.Ticks))
                : LeastFresh;
            await store.KeepAsync(source.Key, answer.Body, now, now + fresh);
            return new KeptDocument(answer.Body, now + fresh);
        }

        if (failure.Length > LongestFailure) failure = failure[..LongestFailure];
        failure = VisibleText.Escape(failure.Replace("\0", "", StringComparison.Ordinal));
        await store.FailedAsync(source.Key, failure, now);
        return await FindAsync(source, CancellationToken.None) is { } row ? FallBack(row, now) : Unavailable(failure);
    }

    private async Task<KeySetRow?> FindAsync(KeySource source, CancellationToken cancel) =>
        (await store.FindAsync([source.Key], cancel)).FirstOrDefault();

    private static Result<KeptDocument> FallBack(KeySetRow row, DateTimeOffset now) =>
        Serves(row, now) ? new KeptDocument(row.Body!, now + BetweenFailures) : Unavailable(row.Failure ?? "it was never had");

    /// <summary>Whether what was had last may still be used.</summary>
    public static bool Serves(KeySetRow row, DateTimeOffset now) => row.Body is not null && row.FreshUntil + StaleIfError > now;

    private static OAuthError Unavailable(string failure) => OAuthError.TemporarilyUnavailable(failure);
}

/// <summary>Where a document is.</summary>
/// <param name="OfOperator">Whether an operator named it, or a host that he named: then it may be on this computer, and on private hosts
/// of the settings.</param>
public sealed record KeySource(Uri Url, bool OfOperator)
{
    /// <summary>In key_sets. What anybody may name is apart: failing there must not spoil what an operator named.</summary>
    public string Key => OfOperator ? Url.AbsoluteUri : Url.AbsoluteUri + "#public";
}

/// <summary>A document as it is stored, and until when it need not be looked at again.</summary>
public sealed record KeptDocument(byte[] Body, DateTimeOffset Until);
