using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>An assertion about a person whose every check has passed, about to be spent.</summary>
public sealed record AssertedGrant
{
    /// <summary>UUIDv7, unless the person, client and resource have a living one.</summary>
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required IdentityKey Identity { get; init; }

    /// <summary>aud_sub: who the company says that is here; null: it does not say.</summary>
    public required string? AudSub { get; init; }
    public required string Resource { get; init; }
    public required string[] Scope { get; init; }

    /// <summary>The end of the token.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
    public required string Jti { get; init; }

    /// <summary>The key the token is bound to; null: none.</summary>
    public required string? Jkt { get; init; }

    /// <summary>The assertion, which works once.</summary>
    public required UsedProof Once { get; init; }

    /// <summary>What else the request proves.</summary>
    public required Proofs Proofs { get; init; }
    public required string? ProvenBy { get; init; }

    /// <summary>What else the audit log says: a blank and words; empty: nothing.</summary>
    public required string Note { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>What became of it.</summary>
public sealed record AssertedOutcome
{
    /// <summary>Null: nobody here is linked to the subject.</summary>
    public required Guid? Subject { get; init; }
    public required bool PersonEnabled { get; init; }

    /// <summary>aud_sub is this person, or did not come.</summary>
    public required bool AudSubFits { get; init; }

    /// <summary>The issuer is enabled, speaks for people, and admits the client.</summary>
    public required bool Trusted { get; init; }

    /// <summary>The client is enabled and has the grant.</summary>
    public required bool ClientEnabled { get; init; }

    /// <summary>This was the first use.</summary>
    public required bool IsNew { get; init; }

    /// <summary>Of the other proofs; see <see cref="UsedProofs.UsedBefore"/>.</summary>
    public required int? Unproven { get; init; }

    /// <summary>The grant; null: refused, and nothing has begun.</summary>
    public required Guid? GrantId { get; init; }
    public UsedBefore UsedBefore => (UsedBefore)(Unproven ?? 0);
}

/// <summary>grants of kind id-jag: one for each issuer, person, client and resource.</summary>
public sealed class AssertionGrantStore(Database database)
{
    /// <summary>
    /// Locks the person, the identity, the issuer and the client, spends the assertion and what else was proven, and makes the grant or
    /// prolongs the one there is, with its audit row; no grant where one of them is off, or a proof was used. A client's own assertion is
    /// spent whatever becomes of the company's.
    /// </summary>
    public const string AllowSql = $$"""
        with person as materialized (
            select u.subject, u.enabled from identities i join users u on u.subject = i.subject
             where i.issuer = @Issuer and i.tenant = @Tenant and i.sub = @Sub for share of u
        ), linked as materialized (
            select i.subject from person p join identities i on i.subject = p.subject
             where i.issuer = @Issuer and i.tenant = @Tenant and i.sub = @Sub for no key update of i
        ), trusting as materialized (
            select issuer from trusted_issuers
             where issuer = @Issuer and enabled and kind = 'people' and (clients = '{}' or @ClientId = any (clients)) for share
        ), client as materialized (
            select client_id from clients where client_id = @ClientId and enabled and '{{GrantType.JwtBearerName}}' = any (grant_types)
               for share
        ), fit as materialized (
            select p.subject from person p join linked l on l.subject = p.subject
             where p.enabled and (@AudSub::text is null or p.subject::text = @AudSub)
               and exists (select from trusting) and exists (select from client)
        ), shown as (
            select 1 as place, 1 as which, @Assertion::bytea as hash, @AssertionUntil::timestamptz as expires_at
              from fit where @Assertion::bytea is not null
             union all select 1, 2, @Dpop::bytea, @DpopUntil::timestamptz from fit
             where @Dpop::bytea is not null and not exists (select from used_proofs where hash = @Once)
        ), {{ProofSql.Spent}}, once as (
            -- Last: it outlives the refusal of another proof.
            insert into used_proofs (hash, expires_at)
            select @Once, @OnceUntil::timestamptz from fit where not exists (select from unproven)
            on conflict (hash) do nothing
            returning hash
        ), allow as (
            insert into grants (id, kind, issuer, client_id, subject, fingerprint, scope, resources, offline, created_at, activated_at,
                                expires_at, proven_by, jkt)
            select @Id, 'id-jag', @Issuer, @ClientId, fit.subject,
                   sha256(convert_to(
                       jsonb_build_array('id-jag', @Issuer::text, fit.subject, @ClientId::text, @Resource::text)::text, 'UTF8')),
                   @Scope, array[@Resource], false, @now, @now, @ExpiresAt, @ProvenBy, @Jkt
              from fit where exists (select from once)
            on conflict (fingerprint) where ended_at is null do update
               set expires_at = greatest(grants.expires_at, excluded.expires_at), rotated_at = @now, jkt = excluded.jkt,
                   proven_by = excluded.proven_by,
                   scope = case when grants.expires_at <= @now then excluded.scope
                       else array(select distinct one from unnest(grants.scope || excluded.scope) as one order by one) end
            returning id, subject
        ), used as (
            update identities set last_used_at = @now from allow where issuer = @Issuer and tenant = @Tenant and sub = @Sub
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail)
            select @now, @RequestId, 'token', 'ok', @ClientId, subject::text, id, @Jti, @Address,
                   'id-jag issuer=' || @Issuer || ' sub=' || left(@Sub, 64) || ' scope=' || array_to_string(@Scope, ' ')
                   || ' resource=' || @Resource || case when @Jkt::text is null then '' else ' jkt=' || @Jkt end || @Note
              from allow
        )
        select (select subject from person) as subject, coalesce((select enabled from person), false) as person_enabled,
               coalesce((select @AudSub::text is null or subject::text = @AudSub from person), false) as aud_sub_fits,
               exists (select from trusting) as trusted, exists (select from client) as client_enabled,
               exists (select from once) as is_new, (select min(which) from unproven) as unproven, (select id from allow) as grant_id
        """;

    /// <summary>The grant, or what stood in its way.</summary>
    public async Task<AssertedOutcome> AllowAsync(AssertedGrant grant, DateTimeOffset now) =>
        (await database.FindAsync<AssertedOutcome>(AllowSql, new
        {
            grant.Id,
            grant.ClientId,
            grant.Identity.Issuer,
            grant.Identity.Tenant,
            grant.Identity.Sub,
            grant.AudSub,
            grant.Resource,
            grant.Scope,
            ExpiresAt = grant.ExpiresAt.UtcDateTime,
            grant.Jti,
            grant.Jkt,
            Once = grant.Once.Hash,
            OnceUntil = grant.Once.ExpiresAt.UtcDateTime,
            Assertion = grant.Proofs.Assertion?.Hash,
            AssertionUntil = grant.Proofs.Assertion?.ExpiresAt.UtcDateTime,
            Dpop = grant.Proofs.Dpop?.Hash,
            DpopUntil = grant.Proofs.Dpop?.ExpiresAt.UtcDateTime,
            grant.ProvenBy,
            grant.Note,
            grant.RequestId,
            grant.Address,
            now = now.UtcDateTime,
        }, CancellationToken.None))!;
}
