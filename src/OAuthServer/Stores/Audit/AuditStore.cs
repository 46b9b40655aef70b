using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Audit;

/// <summary>audit_events, as it is searched: the replica, where there is one.</summary>
public sealed class AuditStore(Database database, Replica replica)
{
    private const string FindSql = "select * from audit_events where at = @at and request_id = @request limit 1000";

    /// <summary>
    /// What was decided for one request: all its rows are of the millisecond its id carries, and 1000 are told. An id without one finds
    /// nothing.
    /// </summary>
    public async Task<List<AuditRow>> FindAsync(string request, CancellationToken cancel) =>
        TimedId.TimeOf(request) is { } at ? await database.ListAsync<AuditRow>(FindSql, new { at = at.UtcDateTime, request }, cancel) : [];

    private const string ScanSql = "select * from audit_events where request_id = @request order by at limit 1000";

    /// <summary>The same for an id that carries no time, as those had before 0.1.0: reads the whole log.</summary>
    public Task<List<AuditRow>> ScanAsync(string request, CancellationToken cancel) =>
        replica.ReadAsync(from => from.ListAsync<AuditRow>(ScanSql, new { request }, cancel), cancel);

    // One of these for each index, so that a plan made for all values is a good one, too.
    private const string All = "audit_events where true";
    private const string OfRequest = "audit_events where at = @at and request_id = @request";
    private const string OfClient = "audit_events where client_id = @client";
    private const string OfClientAndEvent = "audit_events where client_id = @client and event = @event and event <> 'token'";
    private const string OfClientRefused = "audit_events where client_id = @client and outcome = 'refused'";
    private const string OfSubject = "audit_events where subject = @subject and subject is distinct from client_id";
    private const string OfEvent = "audit_events where event = @event and event <> 'token'";
    private const string OfEventRefused = "audit_events where event = @event and outcome = 'refused'";
    private const string OfRefused = "audit_events where outcome = 'refused'";

    private const string Fits = Others
        + "and at >= coalesce(@since::timestamptz, '-infinity') and at < coalesce(@before::timestamptz, 'infinity')\n";

    // As a range of the client's own index: of a bare range of times, the planner expects next to nothing, and reads them all.
    private const string FitsClient = Others + """
        and (client_id, at) >= (@client, coalesce(@since::timestamptz, '-infinity'))
           and (client_id, at) < (@client, coalesce(@before::timestamptz, 'infinity'))

        """;
    private const string FitsClientAndEvent = Others + """
        and (client_id, event, at) >= (@client, @event, coalesce(@since::timestamptz, '-infinity'))
           and (client_id, event, at) < (@client, @event, coalesce(@before::timestamptz, 'infinity'))

        """;

    private const string Others = """

           and (@client::text is null or client_id = @client) and (@subject::text is null or subject = @subject)
           and (@event::text is null or event = @event) and (@outcome::text is null or outcome = @outcome)
           and (@request::text is null or (at = @at and request_id = @request))
           
        """;

    // Rows of one moment stay together, so that the next page can begin before it. A request that wrote thousands at once is shown
    // by its first thousand.
    private const string Page = "select * from (select * from ";
    private const string Newest = Fits + "order by at desc fetch first (@limit::int) rows with ties) as page limit @limit + 1000";
    private const string Next = Fits + "and at > @after order by at fetch first (@limit::int) rows with ties) as page limit @limit + 1000";
    private const string Count = "select count(*)::int from (select from ";
    private const string MostOf = "limit @limit) as found";
    private const string Most = Fits + MostOf;

    private const string SearchSql = Page + All + Newest;
    private const string SearchRequestSql = Page + OfRequest + Newest;
    private const string SearchClientSql = Page + OfClient + Newest;
    private const string SearchClientAndEventSql = Page + OfClientAndEvent + Newest;
    private const string SearchClientRefusedSql = Page + OfClientRefused + Newest;
    private const string SearchSubjectSql = Page + OfSubject + Newest;
    private const string SearchEventSql = Page + OfEvent + Newest;
    private const string SearchEventRefusedSql = Page + OfEventRefused + Newest;
    private const string SearchRefusedSql = Page + OfRefused + Newest;

