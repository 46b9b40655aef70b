using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Clients;

/// <summary>Resources and scopes in memory, and the rules of who may ask for which.</summary>
public sealed partial class ResourceDirectory
{
    private readonly ResourceStore store;
    private readonly Notifications notifications;
    private readonly KeyRing keys;
    private readonly Settings settings;
    private volatile Snapshot? remembered;
    private int generation;

    public ResourceDirectory(ResourceStore store, Notifications notifications, KeyRing keys, Settings settings)
    {
        (this.store, this.notifications, this.keys, this.settings) = (store, notifications, keys, settings);
        notifications.Changed += what =>
        {
            if (what is not (null or "resources" or "resource_texts" or "scopes" or "scope_texts" or "claim_rules")) return;
            Interlocked.Increment(ref generation);
            remembered = null;
        };
    }

    /// <summary>All resources and scopes at this moment.</summary>
    public async ValueTask<Snapshot> ReadAsync(CancellationToken cancel)
    {
        // Without id_tokens their scopes mean nothing.
        var isProvider = keys.SignsIdTokens;
        if (notifications.Listening && remembered is { } known && known.IsProvider == isProvider) return known;
        var before = Volatile.Read(ref generation);
        var scopes = await store.ScopesAsync(cancel);
        if (!isProvider) scopes.RemoveAll(scope => scope.Identity);
        var read = new Snapshot(await store.ResourcesAsync(cancel), scopes, await store.TextsAsync(cancel),
            await store.ClaimRulesAsync(cancel), settings)
        { IsProvider = isProvider };
        if (notifications.Listening && Volatile.Read(ref generation) == before) remembered = read;
        return read;
    }
}

/// <summary>What a request, a grant or a token is for, decided together.</summary>
/// <param name="Resources">In their registered spelling; one for a token.</param>
/// <param name="Scope">What belongs to them, never empty, without offline_access.</param>
public sealed record Target(string[] Resources, string[] Scope)
{
    /// <summary>The one resource of a token.</summary>
    public string Resource => Resources[0];

    /// <summary>The scope as tokens carry it.</summary>
    public string ScopeText => field ??= Protocol.Scope.Join(Scope);
}
