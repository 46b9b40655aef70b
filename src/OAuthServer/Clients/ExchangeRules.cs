using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Clients;

/// <summary>
/// The rules of token exchange in memory, in order of actor and resource. An edit is heard within milliseconds; while the connection that
/// hears edits is away, every look goes to the database. What is decided by them, the deciding statement reads again.
/// </summary>
public sealed class ExchangeRules
{
    private readonly ExchangeRuleStore store;
    private readonly Notifications notifications;
    private volatile IReadOnlyList<ExchangeRuleRow>? remembered;
    private int generation;

    public ExchangeRules(ExchangeRuleStore store, Notifications notifications)
    {
        (this.store, this.notifications) = (store, notifications);
        notifications.Changed += what =>
        {
            // Actors are named in them.
            if (what is not (null or "exchange_rules") && !what.StartsWith("clients:", StringComparison.Ordinal)) return;
            Interlocked.Increment(ref generation);
            remembered = null;
        };
    }

    /// <summary>All of them, disabled ones too.</summary>
    public async ValueTask<IReadOnlyList<ExchangeRuleRow>> ReadAsync(CancellationToken cancel)
    {
        if (notifications.Listening && remembered is { } known) return known;
        var before = Volatile.Read(ref generation);
        IReadOnlyList<ExchangeRuleRow> read = await store.ListAsync(cancel);
        if (notifications.Listening && Volatile.Read(ref generation) == before) remembered = read;
        return read;
    }
}
