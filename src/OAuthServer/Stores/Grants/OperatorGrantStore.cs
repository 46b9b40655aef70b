using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>
/// grants, as operators list them, at the replica where there is one, and end them. Ids are UUIDv7: the newest has the highest.
/// </summary>
public sealed class OperatorGrantStore(Database database, Replica replica)
{
    /// <summary>So many end in one transaction, and hold its locks.</summary>
    private const int MostAtOnce = 500;

    // What rules of workloads stand on has no person and no end: it is listed with its rule.
    private const string Fits = """
        kind <> 'workload' and ended_at is null and expires_at > @now and (@client::text is null or client_id = @client)
           and (@subject::uuid is null or subject = @subject) and (@resource::text is null or resources @> array[@resource::text])

        """;

    private const string Next = "and id < coalesce(@after::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ";
    private const string Back = "and id > @before::uuid ";
    private const string NextPage = "order by id desc limit @limit";
    private const string BackPage = "order by id limit @limit";
    private const string Columns = """
        ) select g.id, g.client_id, c.name as client_name, g.subject, u.username, g.kind, g.scope, g.resources, g.offline, g.created_at,
                 coalesce(g.rotated_at, g.activated_at) as last_used_at, g.expires_at, g.jkt
            from page g join clients c on c.client_id = g.client_id join users u on u.subject = g.subject

        """;
    private const string NextOrder = Columns + "order by g.id desc";
    private const string BackOrder = Columns + "order by g.id";

    // What many grants have, many of the next ones have. What few have is found by its own index and sorted then: in order, the planner
    // expects to meet it soon.
    private const string Page = "with page as materialized (select * from ";
    private const string Near = "(select * from grants where true ";
    private const string NearFits = "limit 5000) as near where " + Fits;
    private const string OfSubject = "(select * from grants where subject = @subject and ";
    private const string OfClient = "(select * from grants where client_id = @client and ";
    private const string OfResource = "(select * from grants where resources @> array[@resource::text] and ";
    private const string Few = "offset 0) as few ";

    public const string NearSql = Page + Near + Next + "order by id desc " + NearFits + NextPage + NextOrder;
    public const string NearBackSql = Page + Near + Back + "order by id " + NearFits + BackPage + BackOrder;
    public const string AllSql = Page + "grants where " + Fits + Next + NextPage + NextOrder;
    public const string AllBackSql = Page + "grants where " + Fits + Back + BackPage + BackOrder;
    public const string OfSubjectSql = Page + OfSubject + Fits + Next + Few + NextPage + NextOrder;
    public const string OfSubjectBackSql = Page + OfSubject + Fits + Back + Few + BackPage + BackOrder;
    public const string OfClientSql = Page + OfClient + Fits + Next + Few + NextPage + NextOrder;
    public const string OfClientBackSql = Page + OfClient + Fits + Back + Few + BackPage + BackOrder;
    public const string OfResourceSql = Page + OfResource + Fits + Next + Few + NextPage + NextOrder;
    public const string OfResourceBackSql = Page + OfResource + Fits + Back + Few + BackPage + BackOrder;

