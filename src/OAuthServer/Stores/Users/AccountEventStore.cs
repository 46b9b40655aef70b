using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>Something that happened to a person's account, out of the audit log.</summary>
public sealed record AccountEventRow
{
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// signed-in, sign-in-refused, signed-out, allowed, denied, revoked, reused or password; what an operator did ends in
    /// -by-operator.
    /// </summary>
    public required string What { get; init; }

    /// <summary>The app it is about; its id when the app is no more; null: about none.</summary>
    public required string? App { get; init; }

    /// <summary>Where it came from; null: not known, or not theirs.</summary>
    public required string? Address { get; init; }
}

/// <summary>audit_events, as the person they are about may read them.</summary>
public sealed class AccountEventStore(Database database)
{
    public const string ListSql = """
        with known as not materialized (
            select a.at, a.address, coalesce(c.name, a.client_id) as app,
                   case when a.event = 'sign-in' and a.outcome = 'ok' then 'signed-in'
                        when a.event = 'sign-in' then 'sign-in-refused'
                        when a.event in ('sign-out', 'end-session') and a.outcome = 'ok' then 'signed-out'
                        when a.event = 'code' and a.detail like '%consent given' then 'allowed'
                        when a.event = 'consent' and a.error = 'access_denied' then 'denied'
                        when a.event = 'revocation' and a.outcome = 'ok' then 'revoked'
                        when a.event = 'token' and a.detail in ('refresh_reused', 'code_replayed') then 'reused'
                        when a.event = 'edit' and a.detail ~ '^update users [^ ]+: (.* )?password(_hash)?( |$)' then 'password'
                   end as what,
                   a.actor is not null and a.actor not in ('user:' || u.subject, 'user:' || u.username, 'admin:' || u.username)
                       and a.actor not like 'link:%' as by_operator
              from audit_events a join users u on u.subject = @subject left join clients c on c.client_id = a.client_id
             where a.subject = @subject::uuid::text and a.subject is distinct from a.client_id
                 and (a.event <> 'token' or a.outcome = 'refused')
        ), shown as (
            (select * from known where what <> 'sign-in-refused' order by at desc limit @limit)
            union all
            (select * from known where what = 'sign-in-refused' order by at desc limit @refused)
        )
        select at,
               case when by_operator and what in ('password', 'signed-out', 'revoked') then what || '-by-operator'
                    else what end as what, app,
               case when not by_operator then address end as address
          from shown order by at desc
        """;

    /// <summary>The newest, newest first. Sign-ins that failed, which anybody can heap up, do not push the others out.</summary>
    /// <param name="refused">How many of those are shown.</param>
    public Task<List<AccountEventRow>> ListAsync(Guid subject, int limit, int refused, CancellationToken cancel) =>
        database.ListAsync<AccountEventRow>(ListSql, new { subject, limit, refused }, cancel);
}
