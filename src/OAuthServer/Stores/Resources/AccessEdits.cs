using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Resources;

/// <summary>What somebody allowed a client, as an administrator sees it.</summary>
public sealed record GrantSummary
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required string ClientName { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool Offline { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it last got a token; null: its code has not been redeemed.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }
}

/// <summary>A person's live grants, as an administrator sees and ends them.</summary>
public sealed class AccessEdits(Database database)
{
    public const string GrantsSql = """
        select g.id, g.client_id, c.name as client_name, g.scope, g.resources, g.offline, g.created_at, g.expires_at,
               coalesce(g.rotated_at, g.activated_at) as last_used_at
          from grants g join clients c on c.client_id = g.client_id
         where g.subject = @subject and g.ended_at is null and g.expires_at > @now
         order by g.created_at desc limit @limit
        """;

    /// <summary>Grants that are not over, those included whose code has not been redeemed; the newest first.</summary>
    public Task<List<GrantSummary>> GrantsAsync(Guid subject, int limit, DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<GrantSummary>(GrantsSql, new { subject, limit, now = now.UtcDateTime }, cancel);

    public const string LiveTokensSql = """
        select from audit_events
         where subject = @subject and subject is distinct from client_id and event = 'token' and outcome = 'ok' and at > @issued_since
        """;

    /// <summary>How many access tokens the person's apps hold at most.</summary>
    /// <param name="issuedSince">Older ones have expired.</param>
    public Task<Figure> LiveTokensAsync(Guid subject, DateTimeOffset issuedSince, CancellationToken cancel) =>
        database.CountAsync(LiveTokensSql, Slice.MostCounted,
            new { subject = subject.ToString(), issued_since = issuedSince.UtcDateTime }, cancel);

    public const string EndGrantSql = """
        with ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_admin'
             where id = @grant and subject = @subject and ended_at is null
            returning id, client_id, subject
        ), forgotten as (
            delete from consents using ended where consents.subject = ended.subject and consents.client_id = ended.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, actor, detail)
            select @now, @request, 'revocation', 'ok', client_id, subject::text, id, @address, @actor,
                   'by an administrator: the grant and its tokens'
              from ended
        )
        select exists (select from ended)
        """;

    /// <summary>
    /// Ends a grant and forgets the consent, so that the client has to ask again. False: the person has no such live grant.
    /// </summary>
    public Task<bool> EndGrantAsync(Guid grant, Guid subject, Author author, DateTimeOffset now) =>
        database.FindAsync<bool>(EndGrantSql, new
        {
            grant,
            subject,
            request = author.RequestId,
            address = author.Address,
            actor = author.Name,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    /// <summary>What an operator would type to end a grant.</summary>
    public static string EndGrantText(Guid grant) => $"""
        with ended as (
            update grants set ended_at = now(), ended_reason = 'revoked_by_admin' where id = {SqlText.Quote(grant)}
            returning subject, client_id
        )
        delete from consents using ended where consents.subject = ended.subject and consents.client_id = ended.client_id;
        """;

    /// <summary>What an operator would type to sign a person out everywhere.</summary>
    public static string SignOutText(Guid subject) => $"""
        begin;
        delete from sessions where subject = {SqlText.Quote(subject)};
        update grants set ended_at = now(), ended_reason = 'signed_out_everywhere'
         where subject = {SqlText.Quote(subject)} and ended_at is null;
        commit;
        """;
}
