using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>An agent that may act with a grant, as its person allowed, and does not.</summary>
public sealed record IdleAgent
{
    public required Guid GrantId { get; init; }
    public required string ActorName { get; init; }

    /// <summary>Where.</summary>
    public required string Resource { get; init; }

    /// <summary>What it may do there: as allowed, and as far as the rule still goes.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>It did before, and what it had has ended without having been cut.</summary>
    public required bool HasActed { get; init; }
}

/// <summary>grants.onward, as people see it: who may act for them.</summary>
public sealed class OnwardStore(Database database)
{
    // What was cut does not begin again under its grant.
    public const string IdleSql = """
        select g.id as grant_id, c.name as actor_name, may.resource, may.scopes,
               exists (select from delegations d where d.grant_id = g.id and d.rule_id = may.rule) as has_acted
          from grants g
         cross join lateral (
            select r.id as rule, r.actor, r.from_resource, r.resource, array(select jsonb_array_elements_text(one -> 'scopes')
                                                  intersect select unnest(r.scopes) order by 1) as scopes
              from jsonb_array_elements(g.onward) as one
              join exchange_rules r on r.id::text = one ->> 'rule' and r.actor = one ->> 'actor' and r.resource = one ->> 'resource'
             where r.enabled
               and case when r.subject_clients = '{}' then g.client_id <> r.actor else g.client_id = any (r.subject_clients) end
               and not exists (select from delegations d
                                where d.grant_id = g.id and d.rule_id = r.id
                                  and (d.ended_at is null or d.ended_reason = 'cut' and d.path = array[r.id]))) as may
          join clients c on c.client_id = may.actor and c.enabled
          join resources on resources.uri = may.resource and resources.enabled
          join resources origin on origin.uri = may.from_resource and origin.enabled
         where g.subject = @subject and g.ended_at is null and g.expires_at > @now and may.scopes <> '{}'
         order by c.name, may.resource limit @most
        """;

    private const int Most = 1000;

    /// <summary>Those of a person's live grants.</summary>
    public Task<List<IdleAgent>> IdleAsync(Guid subject, DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<IdleAgent>(IdleSql, new { subject, now = now.UtcDateTime, most = Most }, cancel);
}