    /// <summary>A page of live grants, those included whose code has not been redeemed; the newest first, unless the oldest are.</summary>
    /// <param name="cursor">Ids of grants; what is none begins at the start.</param>
    public async Task<Slice<ListedGrant>> ListAsync(
        GrantSearch search, Cursor cursor, int length, DateTimeOffset now, CancellationToken cancel)
    {
        Guid? after = Guid.TryParse(cursor.After, out var from) ? from : null;
        Guid? before = Guid.TryParse(cursor.Before, out var until) ? until : null;
        // Upwards: the page before, of a list that begins with the newest.
        var back = (before is not null) != search.Oldest;
        var values = new
        {
            client = search.Client,
            subject = search.Subject,
            resource = search.Resource,
            now = now.UtcDateTime,
            after = search.Oldest ? before : after,
            before = search.Oldest ? after ?? Guid.Empty : before,
            limit = length + 1,
        };
        var (near, own) = search switch
        {
            { Subject: not null } => (false, back ? OfSubjectBackSql : OfSubjectSql),
            { Client: not null } => (true, back ? OfClientBackSql : OfClientSql),
            { Resource: not null } => (true, back ? OfResourceBackSql : OfResourceSql),
            _ => (false, back ? AllBackSql : AllSql),
        };
        var found = await replica.ReadAsync(async from =>
        {
            var some = near ? await from.ListAsync<ListedGrant>(back ? NearBackSql : NearSql, values, cancel) : [];
            return some.Count <= length ? await from.ListAsync<ListedGrant>(own, values, cancel) : some;
        }, cancel);
        return Slice.Of(found, new Cursor(after?.ToString(), before?.ToString()), length, total: 0);
    }

    public const string CountSql = "select from grants where " + Fits;
    public const string PeopleSql = "select distinct subject from grants where " + Fits;
    public const string ClientsSql = "select distinct client_id from grants where " + Fits;

    /// <summary>How many there are.</summary>
    public Task<Figure> CountAsync(GrantSearch search, DateTimeOffset now, CancellationToken cancel) =>
        replica.ReadAsync(from => CountAsync(from, search, now, cancel), cancel);

    private static async Task<Figure> CountAsync(Database from, GrantSearch search, DateTimeOffset now, CancellationToken cancel) =>
        Known(search, await from.CountAsync(CountSql, Values(search, now), cancel));

    /// <summary>What would end with them.</summary>
    public async Task<GrantImpact> ImpactAsync(GrantSearch search, DateTimeOffset now, CancellationToken cancel)
    {
        var grants = await CountAsync(database, search, now, cancel);
        var one = new Figure(Math.Min(grants.Rows, 1), Exactness.Exact);
        return new GrantImpact
        {
            Grants = grants,
            People = search.Subject is not null ? one : Known(search, await database.CountAsync(PeopleSql, Values(search, now), cancel)),
            Clients = search.Client is not null ? one : Known(search, await database.CountAsync(ClientsSql, Values(search, now), cancel)),
        };
    }

    private const string OfThese = " from grants where id = any (@ids) and ended_at is null and expires_at > @now";
    public const string CountTheseSql = "select count(*)" + OfThese;
    public const string PeopleOfTheseSql = "select count(distinct subject)" + OfThese;
    public const string ClientsOfTheseSql = "select count(distinct client_id)" + OfThese;

    /// <summary>What would end with these, few enough to be counted.</summary>
    public async Task<GrantImpact> ImpactAsync(Guid[] ids, DateTimeOffset now, CancellationToken cancel)
    {
        var values = new { ids, now = now.UtcDateTime };
        return new GrantImpact
        {
            Grants = new(await database.FindAsync<long>(CountTheseSql, values, cancel), Exactness.Exact),
            People = new(await database.FindAsync<long>(PeopleOfTheseSql, values, cancel), Exactness.Exact),
            Clients = new(await database.FindAsync<long>(ClientsOfTheseSql, values, cancel), Exactness.Exact),
        };
    }

    public const string FindSql = """
        with page as materialized (select * from grants where id = @id and kind <> 'workload' and ended_at is null and expires_at > @now
        """ + Columns;

