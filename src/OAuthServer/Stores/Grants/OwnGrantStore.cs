using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Stores.Grants;

/// <summary>A live grant as the person who gave it sees it.</summary>
public sealed record OwnGrantRow
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }

    /// <summary>code, device or id-jag: how it began.</summary>
    public required string Kind { get; init; }

    /// <summary>Null: a browser was not sent anywhere.</summary>
    public required string? RedirectUri { get; init; }

    /// <summary>The company whose assertion it stands on, which may open it again; null: none.</summary>
    public required string? ManagedBy { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool Offline { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last got a token; null: its code has not been redeemed.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How many live ones its app has, those included that are not listed.</summary>
    public required int OfApp { get; init; }
}

/// <summary>A grant its person has ended.</summary>
public sealed record EndedGrantRow
{
    public required string ClientName { get; init; }

    /// <summary>No access token of it lives longer.</summary>
    public required DateTimeOffset TokensUntil { get; init; }
}

/// <summary>grants, as the person who gave them lists and ends them.</summary>
public sealed class OwnGrantStore(Database database)
{
    /// <summary>So many of one app are listed: an app that is allowed anew every hour hides no other one.</summary>
    public const int MostOfOneApp = 20;

    public const string ListSql = """
        select id, client_id, kind, redirect_uri, scope, resources, offline, created_at, last_used_at, expires_at, of_app, managed_by
          from (
            select g.*,
                   coalesce((select name from trusted_issuers t where t.issuer = g.issuer), g.issuer) as managed_by,
                   coalesce(g.rotated_at, g.activated_at) as last_used_at,
                   coalesce(g.rotated_at, g.activated_at, g.created_at) as seen_at,
                   count(*) over (partition by g.client_id)::int as of_app,
                   row_number() over (
                       partition by g.client_id order by coalesce(g.rotated_at, g.activated_at, g.created_at) desc, g.id) as place
              from grants g
             where g.subject = @subject and g.ended_at is null and g.expires_at > @now
          ) as live
         where place <= @most
         order by seen_at desc, id limit 1000
        """;

    /// <summary>
    /// All that live, those included whose code has not been redeemed, the last used or allowed first; at most
    /// <see cref="MostOfOneApp"/> of one app, and 1000.
    /// </summary>
    public Task<List<OwnGrantRow>> ListAsync(Guid subject, DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<OwnGrantRow>(ListSql, new { subject, most = MostOfOneApp, now = now.UtcDateTime }, cancel);

    public const string RevokeSql = """
        with ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_user'
             where id = @id and subject = @subject and ended_at is null
            returning id, client_id, subject
        ), forgotten as (
            delete from consents using ended where consents.subject = ended.subject and consents.client_id = ended.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @request, 'revocation', 'ok', client_id, subject::text, id, @address, 'by the person: the grant and its tokens'
              from ended
        )
        select exists (select from ended)
        """;

    /// <summary>
    /// Ends one grant and with it every token that points at it, and forgets what was allowed to its client, so that the client
    /// has to ask again. False: no such grant, another person's, or over already.
    /// </summary>
    public Task<bool> RevokeAsync(Guid id, Guid subject, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(RevokeSql, new { id, subject, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string RevokeAllSql = """
        with ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_user'
             where subject = @subject and ended_at is null and (@client::text is null or client_id = @client)
            returning id, client_id, subject
        ), forgotten as (
            delete from consents where subject = @subject and (@client::text is null or client_id = @client)
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @request, 'revocation', 'ok', client_id, subject::text, id, @address,
                   'by the person, with all others' || case when @client::text is null then '' else ' of the app' end
                   || ': the grant and its tokens'
              from ended
        )
        select count(*) from ended
        """;

    /// <summary>The same for everything the person ever granted, codes not yet redeemed included. How many grants it ended.</summary>
    /// <param name="client">Only what was granted to this client; null: to any.</param>
    public Task<long> RevokeAllAsync(Guid subject, string? client, Author author, DateTimeOffset now) =>
        Edit.ByAsync(database, author, async edit =>
        {
            // Alone with the person's row: what somebody is just being granted is either seen here or not granted.
            await edit.FindAsync<Guid?>(UserStore.LockSql, new { subject });
            var all = new { subject, client, request = author.RequestId, address = author.Address, now = now.UtcDateTime };
            return await edit.FindAsync<long>(RevokeAllSql, all);
        }, CancellationToken.None);

    public const string EndedSql = """
        select c.name as client_name, least(g.ended_at + c.access_token_seconds * interval '1 second', g.expires_at) as tokens_until
          from audit_events a join grants g on g.id = a.grant_id join clients c on c.client_id = g.client_id
         where a.at = @at and a.request_id = @request and a.event = 'revocation'
           and g.subject = @subject and g.ended_reason = 'revoked_by_user'
         order by c.name
        """;

    /// <summary>What the person ended with one request; nothing for an id that carries no time.</summary>
    public async Task<List<EndedGrantRow>> EndedAsync(Guid subject, string request, CancellationToken cancel) =>
        TimedId.TimeOf(request) is { } at
            ? await database.ListAsync<EndedGrantRow>(EndedSql, new { subject, request, at = at.UtcDateTime }, cancel)
            : [];
}
