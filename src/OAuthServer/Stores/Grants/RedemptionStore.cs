using NpgsqlTypes;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>grants: a code is spent once, by one statement about its grant's row.</summary>
public sealed class RedemptionStore : IDisposable
{
    // What both statements say in the same words. g is the grant, i the attempt.
    private const string SentByItsClient =
        "g.client_id = i.client and g.kind = i.kind and (i.redirect is null or g.redirect_uri = i.redirect)";
    private const string ChallengeFits = "g.code_challenge is not distinct from i.challenge";
    private const string VerifiersLeft = "g.wrong_verifiers < 5";
    private const string KeyFits = "(g.jkt is null or g.jkt = i.jkt)";
    private const string IsOpen =
        $"g.activated_at is null and g.code_expires_at > i.now and g.ended_at is null and g.expires_at > i.now and {GrantSql.TargetFits}";

    private const string Activate = """
        activated_at = i.now, generation = 0, proven_by = i.proven_by, jkt = coalesce(g.jkt, i.jkt),
                   family_hash = case when g.offline then i.family end, refresh_hash = case when g.offline then i.refresh end,
                   idle_until = case when g.offline and i.refresh is not null then least(i.idle_until, g.expires_at) end
        """;

    private const string AuditedOk = """
        i.now, i.request_id, 'token', 'ok', r.client_id, r.subject::text, r.id, i.jti, i.address,
                   case i.kind when 'device' then 'device_code' else 'authorization_code' end
                   || ' scope=' || i.scope || ' resource=' || i.resource
                   || i.note
        """;

    /// <summary>
    /// RFC 6749 §4.1.2: spends the codes that may be spent. It tests nothing but the id before it holds the lock, skips rows that
    /// others hold, and so waits for nobody; of a code it leaves alone it says nothing, unless a proof was used before.
    /// </summary>
    public const string RedeemSql = $"""
        with item as materialized (
            select * from unnest(@id::uuid[], @hash::bytea[], @client::text[], @redirect::text[], @challenge::text[], @resource::text[],
                @scope::text[], @refresh::bytea[], @family::bytea[], @idle_until::timestamptz[], @jti::text[], @now::timestamptz[],
                @request_id::text[], @address::text[], @kind::text[], @proven_by::text[], @jkt::text[], @note::text[], {ProofSql.Arrays})
                with ordinality as i (id, hash, client, redirect, challenge, resource, scope, refresh, family, idle_until, jti, now,
                    request_id, address, kind, proven_by, jkt, note, {ProofSql.Columns}, place)
        ), locked as materialized (
            select * from grants where id = any (@id::uuid[]) order by id for no key update skip locked
        ), fit as materialized (
            select i.place from locked g join item i on i.id = g.id
             where i.dpop is not null and g.code_hash = i.hash and {SentByItsClient} and {ChallengeFits} and {VerifiersLeft} and {IsOpen}
               and {KeyFits}
        ), shown as (
            {ProofSql.ShownWhereFit}
        ), {ProofSql.Spent}, redeemed as (
            update grants g
               set {Activate}
              from locked l join item i on i.id = l.id
             where g.id = l.id and g.code_hash = i.hash and {SentByItsClient} and {ChallengeFits} and {VerifiersLeft} and {IsOpen}
               and {KeyFits} and not exists (select from unproven u where u.place = i.place)
            returning i.place, g.id, g.client_id, g.subject, g.generation
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail)
            select {AuditedOk}
              from redeemed r join item i on i.place = r.place
        )
        select place::int, 0 as used_before from redeemed union all select place::int, which from unproven
        """;

    /// <summary>
    /// RFC 9700 §2.1.1: the whole question about one code, for what the other statement left alone. Client, redirect URI and verifier
    /// are checked before a second use ends the grant; a wrong verifier only counts, and the last one allowed ends the code.
    /// </summary>
    public const string DecideSql = $"""
        with item as (
            select @hash::bytea as hash, @client::text as client, @redirect::text as redirect, @challenge::text as challenge,
                   @resource::text as resource, @scope::text as scope, @refresh::bytea as refresh, @family::bytea as family,
                   @idle_until::timestamptz as idle_until, @jti::text as jti, @now::timestamptz as now,
                   @request_id::text as request_id, @address::text as address, @kind::text as kind, @proven_by::text as proven_by,
                   @jkt::text as jkt,
                   @note::text as note, @assertion::bytea as assertion, @assertion_until::timestamptz as assertion_until,
                   @dpop::bytea as dpop, @dpop_until::timestamptz as dpop_until
        ), locked as materialized (
            select * from grants where id = @id and {RowQueue.Patience} for no key update
        ), presented as (
            select g.*, {ChallengeFits} as challenge_fits, {SentByItsClient} as sent_by_its_client, {VerifiersLeft} as verifiers_left,
                   {KeyFits} as key_fits, {IsOpen} as is_open
              from locked g cross join item i
        ), verified as (
            select p.* from presented p cross join item i
             where sent_by_its_client and challenge_fits and verifiers_left and (code_hash = i.hash or @spent)
        ), shown as (
            select 1 as place, 1 as which, assertion as hash, assertion_until as expires_at from item
             where assertion is not null and (select count(*) from locked) >= 0
             union all
            select 1, 2, i.dpop, i.dpop_until from item i cross join verified v
             where i.dpop is not null and v.code_hash = i.hash and v.is_open and v.key_fits
        ), {ProofSql.Spent}, redeemed as (
            update grants
               set {Activate}
              from verified g cross join item i
             where grants.id = g.id and g.code_hash = i.hash and g.is_open and g.key_fits and not exists (select from unproven)
            returning grants.id, grants.client_id, grants.subject
        ), replayed as (
            -- A device repeats its poll when the answer was lost (RFC 8628 §3.5): that punishes nobody.
            select * from verified
             where activated_at is not null and ended_at is null and kind = 'code' and not exists (select from unproven)
        ), ended as (
            update grants g set ended_at = i.now, ended_reason = 'code_replayed' from replayed r cross join item i where g.id = r.id
        ), missed as (
            update grants g set wrong_verifiers = g.wrong_verifiers + 1
              from presented p cross join item i
             where g.id = p.id and p.code_hash = i.hash and p.activated_at is null and p.sent_by_its_client and not p.challenge_fits
               and not exists (select from unproven)
        ), audit as (
            insert into audit_events
                (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail, error, rule, reason, expected, got)
            select {AuditedOk},
                   null, null, null, null, null
              from redeemed r cross join item i
            union all
            select i.now, i.request_id, 'token', 'refused', r.client_id, r.subject::text, r.id, null, i.address, 'code_replayed',
                   'invalid_grant', 'RFC 6749 §4.1.2', 'the code was used a second time; the grant and its tokens are revoked',
                   'a code not redeemed before', 'redeemed at ' || r.activated_at
              from replayed r cross join item i
        )
        select client_id, kind, redirect_uri, challenge_fits, verifiers_left, key_fits, code_expires_at, expires_at, ended_reason,
               activated_at is not null as was_redeemed,
               exists (select from redeemed) as redeemed, exists (select from replayed) as replayed,
               coalesce((select which from unproven), 0) as used_before
          from presented where code_hash = @hash or @spent
        """;

