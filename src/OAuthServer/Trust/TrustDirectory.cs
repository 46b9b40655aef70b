using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Trust;

/// <summary>
/// Trusted issuers and their rules in memory. An edit is heard within milliseconds; while the connection that hears edits is away, every
/// look goes to the database.
/// </summary>
public sealed class TrustDirectory
{
    private readonly TrustStore store;
    private readonly Notifications notifications;
    private readonly Settings settings;
    private volatile Snapshot? remembered;
    private int generation;
    private bool isNamed;

    public TrustDirectory(TrustStore store, Notifications notifications, Settings settings)
    {
        (this.store, this.notifications, this.settings) = (store, notifications, settings);
        notifications.Changed += what =>
        {
            if (what is not (null or "trusted_issuers" or "assertion_rules")) return;
            Interlocked.Increment(ref generation);
            remembered = null;
        };
    }

    /// <summary>All of them, disabled ones too.</summary>
    public ValueTask<Snapshot> ReadAsync(CancellationToken cancel) =>
        notifications.Listening && remembered is { } known ? new(known) : new(ReadAnewAsync(cancel));

    private async Task<Snapshot> ReadAnewAsync(CancellationToken cancel)
    {
        var before = Volatile.Read(ref generation);
        if (!isNamed)
        {
            await store.NameAsync(settings.Issuer, cancel);
            isNamed = true;
        }

        var issuers = await store.IssuersAsync(cancel);
        var rules = (await store.RulesAsync(cancel)).Select(row => new Rule(row)).ToLookup(rule => rule.Row.Issuer, StringComparer.Ordinal);
        var read = new Snapshot(
            [.. issuers.Where(row => row.Issuer != settings.Issuer).Select(row => new Issuer(row, [.. rules[row.Issuer]]))]);
        if (notifications.Listening && Volatile.Read(ref generation) == before) remembered = read;
        return read;
    }

    /// <summary>Issuers and rules as they stood together.</summary>
    public sealed class Snapshot(IReadOnlyList<Issuer> issuers)
    {
        private readonly Dictionary<string, Issuer> byId = issuers.ToDictionary(issuer => issuer.Id, StringComparer.Ordinal);

        public IReadOnlyList<Issuer> Issuers => issuers;

        /// <summary>Whether any assertion is taken.</summary>
        public bool HasEnabled { get; } = issuers.Any(issuer => issuer.Row.Enabled);

        /// <summary>Whether any about a person is.</summary>
        public bool HasPeople { get; } = issuers.Any(issuer => issuer.Row.Enabled && issuer.SpeaksForPeople);

        /// <summary>The issuer of this name, enabled or not, or null.</summary>
        public Issuer? Find(string? issuer) => issuer is null ? null : byId.GetValueOrDefault(issuer);
    }
}
