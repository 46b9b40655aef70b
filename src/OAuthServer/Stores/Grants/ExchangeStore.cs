using Npgsql;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>delegations: one row a step, decided in one statement about all it stands on.</summary>
public sealed class ExchangeStore(Database database)
{
    // The first exchange of a step makes a row that those who end rules, clients, grants and steps cannot see yet: it locks what it
    // stands on, in this order, so that they wait and then see it. Later ones have that row itself, which all of them end.
    private const string Lock = "for share";

    private const string Beginning = """
        with began as materialized (
            select c.client_id, c.scopes, array_append(c.resources, c.default_resource) as resources,
                   c.origin <> 'operator' and c.resources = '{}' as has_open
              from clients c
             where c.client_id = coalesce((select client_id from grants where id = @grant), @subject) and c.enabled

        """;
    private const string Actor = """

        ), actor as materialized (
            select c.client_id from clients c where c.client_id = @actor and c.enabled and (select count(*) from began) >= 0

        """;
    private const string Rule = """

        ), rule as materialized (
            select r.id from exchange_rules r
             where r.id = @rule and r.enabled and r.actor = @actor and r.from_resource = @from and r.resource = @resource
               and r.impersonate = @impersonate and string_to_array(@scope, ' ') <@ r.scopes
               and (case when r.subject_clients = '{}' then @holder <> r.actor else @holder = any (r.subject_clients) end)
               and (select count(*) from actor) >= 0

        """;
    private const string Standing = """

        ), standing as materialized (
            select g.id, g.scope, g.resources, g.onward from grants g
             where g.id = @grant and g.ended_at is null and g.expires_at > @now and (select count(*) from rule) >= 0

        """;
    private const string Chain = """

        ), chain as materialized (
            select d.id, d.actor, d.depth, d.rule_id from delegations d
             where d.id = any (@via::uuid[]) and d.ended_at is null and (select count(*) from standing) >= 0
             order by d.depth

        """;

    private const string Facts = """

        ), allowed as materialized (
            select b.scopes as scope from began b where @grant::uuid is null and @resource = any (b.resources)
            union all
            -- What was taken from the client since is gone, as it is when a token is refreshed. Open scopes are everybody's.
            select array(select s.name from scopes s where s.name = any (g.scope) and (s.name = any (b.scopes) or s.open))
              from standing g cross join began b
             where @resource = any (g.resources) and (@resource = any (b.resources) or b.has_open)
            union all
            select array(select jsonb_array_elements_text(one -> 'scopes'))
              from standing g cross join jsonb_array_elements(g.onward) as one
             where @resource <> all (g.resources) and one ->> 'rule' = @rule::text and one ->> 'actor' = @actor
               and one ->> 'resource' = @resource
        ), facts as materialized (
            select not exists (select from revoked_tokens where jti = @jti_before)
                       and exists (select from clients where client_id = @holder and enabled
                           and created_at < @held_since::timestamptz + interval '5 seconds') as token_lives,
                   @grant::uuid is null or exists (select from standing) as grant_lives,
                   (select count(*) from chain) = cardinality(@via::uuid[]) as chain_lives,
                   exists (select from began) and (@person::uuid is null
                       or exists (select from users where subject = @person and enabled)) as subject_lives,
                   exists (select from actor) and exists (select from rule) as rule_holds,
                   (select scope from allowed limit 1) as allowed
        ), cut as materialized (
            -- The same place in the chain, also where a step above has begun anew.
            select d.id from delegations d cross join began b
             where d.ended_reason = 'cut' and d.client_id = b.client_id
               and coalesce(d.grant_id, '00000000-0000-0000-0000-000000000000')
                       = coalesce(@grant, '00000000-0000-0000-0000-000000000000')
               and d.path = coalesce((select array_agg(rule_id order by depth) from chain), '{}') || @rule
        ), decidable as materialized (
            select b.client_id from facts f cross join began b
             where f.token_lives and f.grant_lives and f.chain_lives and f.subject_lives and f.rule_holds
               and string_to_array(@scope, ' ') <@ f.allowed
        ), shown as (
            select 1 as place, 1 as which, @assertion::bytea as hash, @assertion_until::timestamptz as expires_at
             where @assertion::bytea is not null and (select count(*) from facts) >= 0
             union all
            select 1, 2, @dpop::bytea, @dpop_until::timestamptz from decidable where @dpop::bytea is not null
        ), 
        """ + ProofSql.Spent + """
        , decided as materialized (
            select client_id from decidable where not exists (select from unproven)
        ), edge as (

        """;