    // Few that fit, of a client of which there are many rows, are read by the client's own index and then sorted: in order, the planner
    // expects to meet them soon.
    private const string Sorted = "offset 0) as few order by at desc fetch first (@limit::int) rows with ties) as page limit @limit + 1000";
    private const string SortedNext = "and at - @after::timestamptz > interval '0' "
        + "offset 0) as few order by at fetch first (@limit::int) rows with ties) as page limit @limit + 1000";
    private const string Few = "select * from (select * from (select * from ";
    private const int MostFew = 1000;

    private const string FewClientAndEventSql = Few + OfClientAndEvent + FitsClientAndEvent + Sorted;
    private const string FewClientRefusedSql = Few + OfClientRefused + FitsClient + Sorted;
    private const string FewBackClientAndEventSql = Few + OfClientAndEvent + FitsClientAndEvent + SortedNext;
    private const string FewBackClientRefusedSql = Few + OfClientRefused + FitsClient + SortedNext;

    private const string SearchBackSql = Page + All + Next;
    private const string SearchBackRequestSql = Page + OfRequest + Next;
    private const string SearchBackClientSql = Page + OfClient + Next;
    private const string SearchBackClientAndEventSql = Page + OfClientAndEvent + Next;
    private const string SearchBackClientRefusedSql = Page + OfClientRefused + Next;
    private const string SearchBackSubjectSql = Page + OfSubject + Next;
    private const string SearchBackEventSql = Page + OfEvent + Next;
    private const string SearchBackEventRefusedSql = Page + OfEventRefused + Next;
    private const string SearchBackRefusedSql = Page + OfRefused + Next;

    private const string CountSql = Count + All + Most;
    private const string CountRequestSql = Count + OfRequest + Most;
    private const string CountClientSql = Count + OfClient + Most;
    private const string CountClientAndEventSql = Count + OfClientAndEvent + FitsClientAndEvent + MostOf;
    private const string CountClientRefusedSql = Count + OfClientRefused + FitsClient + MostOf;
    private const string CountSubjectSql = Count + OfSubject + Most;
    private const string CountEventSql = Count + OfEvent + Most;
    private const string CountEventRefusedSql = Count + OfEventRefused + Most;
    private const string CountRefusedSql = Count + OfRefused + Most;

    private const string Every = "select * from ";
    private const string InOrder = Fits + "order by at desc limit @limit";

    private const string ExportSql = Every + All + InOrder;
    private const string ExportRequestSql = Every + OfRequest + InOrder;
    private const string ExportClientSql = Every + OfClient + InOrder;
    private const string ExportClientAndEventSql = Every + OfClientAndEvent + InOrder;
    private const string ExportClientRefusedSql = Every + OfClientRefused + InOrder;
    private const string ExportSubjectSql = Every + OfSubject + InOrder;
    private const string ExportEventSql = Every + OfEvent + InOrder;
    private const string ExportEventRefusedSql = Every + OfEventRefused + InOrder;
    private const string ExportRefusedSql = Every + OfRefused + InOrder;

    /// <summary>
    /// The newest rows that fit, or the oldest after <see cref="AuditSearch.After"/>, and all that are as old as the last of them;
    /// the newest first.
    /// </summary>
    public Task<List<AuditRow>> SearchAsync(AuditSearch search, CancellationToken cancel) =>
        replica.ReadAsync(from => SearchAsync(from, search, cancel), cancel);

    private static async Task<List<AuditRow>> SearchAsync(Database from, AuditSearch search, CancellationToken cancel)
    {
        var statements = StatementsFor(search);
        var (newest, next) = statements.OfFew is { } ofFew && await CountAsync(from, search with { Limit = MostFew + 1 }, cancel) <= MostFew
            ? ofFew : (statements.Newest, statements.Next);
        var rows = await from.ListAsync<AuditRow>(search.After is null ? newest : next, Values(search), cancel);
        if (search.After is not null) rows.Reverse();
        return rows;
    }