    /// <summary>One live grant, or null.</summary>
    public Task<ListedGrant?> FindAsync(Guid id, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<ListedGrant>(FindSql, new { id, now = now.UtcDateTime }, cancel);

    // In order of id, as whoever locks several grants does.
    private const string End = """
        ), locked as (
            select g.id from grants g join chosen on chosen.id = g.id order by g.id for no key update of g
        ), ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_admin' from locked
             where grants.id = locked.id and ended_at is null
            returning grants.id, client_id, subject
        ), forgotten as (
            delete from consents using ended where consents.subject = ended.subject and consents.client_id = ended.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, actor, detail)
            select @now, @request, 'revocation', 'ok', client_id, subject::text, id, @address, @actor,
                   'by an administrator: the grant and its tokens'
              from ended
        )
        select count(*) from ended
        """;
    public const string EndTheseSql = "with chosen as materialized (select unnest(@ids::uuid[]) as id" + End;

    public const string IdsOfSubjectSql = "select id from " + OfSubject + Fits + Few;
    public const string IdsOfClientSql = "select id from " + OfClient + Fits + Few;
    public const string IdsOfResourceSql = "select id from " + OfResource + Fits + Few;

    /// <summary>
    /// Ends all that fit, some at a time, and forgets their consents, so that the clients have to ask again. How many were ended.
    /// </summary>
    /// <param name="search">Never all grants there are.</param>
    /// <param name="author">With a request id: each grant has a row of the audit log under it.</param>
    /// <param name="progress">Gets how many are done, and of how many.</param>
    public async Task<long> EndAsync(GrantSearch search, Author author, DateTimeOffset now, Action<int, int>? progress = null)
    {
        var sql = search switch
        {
            { Subject: not null } => IdsOfSubjectSql,
            { Client: not null } => IdsOfClientSql,
            { Resource: not null } => IdsOfResourceSql,
            _ => throw new ArgumentException("nothing says which grants", nameof(search)),
        };
        var (ended, before) = (0L, -1L);
        // Those that were given meanwhile, too.
        while (before != ended)
        {
            before = ended;
            // Read once: to look for the next ones among those that have ended takes the longer, the more of them there are.
            var ids = new List<Guid>();
            await foreach (var id in database.StreamAsync<Guid>(sql, Values(search, now), CancellationToken.None)) ids.Add(id);
            var done = 0;
            foreach (var some in ids.Chunk(MostAtOnce))
            {
                // Each part waits for PostgreSQL as one request does.
                DatabaseBudget.Begin();
                ended += await EndAsync(some, author, now);
                progress?.Invoke(done += some.Length, ids.Count);
            }
        }

        return ended;
    }

    /// <summary>The same for these. How many were live.</summary>
    public Task<long> EndAsync(Guid[] ids, Author author, DateTimeOffset now) => database.FindAsync<long>(EndTheseSql, new
    {
        ids,
        request = author.RequestId,
        address = author.Address,
        actor = author.Name,
        now = now.UtcDateTime,
    }, CancellationToken.None);

    /// <summary>What an operator would type to end these grants.</summary>
    public static string EndText(Guid[] ids) => EndText($"id in ({string.Join(", ", ids.Select(SqlText.Quote))})");

    /// <summary>What an operator would type to end all that fit.</summary>
    public static string EndText(GrantSearch search) => EndText(string.Join(" and ", new[]
    {
        search.Client is { } client ? $"client_id = {SqlText.Quote(client)}" : null,
        search.Subject is { } subject ? $"subject = {SqlText.Quote(subject)}" : null,
        search.Resource is { } resource ? $"resources @> array[{SqlText.Quote(resource)}]" : null,
    }.OfType<string>()));

    private static string EndText(string which) => $"""
        with ended as (
            update grants set ended_at = now(), ended_reason = 'revoked_by_admin'
             where {which} and ended_at is null
            returning subject, client_id
        )
        delete from consents using ended where consents.subject = ended.subject and consents.client_id = ended.client_id;
        """;

    // An element of an array: the statistics name the frequent ones only, and of another the planner expects half of what it may be.
    private static Figure Known(GrantSearch search, Figure counted) => search.Resource is not null && counted.Exactness == Exactness.About
        ? Figure.About(2.0 * counted.Rows) with { Exactness = Exactness.AtMost } : counted;

    private static object Values(GrantSearch search, DateTimeOffset now) =>
        new { client = search.Client, subject = search.Subject, resource = search.Resource, now = now.UtcDateTime };
}
