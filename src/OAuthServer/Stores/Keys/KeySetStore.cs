using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Keys;

/// <summary>A document of another host, as it was last fetched.</summary>
public sealed record KeySetRow
{
    public required string Uri { get; init; }

    /// <summary>Octet by octet; null: it was never had.</summary>
    public required byte[]? Body { get; init; }
    public required DateTimeOffset? FetchedAt { get; init; }
    public required DateTimeOffset? FreshUntil { get; init; }

    /// <summary>When fetching it failed last; null: not since it was had.</summary>
    public required DateTimeOffset? FailedAt { get; init; }
    public required string? Failure { get; init; }
}

/// <summary>key_sets: discovery documents and key sets of others, for all servers.</summary>
public sealed class KeySetStore(Database database)
{
    public const string FindSql =
        "select uri, body, fetched_at, fresh_until, failed_at, failure from key_sets where uri = any (@uris)";

    /// <summary>Those of these that were ever asked for.</summary>
    public Task<List<KeySetRow>> FindAsync(string[] uris, CancellationToken cancel) =>
        database.ListAsync<KeySetRow>(FindSql, new { uris }, cancel);

    // A document that was fetched earlier never replaces one fetched later.
    public const string KeepSql = """
        insert into key_sets (uri, body, fetched_at, fresh_until) values (@uri, @body, @now, @fresh)
        on conflict (uri) do update
           set body = excluded.body, fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until, failed_at = null, failure = null
         where key_sets.fetched_at is null or key_sets.fetched_at <= excluded.fetched_at
        """;

    /// <summary>A good document.</summary>
    public Task KeepAsync(string uri, byte[] body, DateTimeOffset now, DateTimeOffset fresh) => database.ExecuteAsync(
        KeepSql, new { uri, body, now = now.UtcDateTime, fresh = fresh.UtcDateTime }, CancellationToken.None);

    public const string FailedSql = """
        insert into key_sets (uri, failed_at, failure) values (@uri, @now, @failure)
        on conflict (uri) do update set failed_at = excluded.failed_at, failure = excluded.failure
        """;

    /// <summary>It could not be had; the last good one stays.</summary>
    public Task FailedAsync(string uri, string failure, DateTimeOffset now) =>
        database.ExecuteAsync(FailedSql, new { uri, failure, now = now.UtcDateTime }, CancellationToken.None);

    public const string ClaimSql = """
        update key_sets set refetched_at = @now
         where uri = @uri and (refetched_at is null or refetched_at <= @now::timestamptz - interval '1 minute')
        """;

    /// <summary>Whether this server may fetch it anew for a key that it lacks: one server, once a minute.</summary>
    public async Task<bool> ClaimAsync(string uri, DateTimeOffset now) =>
        await database.ExecuteAsync(ClaimSql, new { uri, now = now.UtcDateTime }, CancellationToken.None) == 1;

    public const string DropSql = """
        with gone as (
            delete from key_sets where uri = any (@uris) returning uri
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, actor, detail)
            select @now, @request, 'key-set', 'ok', @client, @actor, 'dropped: ' || uri from gone
        )
        select count(*)::int from gone
        """;

    /// <summary>Forgets them, so that every server fetches them anew; returns how many there were.</summary>
    /// <param name="client">Whose keys they are, for the audit log.</param>
    public Task<int> DropAsync(string[] uris, string client, Author author, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<int>(DropSql,
            new { uris, client, actor = author.Name, request = author.RequestId, now = now.UtcDateTime }, cancel);

    public const string UsesSql = "select thumbprint, last_used_at from client_key_uses where client_id = @client";

    /// <summary>When a client last proved itself by which key.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> UsesAsync(string client, CancellationToken cancel) =>
        (await database.ListAsync<KeyUse>(UsesSql, new { client }, cancel)).ToDictionary(use => use.Thumbprint, use => use.LastUsedAt);

    private sealed record KeyUse
    {
        public required string Thumbprint { get; init; }
        public required DateTimeOffset LastUsedAt { get; init; }
    }

    public const string SweepSql = """
        with gone as materialized (
            select uri from key_sets
             where coalesce(greatest(fetched_at, failed_at), '-infinity') < @now::timestamptz - interval '7 days'
             limit 500 for update skip locked
        )
        delete from key_sets using gone where key_sets.uri = gone.uri
        """;

    /// <summary>Removes a small batch that nobody asked for in a week; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);
}
