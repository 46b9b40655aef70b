using System.Globalization;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>clients, as the administration and the commands read them: lists at the replica, where there is one.</summary>
public sealed class ClientQueries(Database database, Replica replica)
{
    private const string Columns = """
        select c.client_id, c.kind, c.name, c.origin, c.enabled, c.auth_method, c.created_at, c.last_used_at, s.secrets, s.secrets_end_at
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
    private const int IdsAtOnce = 500;
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

    // By when they were added; a cursor has the moment of its row before its id.
    private const string Later = "order by c.created_at desc, c.client_id desc";
    private const string Earlier = "order by c.created_at, c.client_id";
    public const string NewestSql = Page + Fits
        + "and (c.created_at, c.client_id) < (coalesce(@at::timestamptz, 'infinity'), coalesce(@after, '')) " + Later
        + " limit @limit) " + Columns + " " + Later;
    public const string NewestBackSql = Page + Fits
        + "and (c.created_at, c.client_id) > (@at::timestamptz, @before) " + Earlier + " limit @limit) " + Columns + " " + Earlier;
    public const string SearchSql = Page + Fits + HasTrigrams + Next;
    public const string SearchBackSql = Page + Fits + HasTrigrams + Back;
    public const string CountFoundSql = Count + HasTrigrams + Most;

    /// <summary>A page of clients, by id.</summary>
    public Task<Slice<ListedClient>> ListAsync(ClientSearch search, Cursor cursor, int length, CancellationToken cancel) =>
        replica.ReadAsync(from => ListAsync(from, search, cursor, length, cancel), cancel);

    private static async Task<Slice<ListedClient>> ListAsync(
        Database from, ClientSearch search, Cursor cursor, int length, CancellationToken cancel)
    {
        var newest = search.Newest && search.Text.Length == 0;
        var at = newest ? MomentOf(ref cursor) : null;
        var values = new
        {
            kind = search.Kind,
            at = at?.UtcDateTime,
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
            && await from.ListAsync<ListedClient>(NearSql, values, cancel) is { } near && near.Count > length)
            return Slice.Of(near, cursor, length, length + 1) with { Most = length };

        var (next, back, count) = search.Text.Length switch
        {
            0 when newest => (NewestSql, NewestBackSql, CountSql),
            0 => (ListSql, ListBackSql, CountSql),
            < 3 => (FindSomeSql, FindSomeBackSql, CountSomeSql),
            _ => (SearchSql, SearchBackSql, CountFoundSql),
        };
        var found = await from.ListAsync<ListedClient>(cursor.Before is null ? next : back, values, cancel);
        return Slice.Of(found, cursor, length, await from.FindAsync<int>(count, values, cancel));
    }

    /// <summary>The ids of all that fit, to act on, so never of the replica; null: more than <paramref name="most"/>.</summary>
    public async Task<List<string>?> IdsAsync(ClientSearch search, int most, CancellationToken cancel)
    {
        var (ids, cursor) = (new List<string>(), new Cursor(null, null));
        while (true)
        {
            var found = await ListAsync(database, search with { Newest = false }, cursor, Math.Min(most, IdsAtOnce), cancel);
            ids.AddRange(found.Rows.Select(client => client.ClientId));
            if (ids.Count > most || (ids.Count == most && found.HasNext)) return null;
            if (!found.HasNext) return ids;
            cursor = new Cursor(ids[^1], null);
        }
    }

    /// <summary>Where the page before or after a client begins.</summary>
    public static string KeyOf(ListedClient client, ClientSearch search) => search.Newest && search.Text.Length == 0
        ? $"{client.CreatedAt.UtcDateTime:O} {client.ClientId}" : client.ClientId;

    // Takes the moment out of a cursor; what has none begins at the start.
    private static DateTimeOffset? MomentOf(ref Cursor cursor)
    {
        var parts = (cursor.Before ?? cursor.After ?? "").Split(' ', 2);
        var hasMoment = DateTimeOffset.TryParse(parts[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment);
        cursor = !hasMoment || parts.Length < 2 ? new Cursor(null, null)
            : cursor.Before is null ? new Cursor(parts[1], null) : new Cursor(null, parts[1]);
        return cursor is { After: null, Before: null } ? null : moment;
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

    public const string GrantsOfTheseSql =
        "select from grants where client_id = any (@clients) and ended_at is null and expires_at > @now";

    /// <summary>How many live grants these clients have.</summary>
    public Task<Figure> GrantsAsync(string[] clients, DateTimeOffset now, CancellationToken cancel) =>
        database.CountAsync(GrantsOfTheseSql, new { clients, now = now.UtcDateTime }, cancel);

    public const string LastEditSql = """
        select * from audit_events
         where client_id = @client and event = 'edit' and event <> 'token' and detail like 'update clients %'
         order by at desc limit 1
        """;

    /// <summary>Who last changed the row: when and what; null when nobody did.</summary>
    public Task<AuditRow?> LastEditAsync(string client, CancellationToken cancel) => database.FindAsync<AuditRow>(
        LastEditSql, new { client }, cancel);
}
