using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>grants: a refresh token is exchanged once, by one statement about its grant's row.</summary>
public sealed class RotationStore : IDisposable
{
    // What both statements say in the same words. g is the grant, i the attempt.
    private const string Belongs = "(i.family is null or g.family_hash = i.family) and g.client_id = i.client";
    private const string ProofFits = "(g.proven_by is null or i.proven_by is not null)";
    private const string KeyFits = "(g.jkt is null or not i.key_stays or coalesce(g.jkt = i.jkt, false))";
    private const string IsOpen =
        $"g.ended_at is null and g.idle_until > i.now and g.expires_at > i.now and {GrantSql.TargetFits}";

    private const string Advance = """
        previous_hash = g.refresh_hash, refresh_hash = i.next, successor_sealed = i.sealed, generation = g.generation + 1,
                   rotated_at = i.now, idle_until = least(i.idle_until, g.expires_at), family_hash = i.next_family
        """;

    private const string AuditedOk =
        "i.now, i.request_id, 'token', 'ok', r.client_id, r.subject::text, r.id, i.jti, i.address";

    /// <summary>
    /// RFC 9700 §4.14.2: exchanges the tokens that are the newest of their families. It tests nothing but the id before it holds the
    /// lock, skips rows that others hold, and so waits for nobody; of a token it leaves alone it says nothing, unless a proof was used
    /// before.
    /// </summary>
    public const string RotateSql = $"""
        with item as materialized (
            select * from unnest(@id::uuid[], @hash::bytea[], @family::bytea[], @client::text[], @resource::text[], @scope::text[],
                @next::bytea[], @next_family::bytea[], @sealed::bytea[], @idle_until::timestamptz[], @jti::text[], @now::timestamptz[],
                @request_id::text[], @address::text[], @proven_by::text[], @jkt::text[], @key_stays::boolean[], @note::text[],
                {ProofSql.Arrays})
                with ordinality as i (id, hash, family, client, resource, scope, next, next_family, sealed, idle_until, jti, now,
                    request_id, address, proven_by, jkt, key_stays, note, {ProofSql.Columns}, place)
        ), locked as materialized (
            select * from grants where id = any (@id::uuid[]) order by id for no key update skip locked
        ), fit as materialized (
            select i.place from locked g join item i on i.id = g.id
             where i.dpop is not null and g.refresh_hash = i.hash and {Belongs} and {IsOpen} and {ProofFits} and {KeyFits}
        ), shown as (
            {ProofSql.ShownWhereFit}
        ), {ProofSql.Spent}, rotated as (
            update grants g
               set {Advance}
              from locked l join item i on i.id = l.id
             where g.id = l.id and g.refresh_hash = i.hash and {Belongs} and {IsOpen} and {ProofFits} and {KeyFits}
               and not exists (select from unproven u where u.place = i.place)
            returning i.place, g.id, g.client_id, g.subject, g.generation
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail)
            select {AuditedOk},
                   'refresh_token scope=' || i.scope || ' resource=' || i.resource || i.note
              from rotated r join item i on i.place = r.place
        )
        select place::int, generation, 0 as used_before from rotated union all select place::int, 0, which from unproven
        """;

    /// <summary>
    /// The whole question about one token, for what the other statement left alone. Live: its hash is the newest one's. Again: it is
    /// the one before, inside the window. Replayed: neither, though it belongs to the family and its generation is over; any other is
    /// refused and ends nothing.
    /// </summary>
    public const string DecideSql = $"""
        with item as (
            select @hash::bytea as hash, @family::bytea as family, @client::text as client, @resource::text as resource,
                   @scope::text as scope, @next::bytea as next, @next_family::bytea as next_family, @sealed::bytea as sealed,
                   @idle_until::timestamptz as idle_until, @jti::text as jti, @now::timestamptz as now,
                   @request_id::text as request_id, @address::text as address, @proven_by::text as proven_by, @jkt::text as jkt,
                   @key_stays::boolean as key_stays, @note::text as note, @assertion::bytea as assertion,
                   @assertion_until::timestamptz as assertion_until, @dpop::bytea as dpop, @dpop_until::timestamptz as dpop_until
        ), locked as materialized (
            select * from grants where id = @id and {RowQueue.Patience} for no key update
        ), presented as (
            select g.*, {Belongs} as belongs, {IsOpen} and {ProofFits} and {KeyFits} as is_open, {ProofFits} as proof_fits,
                   {KeyFits} as key_fits, coalesce(g.refresh_hash = i.hash, false) as live,
                   coalesce(g.previous_hash = i.hash and g.rotated_at > @retry_since::timestamptz, false) as again
              from locked g cross join item i
        ), shown as (
            select 1 as place, 1 as which, assertion as hash, assertion_until as expires_at from item
             where assertion is not null and (select count(*) from locked) >= 0
             union all
            select 1, 2, i.dpop, i.dpop_until from item i cross join presented p
             where i.dpop is not null and (p.live or p.again) and p.belongs and p.is_open
        ), {ProofSql.Spent}, rotated as (
            update grants
               set {Advance}
              from presented g cross join item i
             where grants.id = g.id and g.live and g.belongs and g.is_open and not exists (select from unproven)
            returning grants.id, grants.client_id, grants.subject, grants.generation
        ), retried as (
            select * from presented where again and belongs and is_open and not exists (select from unproven)
        ), replayed as (
            select * from presented
             where belongs and ended_at is null and not live and not again and (@generation::int is null or @generation < generation)
               and proof_fits and not exists (select from unproven)
        ), ended as (
            update grants g set ended_at = @now, ended_reason = 'refresh_reused' from replayed r where g.id = r.id and @replay_ends_grant
        ), audit as (
            insert into audit_events
                (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail, error, rule, reason, expected, got)
            select {AuditedOk},
                   'refresh_token scope=' || i.scope || ' resource=' || i.resource || i.note, null, null, null, null, null
              from rotated r cross join item i
            union all
            select {AuditedOk},
                   'refresh_token, answered again inside the retry window, scope=' || i.scope || ' resource=' || i.resource || i.note,
                   null, null, null, null, null
              from retried r cross join item i
            union all
            select i.now, i.request_id, 'token', 'refused', r.client_id, r.subject::text, r.id, null, i.address, 'refresh_reused',
                   'invalid_grant', 'RFC 9700 §4.14.2', 'a superseded refresh token was used'
                   || case when @replay_ends_grant then '; the grant and its tokens are revoked' else '' end,
                   'the newest token of the family, generation ' || r.generation,
                   coalesce('generation ' || @generation::int, 'one issued before')
              from replayed r cross join item i
        )
        select client_id, idle_until, expires_at, successor_sealed, ended_reason, live, again, proof_fits, key_fits,
               coalesce((select which from unproven), 0) as used_before,
               coalesce((select generation from rotated), generation) as generation,
               exists (select from rotated) as rotated, exists (select from retried) as retried, exists (select from replayed) as replayed
          from presented
        """;