    private readonly WriteBatcher<Redemption, UsedBefore?> redeem;
    private readonly RowQueue queue = new();
    private readonly Database database;

    public RedemptionStore(Database database)
    {
        this.database = database;
        var statement = new ArrayStatement<Redemption>(RedeemSql, Bind);
        redeem = new("redemption", items => statement.ReadAsync(database, items, row => (UsedBefore?)row.GetInt32(1)),
            item => item.Grant.Id);
    }

    /// <summary>One attempt; null when nobody knows the code any more. Only <see cref="RedeemedCode.Redeemed"/> means tokens.</summary>
    public async Task<RedeemedCode?> RedeemAsync(Redemption redemption)
    {
        // What cannot succeed does not hold up the group.
        var hasChance = redemption.Token is not null && redemption.Grant.IsCurrent && redemption.Grant.ClientId == redemption.ClientId;
        if (hasChance)
        {
            if (await redeem.AddAsync(redemption) is { } usedBefore)
                return new RedeemedCode { Redeemed = usedBefore == UsedBefore.Nothing, Replayed = false, UsedBefore = usedBefore };
            // The assertion is spent by now, and was found new. A proof of a key is spent only with the code.
            redemption = redemption with { Proofs = redemption.Proofs with { Assertion = null } };
        }

        return await queue.RunAsync(redemption.Grant.Id, patience => DecideAsync(redemption, patience));
    }

    /// <summary>The writer that carries redemptions waiting at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => redeem.RunAsync(cancel);

    public void Dispose() => queue.Dispose();

    private Task<RedeemedCode?> DecideAsync(Redemption item, string patience) => database.FindAsync<RedeemedCode>(DecideSql, new
    {
        patience,
        id = item.Grant.Id,
        hash = item.Hash,
        spent = item.Grant.IsSpent,
        client = item.ClientId,
        redirect = item.RedirectUri,
        challenge = item.Challenge,
        resource = item.Token?.Resource,
        scope = item.Token?.Scope,
        refresh = item.RefreshHash,
        family = item.FamilyHash,
        idle_until = item.RefreshIdleUntil.UtcDateTime,
        jti = item.Token?.Jti,
        now = item.Now.UtcDateTime,
        request_id = item.RequestId,
        address = item.Address,
        kind = item.Kind,
        proven_by = item.ProvenBy,
        jkt = item.Jkt,
        note = item.Note,
        assertion = item.Proofs.Assertion?.Hash,
        assertion_until = item.Proofs.Assertion?.ExpiresAt.UtcDateTime,
        dpop = item.Proofs.Dpop?.Hash,
        dpop_until = item.Proofs.Dpop?.ExpiresAt.UtcDateTime,
    }, CancellationToken.None);

    private static void Bind(Arrays<Redemption> arrays)
    {
        arrays.Add("id", NpgsqlDbType.Uuid, item => item.Grant.Id);
        arrays.AddBytes("hash", item => item.Hash);
        arrays.AddText("client", item => item.ClientId);
        arrays.AddText("redirect", item => item.RedirectUri);
        arrays.AddText("challenge", item => item.Challenge);
        arrays.AddText("resource", item => item.Token?.Resource);
        arrays.AddText("scope", item => item.Token?.Scope);
        arrays.AddBytes("refresh", item => item.RefreshHash);
        arrays.AddBytes("family", item => item.FamilyHash);
        arrays.AddTime("idle_until", item => item.RefreshIdleUntil);
        arrays.AddText("jti", item => item.Token?.Jti);
        arrays.AddTime("now", item => item.Now);
        arrays.AddText("request_id", item => item.RequestId);
        arrays.AddText("address", item => item.Address);
        arrays.AddText("kind", item => item.Kind);
        arrays.AddText("proven_by", item => item.ProvenBy);
        arrays.AddText("jkt", item => item.Jkt);
        arrays.AddText("note", item => item.Note);
        ProofSql.Bind(arrays, item => item.Proofs);
    }
}
