using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>A client in a list of its kind.</summary>
public sealed record ListedClient
{
    public required string ClientId { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required string AuthMethod { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Secrets that are not revoked.</summary>
    public required int Secrets { get; init; }

    /// <summary>When the last of them expires; null: one of them never does.</summary>
    public required DateTimeOffset? SecretsEndAt { get; init; }
}

/// <summary>A client as an administrator edits it.</summary>
public sealed record ClientForm
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] Scopes { get; init; }
    public required string[] DefaultScopes { get; init; }
    public required string[] Resources { get; init; }
    public required string? DefaultResource { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }
    public required int AccessTokenSeconds { get; init; }
    public required int RefreshTokenSeconds { get; init; }
    public required int RefreshIdleSeconds { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required string? Note { get; init; }

    /// <summary>Changes with every edit of the row, not with its use.</summary>
    public required string Version { get; init; }
}

/// <summary>What a client that is no operator's claimed of itself beyond its row, and where that is kept.</summary>
public sealed record ClaimedMetadata
{
    /// <summary>The open scopes it registered with; empty: any open one. Null: it did not register itself.</summary>
    public required string[]? Scope { get; init; }
    public required string? ClientUri { get; init; }
    public required string? LogoUri { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }

    /// <summary>When it last came back to its registration.</summary>
    public required DateTimeOffset? SeenAt { get; init; }

    /// <summary>When it deleted itself.</summary>
    public required DateTimeOffset? DeletedAt { get; init; }

    /// <summary>When its document was last fetched.</summary>
    public required DateTimeOffset? FetchedAt { get; init; }

    /// <summary>When its document was found gone.</summary>
    public required DateTimeOffset? GoneAt { get; init; }
}

/// <summary>Who and what still stands on a client.</summary>
public sealed record ClientImpact
{
    /// <summary>Grants that have been used and are not over.</summary>
    public required Figure Grants { get; init; }

    /// <summary>Whose they are.</summary>
    public required Figure People { get; init; }

    /// <summary>Access tokens issued within their life: at most so many are live.</summary>
    public required Figure Tokens { get; init; }
}

/// <summary>Which clients of a kind to list; null fits all.</summary>
public sealed record ClientSearch
{
    public required string Kind { get; init; }

    /// <summary>Part of the name or id, in any case; empty fits all.</summary>
    public required string Text { get; init; }

    /// <summary>operator, self-registered or document.</summary>
    public string? Origin { get; init; }
    public bool? Enabled { get; init; }
}

/// <summary>clients, as the administration reads them.</summary>
public sealed class ClientQueries(Database database)
{
    private const string Columns = """
        select c.client_id, c.name, c.origin, c.enabled, c.auth_method, c.created_at, c.last_used_at, s.secrets, s.secrets_end_at
          from page join clients c on c.client_id = page.client_id
         cross join lateral (
            select count(*)::int as secrets, case when bool_or(expires_at is null) then null else max(expires_at) end as secrets_end_at
              from client_secrets where client_id = c.client_id and revoked_at is null
         ) as s
        """;

    // Of the page first its ids, which the indexes hold, in order: however many are of other kinds.
    private const string Page = "with page as materialized (select c.client_id from clients c ";

    private const string Fits = """
        where c.kind = @kind and (@origin::text is null or c.origin = @origin) and (@enabled::boolean is null or c.enabled = @enabled)

        """;

    // Fewer than three characters are in no index: rows are read in order until enough have them, which takes long when few do.
    private const string Has = "and (position(lower(@text) in lower(c.name)) > 0 or position(lower(@text) in lower(c.client_id)) > 0) ";
    private const string HasTrigrams = "and trigrams(left(c.name, 256) || ' ' || c.client_id) @> trigrams(@text) " + Has;

    private const string Next =
        "and c.client_id > coalesce(@after, '') order by c.client_id limit @limit) " + Columns + " order by c.client_id";
    private const string Back =
        "and c.client_id < @before order by c.client_id desc limit @limit) " + Columns + " order by c.client_id desc";
    private const string Count = "select count(*)::int from (select from clients c " + Fits;
    private const string Most = "limit @most) as found";

    // What many have in their names, many of the next ones have: found before an index has told all of them.
    private const int Near = 5_000;
    private const string NearPage =
        "with page as materialized (select c.client_id from (select c.client_id, c.name from clients c " + Fits
            + "and c.client_id > coalesce(@after, '') order by c.client_id limit @near) as c where true ";

