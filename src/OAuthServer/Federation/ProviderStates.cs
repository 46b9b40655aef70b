using OAuthServer.Fetch;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Federation;

/// <summary>Whether people can be sent to a provider.</summary>
/// <param name="Problem">Why not, for operators; null: they can.</param>
public sealed record ProviderState(Provider Provider, string? Problem);

/// <summary>Which providers are offered: those that are enabled, have their secret and can be reached.</summary>
public sealed class ProviderStates(ProviderDirectory directory, Upstreams upstreams, KeySetStore sets, TimeProvider time)
{
    // One that was never asked is waited for, as long as a page can wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Those that are offered, in the order of their buttons.</summary>
    public async Task<IReadOnlyList<Provider>> OfferedAsync(CancellationToken cancel) =>
        [.. (await ReadAsync(cancel)).Where(one => one.Problem is null).Select(one => one.Provider)];

    /// <summary>All of them.</summary>
    public async Task<IReadOnlyList<ProviderState>> ReadAsync(CancellationToken cancel) =>
        await Task.WhenAll((await directory.ReadAsync(cancel)).Select(one => OfAsync(one, cancel)));

    /// <summary>One of them, as its row stands.</summary>
    public async Task<ProviderState> OfAsync(Provider provider, CancellationToken cancel)
    {
        if (!provider.Row.Enabled) return new ProviderState(provider, "disabled");
        if (!provider.HasSecret) return new ProviderState(provider, "its secret is missing: oauth-server providers secret " + provider.Id);
        // The document first, then the keys where it says they are.
        var known = await FindAsync(ProviderMetadata.PlaceOf(provider.Row.Issuer), cancel);
        if (known is { Body: { } body } && KeySets.Serves(known, time.GetUtcNow()) && upstreams.JwksUriOf(provider, body) is { } keys)
        {
            known = await FindAsync(keys, cancel);
            if (known is not null && KeySets.Serves(known, time.GetUtcNow())) return new ProviderState(provider, null);
        }

        var read = upstreams.ReadAsync(provider, cancel);
        // Of one that failed nobody waits: when it is there again, the next page has it.
        if (known is { FailedAt: not null })
        {
            _ = read.ContinueWith(late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
            return new ProviderState(provider, known.Failure);
        }

        try
        {
            return (await read.WaitAsync(Patience, cancel)).Refused(out var error, out _) ? new ProviderState(provider, error.Reason)
                : new ProviderState(provider, null);
        }
        catch (TimeoutException)
        {
            return new ProviderState(provider, "it has not answered yet");
        }
    }

    private async Task<KeySetRow?> FindAsync(Uri place, CancellationToken cancel) =>
        (await sets.FindAsync([place.AbsoluteUri], cancel)).FirstOrDefault();
}