    private readonly WriteBatcher<Rotation, RotatedToken?> rotate;
    private readonly RowQueue queue = new();
    private readonly Database database;

    public RotationStore(Database database)
    {
        this.database = database;
        var statement = new ArrayStatement<Rotation>(RotateSql, Bind);
        rotate = new("rotation", items => statement.ReadAsync(database, items, Read), item => item.Grant.Id);
    }

    /// <summary>One attempt; null when the grant is gone. Only Rotated and Retried mean tokens.</summary>
    public async Task<RotatedToken?> RotateAsync(Rotation rotation)
    {
        // What cannot succeed does not hold up the group.
        var hasChance = rotation.Token is not null && rotation.Grant.IsCurrent && rotation.Grant.ClientId == rotation.ClientId;
        if (hasChance)
        {
            if (await rotate.AddAsync(rotation) is { } answer) return answer;
            // The assertion is spent by now, and was found new. A proof of a key is spent only with the token.
            rotation = rotation with { Proofs = rotation.Proofs with { Assertion = null } };
        }

        return await queue.RunAsync(rotation.Grant.Id, patience => DecideAsync(rotation, patience));
    }

    /// <summary>The writer that carries rotations waiting at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => rotate.RunAsync(cancel);

    public void Dispose() => queue.Dispose();

    private Task<RotatedToken?> DecideAsync(Rotation item, string patience) => database.FindAsync<RotatedToken>(DecideSql, new
    {
        patience,
        id = item.Grant.Id,
        hash = item.Hash,
        family = item.FamilyHash,
        generation = item.Generation,
        client = item.ClientId,
        resource = item.Token?.Resource,
        scope = item.Token?.Scope,
        next = item.SuccessorHash,
        next_family = item.SuccessorFamilyHash,
        @sealed = item.SuccessorSealed,
        idle_until = item.IdleUntil.UtcDateTime,
        retry_since = item.RetrySince?.UtcDateTime,
        replay_ends_grant = item.ReplayEndsGrant,
        jti = item.Token?.Jti,
        now = item.Now.UtcDateTime,
        request_id = item.RequestId,
        address = item.Address,
        proven_by = item.ProvenBy,
        jkt = item.Jkt,
        key_stays = item.KeyStays,
        note = item.Note,
        assertion = item.Proofs.Assertion?.Hash,
        assertion_until = item.Proofs.Assertion?.ExpiresAt.UtcDateTime,
        dpop = item.Proofs.Dpop?.Hash,
        dpop_until = item.Proofs.Dpop?.ExpiresAt.UtcDateTime,
    }, CancellationToken.None);

    private static RotatedToken Read(NpgsqlDataReader row) => new()
    {
        Generation = row.GetInt32(1),
        UsedBefore = (UsedBefore)row.GetInt32(2),
        Rotated = row.GetInt32(2) == (int)UsedBefore.Nothing,
    };

    private static void Bind(Arrays<Rotation> arrays)
    {
        arrays.Add("id", NpgsqlDbType.Uuid, item => item.Grant.Id);
        arrays.AddBytes("hash", item => item.Hash);
        arrays.AddBytes("family", item => item.FamilyHash);
        arrays.AddText("client", item => item.ClientId);
        arrays.AddText("resource", item => item.Token?.Resource);
        arrays.AddText("scope", item => item.Token?.Scope);
        arrays.AddBytes("next", item => item.SuccessorHash);
        arrays.AddBytes("next_family", item => item.SuccessorFamilyHash);
        arrays.AddBytes("sealed", item => item.SuccessorSealed);
        arrays.AddTime("idle_until", item => item.IdleUntil);
        arrays.AddText("jti", item => item.Token?.Jti);
        arrays.AddTime("now", item => item.Now);
        arrays.AddText("request_id", item => item.RequestId);
        arrays.AddText("address", item => item.Address);
        arrays.AddText("proven_by", item => item.ProvenBy);
        arrays.AddText("jkt", item => item.Jkt);
        arrays.Add("key_stays", NpgsqlDbType.Boolean, item => item.KeyStays);
        arrays.AddText("note", item => item.Note);
        ProofSql.Bind(arrays, item => item.Proofs);
    }
}