    public const string NearSql = NearPage + Has + "order by c.client_id limit @limit) " + Columns + " order by c.client_id";
    public const string ListSql = Page + Fits + Next;
    public const string ListBackSql = Page + Fits + Back;
    public const string CountSql = Count + Most;
    public const string FindSomeSql = Page + Fits + Has + Next;
    public const string FindSomeBackSql = Page + Fits + Has + Back;
    public const string CountSomeSql = Count + Has + Most;
    public const string SearchSql = Page + Fits + HasTrigrams + Next;
    public const string SearchBackSql = Page + Fits + HasTrigrams + Back;
    public const string CountFoundSql = Count + HasTrigrams + Most;

    /// <summary>A page of clients, by id.</summary>
    public async Task<Slice<ListedClient>> ListAsync(ClientSearch search, Cursor cursor, int length, CancellationToken cancel)
    {
        var values = new
        {
            kind = search.Kind,
            text = search.Text,
            origin = search.Origin,
            enabled = search.Enabled,
            after = cursor.After,
            before = cursor.Before,
            limit = length + 1,
            near = Near,
            most = Slice.MostCounted + 1,
        };
        if (search.Text.Length > 0 && cursor.Before is null
            && await database.ListAsync<ListedClient>(NearSql, values, cancel) is { } near && near.Count > length)
            return Slice.Of(near, cursor, length, length + 1) with { Most = length };

        var (next, back, count) = search.Text.Length switch
        {
            0 => (ListSql, ListBackSql, CountSql),
            < 3 => (FindSomeSql, FindSomeBackSql, CountSomeSql),
            _ => (SearchSql, SearchBackSql, CountFoundSql),
        };
        var found = await database.ListAsync<ListedClient>(cursor.Before is null ? next : back, values, cancel);
        return Slice.Of(found, cursor, length, await database.FindAsync<int>(count, values, cancel));
    }

    public const string FindSql =
        "select c.*, md5((to_jsonb(c) - 'last_used_at')::text) as version from clients c where client_id = @client";

    /// <summary>One client, or null.</summary>
    public Task<ClientForm?> FindAsync(string client, CancellationToken cancel) => database.FindAsync<ClientForm>(
        FindSql, new { client }, cancel);

    public const string ClaimedSql = """
        select r.scope, r.client_uri, r.logo_uri, coalesce(r.tos_uri, d.tos_uri) as tos_uri,
               coalesce(r.policy_uri, d.policy_uri) as policy_uri, r.seen_at, r.deleted_at, d.fetched_at, d.gone_at
          from clients c left join registrations r on r.client_id = c.client_id left join client_documents d on d.client_id = c.client_id
         where c.client_id = @client
        """;

    /// <summary>What it claimed of itself, or null when there is no such client.</summary>
    public Task<ClaimedMetadata?> ClaimedAsync(string client, CancellationToken cancel) => database.FindAsync<ClaimedMetadata>(
        ClaimedSql, new { client }, cancel);

    private const string Live = " from grants where client_id = @client and ended_at is null and expires_at > @now";

    public const string GrantsSql = "select" + Live;
    public const string PeopleSql = "select distinct subject" + Live;
    public const string TokensSql =
        "select from audit_events where client_id = @client and event = 'token' and outcome = 'ok' and at > @issued_since";

    /// <summary>What would end with it.</summary>
    /// <param name="issuedSince">Older access tokens have expired.</param>
    public async Task<ClientImpact> ReachAsync(string client, DateTimeOffset issuedSince, DateTimeOffset now, CancellationToken cancel)
    {
        var live = new { client, now = now.UtcDateTime };
        return new ClientImpact
        {
            Grants = await database.CountAsync(GrantsSql, live, cancel),
            People = await database.CountAsync(PeopleSql, live, cancel),
            Tokens = await database.CountAsync(
                TokensSql, Slice.MostCounted, new { client, issued_since = issuedSince.UtcDateTime }, cancel),
        };
    }

    public const string LastEditSql = """
        select * from audit_events
         where client_id = @client and event = 'edit' and event <> 'token' and detail like 'update clients %'
         order by at desc limit 1
        """;

    /// <summary>Who last changed the row: when and what; null when nobody did.</summary>
    public Task<AuditRow?> LastEditAsync(string client, CancellationToken cancel) => database.FindAsync<AuditRow>(
        LastEditSql, new { client }, cancel);
}