    private const string Begin = """
            insert into delegations as d
                (id, grant_id, client_id, parent, rule_id, actor, resource, scope, depth, created_at, last_used_at)
            select @edge, @grant, client_id, @parent, @rule, @actor, @resource, string_to_array(@scope, ' '), cardinality(@via::uuid[]) + 1,
                   @now, @now
              from decided
             where not exists (select from cut) and not exists (select from delegations where id = @edge and ended_at is not null)
            on conflict (coalesce(grant_id, '00000000-0000-0000-0000-000000000000'), client_id,
                         coalesce(parent, '00000000-0000-0000-0000-000000000000'), rule_id)
                where ended_at is null or ended_reason = 'cut' do update
               set last_used_at = greatest(d.last_used_at, excluded.last_used_at),
                   scope = array(select distinct one from unnest(d.scope || excluded.scope) as one order by one)
             where d.id = excluded.id and d.ended_at is null
            returning d.id
        """;

    private const string Continue = """
            update delegations d
               set last_used_at = greatest(d.last_used_at, @now),
                   scope = array(select distinct one from unnest(d.scope || string_to_array(@scope, ' ')) as one order by one)
              from decided
             where d.id = @edge and d.ended_at is null and d.rule_id = @rule and d.actor = @actor and d.resource = @resource
               and d.client_id = decided.client_id and d.grant_id is not distinct from @grant and d.parent is not distinct from @parent
            returning d.id
        """;

    private const string Answer = """

        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail)
            select @now, @request_id, 'token', 'ok', @actor, @subject, @grant, @jti, @address,
                   'token-exchange chain=' || coalesce((select username from users where subject = @person), @subject)
                   || coalesce((select string_agg(' < ' || actor, '' order by depth) from chain), '') || ' < ' || @actor
                   || case when @impersonate then ' (impersonating)' else '' end
                   || ' scope=' || @scope || ' resource=' || @resource || ' rule=' || @rule || ' delegation=' || id || @note
              from edge
        ), known as (
            select id, true as is_cut from cut
             union all
            select d.id, false from delegations d cross join began b
             where coalesce(d.grant_id, '00000000-0000-0000-0000-000000000000')
                       = coalesce(@grant, '00000000-0000-0000-0000-000000000000')
               and d.client_id = b.client_id
               and coalesce(d.parent, '00000000-0000-0000-0000-000000000000')
                       = coalesce(@parent, '00000000-0000-0000-0000-000000000000')
               and d.rule_id = @rule and d.ended_at is null and not exists (select from edge)
             limit 1
        )
        select exists (select from edge) as exchanged, token_lives, grant_lives, chain_lives, subject_lives, rule_holds, allowed,
               exists (select from decidable) as decidable, coalesce((select which from unproven), 0) as used_before,
               (select id from known) as known, coalesce((select is_cut from known), false) as is_cut
          from facts
        """;

    /// <summary>The first exchange of a step: makes its row.</summary>
    public const string BeginSql =
        Beginning + Lock + Actor + Lock + Rule + Lock + Standing + Lock + Chain + Lock + Facts + Begin + Answer;

    /// <summary>A later one: its row is there, and says so if it has ended.</summary>
    public const string ContinueSql = Beginning + Actor + Rule + Standing + Chain + Facts + Continue + Answer;

    /// <summary>
    /// One attempt. Only <see cref="ExchangedToken.Exchanged"/> means that the token may be handed out; it names the delegation
    /// <see cref="Exchange.Edge"/>, which lives.
    /// </summary>
    public async Task<ExchangedToken> ExchangeAsync(Exchange one)
    {
        try
        {
            return (await database.FindAsync<ExchangedToken>(one.IsKnown ? ContinueSql : BeginSql, new
            {
                rule = one.Rule.Id,
                actor = one.Rule.Actor,
                from = one.Rule.FromResource,
                resource = one.Rule.Resource,
                impersonate = one.Rule.Impersonate,
                scope = one.Token.Scope,
                holder = one.Holder,
                held_since = one.HeldSince.UtcDateTime,
                grant = one.Grant,
                subject = one.Subject,
                person = Guid.TryParse(one.Subject, out var person) ? person : (Guid?)null,
                via = one.Via.ToArray(),
                parent = one.Via.Count == 0 ? null : (Guid?)one.Via[^1],
                edge = one.Edge,
                jti_before = one.SubjectJti,
                jti = one.Token.Jti,
                now = one.Now.UtcDateTime,
                request_id = one.RequestId,
                address = one.Address,
                note = one.Note,
                assertion = one.Proofs.Assertion?.Hash,
                assertion_until = one.Proofs.Assertion?.ExpiresAt.UtcDateTime,
                dpop = one.Proofs.Dpop?.Hash,
                dpop_until = one.Proofs.Dpop?.ExpiresAt.UtcDateTime,
            }, CancellationToken.None))!;
        }
        // What was remembered has ended while the statement ran; or somebody else locked the same clients in another order.
        catch (PostgresException fault) when (fault.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected)
        {
            return Behind;
        }
    }

    private static ExchangedToken Behind { get; } = new()
    {
        Exchanged = false,
        TokenLives = true,
        GrantLives = true,
        ChainLives = true,
        SubjectLives = true,
        RuleHolds = true,
        Allowed = [],
        Known = null,
        IsCut = false,
        Decidable = false,
        UsedBefore = UsedBefore.Nothing,
        IsBehind = true,
    };
}
