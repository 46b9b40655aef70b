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

    private readonly SingleFlight<Result<byte[]>> flights = new();

    /// <summary>The document, fetched where it is not fresh; or why there is none.</summary>
    /// <param name="flawOf">Why a document cannot be used; null: it can. A bad one never takes the place of a good one.</param>
    public async Task<Result<byte[]>> ReadAsync(Uri url, Func<byte[], string?> flawOf, CancellationToken cancel)
    {
        var (row, now) = (await FindAsync(url, cancel), time.GetUtcNow());
        if (row is { Body: { } body } && row.FreshUntil > now) return body;
        if (row?.FailedAt > now - BetweenFailures) return FallBack(row, now);
        return await flights.JoinAsync(url.AbsoluteUri, () => FetchAsync(url, flawOf), cancel);
    }

    /// <summary>
    /// The document as it is now, for who looked for a key that it lacked: one fetch per document and minute, over all servers; for all
    /// others as it is stored by now.
    /// </summary>
    public async Task<Result<byte[]>> ReadAnewAsync(Uri url, Func<byte[], string?> flawOf, CancellationToken cancel)
    {
        if (await store.ClaimAsync(url.AbsoluteUri, time.GetUtcNow()))
            return await flights.JoinAsync(url.AbsoluteUri, () => FetchAsync(url, flawOf), cancel);
        return await FindAsync(url, cancel) is { Body: { } body } ? body : Unavailable("it was never had");
    }

    private async Task<Result<byte[]>> FetchAsync(Uri url, Func<byte[], string?> flawOf)
    {
        var fetched = await fetcher.CallAsync(new Call { Url = url }, CancellationToken.None);
        var now = time.GetUtcNow();
        var failure = fetched.Refused(out var error, out var answer) ? $"{error.Reason}: {error.Got}"
            : answer.Status != 200 ? $"its host answered {answer.Status}"
            : !answer.IsJson ? $"it is no JSON but {answer.Type ?? "of no type"}"
            : flawOf(answer.Body);
        if (failure is null)
        {
            var fresh = answer!.FreshFor is { } said ? TimeSpan.FromTicks(Math.Clamp(said.Ticks, LeastFresh.Ticks, MostFresh.Ticks))
                : LeastFresh;
            await store.KeepAsync(url.AbsoluteUri, answer.Body, now, now + fresh);
            return answer.Body;
        }

        if (failure.Length > LongestFailure) failure = failure[..LongestFailure];
        failure = VisibleText.Escape(failure.Replace("\0", "", StringComparison.Ordinal));
        await store.FailedAsync(url.AbsoluteUri, failure, now);
        return await FindAsync(url, CancellationToken.None) is { } row ? FallBack(row, now) : Unavailable(failure);
    }

    private async Task<KeySetRow?> FindAsync(Uri url, CancellationToken cancel) =>
        (await store.FindAsync([url.AbsoluteUri], cancel)).FirstOrDefault();

    private static Result<byte[]> FallBack(KeySetRow row, DateTimeOffset now) =>
        Serves(row, now) ? row.Body! : Unavailable(row.Failure ?? "it was never had");

    /// <summary>Whether what was had last may still be used.</summary>
    public static bool Serves(KeySetRow row, DateTimeOffset now) => row.Body is not null && row.FreshUntil + StaleIfError > now;

    private static OAuthError Unavailable(string failure) => OAuthError.TemporarilyUnavailable(failure);
}