    /// <summary>All that fit, the newest first and at most <see cref="AuditSearch.Limit"/>, as they are read.</summary>
    public IAsyncEnumerable<AuditRow> ExportAsync(AuditSearch search, CancellationToken cancel) =>
        replica.StreamAsync<AuditRow>(StatementsFor(search).Export, Values(search), cancel);

    /// <summary>How many rows fit, at most <see cref="AuditSearch.Limit"/>.</summary>
    public Task<int> CountAsync(AuditSearch search, CancellationToken cancel) =>
        replica.ReadAsync(from => CountAsync(from, search, cancel), cancel);

    private static Task<int> CountAsync(Database from, AuditSearch search, CancellationToken cancel) =>
        from.FindAsync<int>(StatementsFor(search).Count, Values(search), cancel);

    // The narrowest first.
    private static Statements StatementsFor(AuditSearch search) => search switch
    {
        { Request: not null } => new(SearchRequestSql, SearchBackRequestSql, CountRequestSql, ExportRequestSql),
        { Subject: not null } => new(SearchSubjectSql, SearchBackSubjectSql, CountSubjectSql, ExportSubjectSql),
        { Client: not null, Event: not (null or "token") } =>
            new(SearchClientAndEventSql, SearchBackClientAndEventSql, CountClientAndEventSql, ExportClientAndEventSql)
            {
                OfFew = (FewClientAndEventSql, FewBackClientAndEventSql),
            },
        { Client: not null, Outcome: "refused" } =>
            new(SearchClientRefusedSql, SearchBackClientRefusedSql, CountClientRefusedSql, ExportClientRefusedSql)
            {
                OfFew = (FewClientRefusedSql, FewBackClientRefusedSql),
            },
        { Client: not null } => new(SearchClientSql, SearchBackClientSql, CountClientSql, ExportClientSql),
        { Event: not null, Outcome: "refused" } =>
            new(SearchEventRefusedSql, SearchBackEventRefusedSql, CountEventRefusedSql, ExportEventRefusedSql),
        { Event: not (null or "token") } => new(SearchEventSql, SearchBackEventSql, CountEventSql, ExportEventSql),
        { Outcome: "refused" } => new(SearchRefusedSql, SearchBackRefusedSql, CountRefusedSql, ExportRefusedSql),
        _ => new(SearchSql, SearchBackSql, CountSql, ExportSql),
    };

    private static object Values(AuditSearch search) => new
    {
        client = search.Client,
        subject = search.Subject,
        @event = search.Event,
        outcome = search.Outcome,
        request = search.Request,
        at = search.Request is { } id ? TimedId.TimeOf(id)?.UtcDateTime : null,
        since = search.Since?.UtcDateTime,
        before = search.Before?.UtcDateTime,
        after = search.After?.UtcDateTime,
        limit = search.Limit,
    };

    private const string TokensSql =
        "select count(*)::int from audit_events where at >= @since and at < @until and event = 'token' and outcome = 'ok'";

    /// <summary>How many access tokens were issued between two moments.</summary>
    public Task<int> TokensAsync(DateTimeOffset since, DateTimeOffset until, CancellationToken cancel) =>
        database.FindAsync<int>(TokensSql, new { since = since.UtcDateTime, until = until.UtcDateTime }, cancel);

    public const string KeepSql = "select waits, strays from audit_keep(@months)";

    /// <summary>Makes the partitions of this and the next two months, or drops one that is older than so many months.</summary>
    public async Task<AuditMonths> MaintainAsync(int months, CancellationToken cancel) =>
        (await database.FindAsync<AuditMonths>(KeepSql, new { months }, cancel))!;

    // What one kind of search needs.
    private sealed record Statements(string Newest, string Next, string Count, string Export)
    {
        /// <summary>The two for few rows; null: the index alone has them in order.</summary>
        public (string Newest, string Next)? OfFew { get; init; }
    }
}
