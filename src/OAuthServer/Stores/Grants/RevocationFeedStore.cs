using System.Globalization;
using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>An entry of the feed: what died, and when the last token it concerns expires.</summary>
public sealed record RevocationRow
{
    public required long Id { get; init; }
    public required string Xid { get; init; }

    /// <summary>jti, grant, client_id or kid.</summary>
    public required string Kind { get; init; }
    public required string Value { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>
/// How far a reader has read: the last snapshot it has seen whole and, within a long answer, the page after it. Rows are never
/// judged by their number, which a transaction may take long before it commits.
/// </summary>
public sealed record FeedPosition
{
    /// <summary>pg_snapshot: everything it saw has been handed out. Null: nothing yet.</summary>
    public string? Seen { get; init; }

    /// <summary>
    /// The timeline of PostgreSQL it was made on. A standby that is promoted begins another, and gives transactions numbers that the
    /// primary before it had given to others. Null: a server made it that did not know.
    /// </summary>
    public string? Timeline { get; init; }

    /// <summary>pg_snapshot the pages of one long answer share; null between answers.</summary>
    public string? Upto { get; init; }
    public string? AfterXid { get; init; }
    public long AfterId { get; init; }

    /// <summary>
    /// Whether PostgreSQL can read it. What it refuses while Npgsql prepares the statement, the next caller on that connection is refused
    /// for, too.
    /// </summary>
    public bool IsWellFormed =>
        (Seen is null || IsSnapshot(Seen)) && (Upto is null || IsSnapshot(Upto)) && (AfterXid is null || Number(AfterXid) is not null);

    // xmin:xmax:xip, where xip lists in order what was under way between the two.
    private static bool IsSnapshot(string text)
    {
        if (text.Split(':') is not [var first, var last, var between] || Number(first) is not { } xmin || Number(last) is not { } xmax
            || xmin == 0 || xmax < xmin) return false;
        var before = xmin;
        foreach (var one in between.Length == 0 ? [] : between.Split(','))
        {
            if (Number(one) is not { } xid || xid < before || xid >= xmax) return false;
            before = xid;
        }

        return true;
    }

    private static ulong? Number(string text) =>
        text.All(char.IsAsciiDigit) && ulong.TryParse(text, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue
            ? number : null;
}

/// <summary>One read of the feed.</summary>
public sealed record FeedPage(IReadOnlyList<RevocationRow> Rows, FeedPosition Next);

/// <summary>revocation_feed: written by triggers, read by position.</summary>
public sealed class RevocationFeedStore(Database database)
{
    /// <summary>More entries than this come on the next page.</summary>
    public const int PageSize = 2000;

    // A client id may have 2048 characters, and six octets each in JSON: readers take a megabyte.
    private const int MostCharacters = 128 * 1024;

    // A position from the future was made by a database that this one was restored over, one of another timeline before a failover: its
    // reader begins anew.
    public const string NowSql = """
        select s::text as text, t as timeline,
               @seen::pg_snapshot is null or pg_snapshot_xmax(@seen::pg_snapshot) <= pg_snapshot_xmax(s)
                   and coalesce(@timeline::text, t) = t as follows
          from pg_current_snapshot() as s, left(pg_walfile_name(pg_current_wal_lsn()), 8) as t
        """;

    public const string ReadSql = """
        select id, xid::text as xid, kind, value, expires_at
          from revocation_feed
         where not held and leaves_at > @now
           and (audiences is null or audiences && @audiences)
           and xid >= coalesce(pg_snapshot_xmin(@seen::pg_snapshot), '0'::xid8)
           and (@seen::pg_snapshot is null or not pg_visible_in_snapshot(xid, @seen::pg_snapshot)
               and pg_visible_in_snapshot(xid, @upto::pg_snapshot))
           and (@afterXid::xid8 is null or (xid, id) > (@afterXid::xid8, @afterId))
         order by xid, id
         limit @limit
        """;

    /// <summary>Entries for these audiences since a position, oldest first; null when the position is not one of this database's.</summary>
    public async Task<FeedPage?> ReadAsync(FeedPosition position, string[] audiences, DateTimeOffset now, CancellationToken cancel)
    {
        if (!position.IsWellFormed) return null;
        try
        {
            var asked = new { seen = position.Upto ?? position.Seen, timeline = position.Timeline };
            var current = (await database.FindAsync<Snapshot>(NowSql, asked, cancel))!;
            if (!current.Follows) return null;
            var upto = position.Upto ?? current.Text;
            var rows = await database.ListAsync<RevocationRow>(ReadSql, new
            {
                now = now.UtcDateTime,
                audiences,
                seen = position.Seen,
                upto,
                afterXid = position.AfterXid,
                afterId = position.AfterId,
                limit = PageSize + 1,
            }, cancel);
            var fitting = Fitting(rows);
            if (fitting == rows.Count) return new FeedPage(rows, new FeedPosition { Seen = upto, Timeline = current.Timeline });

            rows.RemoveRange(fitting, rows.Count - fitting);
            return new FeedPage(rows, position with
            {
                Upto = upto,
                Timeline = current.Timeline,
                AfterXid = rows[^1].Xid,
                AfterId = rows[^1].Id,
            });
        }
        catch (PostgresException fault) when (fault.SqlState is PostgresErrorCodes.InvalidTextRepresentation
            or PostgresErrorCodes.NumericValueOutOfRange)
        {
            return null;
        }
    }

    // How many of these a page has room for; the last of PageSize + 1 only says that there are more.
    private static int Fitting(List<RevocationRow> rows)
    {
        var (count, characters) = (0, 0);
        while (count < Math.Min(rows.Count, PageSize) && (characters += rows[count].Value.Length) <= MostCharacters) count++;
        return count;
    }

    public const string SweepSql = """
        with gone as materialized (
            select id from revocation_feed where leaves_at < @now limit 500 for update skip locked
        )
        delete from revocation_feed using gone where revocation_feed.id = gone.id
        """;

    /// <summary>Removes a small batch of entries no token can be concerned by any more; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);

    private sealed record Snapshot
    {
        public required string Text { get; init; }
        public required string Timeline { get; init; }
        public required bool Follows { get; init; }
    }
}
