using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A step of a chain of exchanged tokens: who acts, where, under which rule.</summary>
public sealed record DelegationRow
{
    public required Guid Id { get; init; }

    /// <summary>Null: a machine's own access.</summary>
    public required Guid? GrantId { get; init; }

    /// <summary>Whose access the chain began with: the client of the grant, or the machine.</summary>
    public required string ClientId { get; init; }

    /// <summary>The person; null: a machine's own access.</summary>
    public required string? Username { get; init; }

    /// <summary>The step before; null: the first.</summary>
    public required Guid? Parent { get; init; }
    public required Guid RuleId { get; init; }
    public required string Actor { get; init; }
    public required string ActorName { get; init; }
    public required string Resource { get; init; }

    /// <summary>What its tokens have allowed so far.</summary>
    public required string[] Scope { get; init; }

    /// <summary>1: the first.</summary>
    public required int Depth { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastUsedAt { get; init; }

    /// <summary>Null: it lives.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>cut, above, rule, client or grant.</summary>
    public required string? EndedReason { get; init; }

    /// <summary>In the order of a tree: each step behind the one it stands on, the last used first.</summary>
    public static IReadOnlyList<DelegationRow> AsTree(IReadOnlyCollection<DelegationRow> rows)
    {
        var below = rows.OrderByDescending(row => row.LastUsedAt).ThenBy(row => row.Id).ToLookup(row => row.Parent);
        var known = rows.Select(row => row.Id).ToHashSet();
        return [.. rows.Where(row => row.Parent is not { } parent || !known.Contains(parent)).OrderByDescending(row => row.LastUsedAt)
            .ThenBy(row => row.Id).SelectMany(Branch)];

        IEnumerable<DelegationRow> Branch(DelegationRow row) => below[row.Id].SelectMany(Branch).Prepend(row);
    }
}

/// <summary>delegations, as people and operators see and cut them.</summary>
public sealed class DelegationStore(Database database)
{
    private const int Most = 1000;

    private const string Columns = """
        select d.id, d.grant_id, d.client_id, u.username, d.parent, d.rule_id, d.actor, c.name as actor_name, d.resource, d.scope, d.depth,
               d.created_at, d.last_used_at, d.ended_at, d.ended_reason
          from delegations d join clients c on c.client_id = d.actor
          left join grants g on g.id = d.grant_id left join users u on u.subject = g.subject

        """;

    public const string OfPersonSql = Columns + """
        where g.subject = @subject and g.ended_at is null and (d.ended_at is null or d.ended_reason = 'cut')
         order by d.ended_at is not null, d.last_used_at desc, d.id limit @most
        """;

    /// <summary>What lives of a person's, and what was cut while the grant lives.</summary>
    public Task<List<DelegationRow>> OfPersonAsync(Guid subject, CancellationToken cancel) =>
        database.ListAsync<DelegationRow>(OfPersonSql, new { subject, most = Most }, cancel);

    public const string OfGrantSql = Columns + "where d.grant_id = @grant order by d.depth, d.last_used_at desc, d.id limit @most";

    /// <summary>All of one grant, those that have ended too.</summary>
    public Task<List<DelegationRow>> OfGrantAsync(Guid grant, CancellationToken cancel) =>
        database.ListAsync<DelegationRow>(OfGrantSql, new { grant, most = Most }, cancel);

    public const string LiveSql = Columns + """
        where d.ended_at is null and (@rule::uuid is null or d.rule_id = @rule) order by d.last_used_at desc, d.id limit @limit
        """;

    /// <summary>Those used last, of all people and machines.</summary>
    /// <param name="rule">Only what stands on this rule; null: on any.</param>
    public Task<List<DelegationRow>> LiveAsync(Guid? rule, int limit, CancellationToken cancel) =>
        database.ListAsync<DelegationRow>(LiveSql, new { rule, limit }, cancel);

    public const string FindSql = Columns + "where d.id = @id";

    /// <summary>One of them, ended or not; null: there is none.</summary>
    public Task<DelegationRow?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FindAsync<DelegationRow>(FindSql, new { id }, cancel);

    // Triggers end what is below, and tell resource servers.
    public const string CutSql = """
        with cut as (
            update delegations d set ended_at = @now, ended_reason = 'cut'
             where id = @id and ended_at is null
               and (@subject::uuid is null or exists (select from grants where id = d.grant_id and subject = @subject))
            returning d.id, d.grant_id, d.client_id, d.actor
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, actor, detail)
            select @now, @request, 'revocation', 'ok', actor,
                   coalesce((select subject::text from grants where grants.id = cut.grant_id), client_id), grant_id, @address, @actor,
                   case when @subject::uuid is null then 'by an administrator' else 'by the person' end
                   || ': the delegation ' || id || ' and what is below it'
              from cut
        )
        select exists (select from cut)
        """;

    /// <summary>
    /// Cuts a step of a chain: its tokens and all below are dead, and it does not begin again while its grant and rule are there. False:
    /// there is no live one, or it is another person's.
    /// </summary>
    /// <param name="subject">Only if it is this person's; null: whosever it is.</param>
    public Task<bool> CutAsync(Guid id, Guid? subject, Author author, DateTimeOffset now) => database.FindAsync<bool>(CutSql, new
    {
        id,
        subject,
        request = author.RequestId,
        address = author.Address,
        actor = subject is null ? author.Name : null,
        now = now.UtcDateTime,
    }, CancellationToken.None);

    public const string CutBySql = """
        select c.name from audit_events a join clients c on c.client_id = a.client_id
         where a.at = @at and a.request_id = @request and a.event = 'revocation' and a.subject = @subject::text
           and a.detail like 'by the person: the delegation %'
        """;

    /// <summary>The names of the agents whose part a person cut with one request; nothing for an id that carries no time.</summary>
    public async Task<List<string>> CutByAsync(Guid subject, string request, CancellationToken cancel) =>
        TimedId.TimeOf(request) is { } at
            ? await database.ListAsync<string>(CutBySql, new { subject, request, at = at.UtcDateTime }, cancel)
            : [];

    /// <summary>What an operator would type to cut it.</summary>
    public static string CutText(Guid id) => $"update delegations set ended_at = now() where id = {SqlText.Quote(id)};";
}
