using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to exchange a refresh token.</summary>
public sealed record Rotation
{
    public required PresentedGrant Grant { get; init; }
    public required byte[] Hash { get; init; }

    /// <summary>Hash of the presented family; null: issued before there were families, and known by old_tokens.</summary>
    public required byte[]? FamilyHash { get; init; }

    /// <summary>The presented generation; null as above.</summary>
    public required int? Generation { get; init; }
    public required string ClientId { get; init; }

    /// <summary>The access token it would bring; null: none can be issued, and nothing is exchanged.</summary>
    public required TokenFacts? Token { get; init; }
    public required byte[] SuccessorHash { get; init; }

    /// <summary>Hash of the successor's family; the presented one, if that has any.</summary>
    public required byte[] SuccessorFamilyHash { get; init; }

    /// <summary>The successor, readable only with the token that is presented.</summary>
    public required byte[] SuccessorSealed { get; init; }
    public required DateTimeOffset IdleUntil { get; init; }

    /// <summary>A token first used after this may be retried; null: no retry window.</summary>
    public required DateTimeOffset? RetrySince { get; init; }

    /// <summary>Whether a replay ends the grant: always for public clients.</summary>
    public required bool ReplayEndsGrant { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>The grant as it stood when the statement held its lock, and what was done.</summary>
public sealed record RotatedToken
{
    public string ClientId { get; init; } = "";
    public DateTimeOffset? IdleUntil { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public byte[]? SuccessorSealed { get; init; }
    public string? EndedReason { get; init; }

    /// <summary>Of the newest token, the one just made included.</summary>
    public required int Generation { get; init; }

    /// <summary>It was the newest token.</summary>
    public bool Live { get; init; }

    /// <summary>It was the token before the newest, and inside the retry window.</summary>
    public bool Again { get; init; }

    /// <summary>This attempt won: the successor is stored, the audit row written.</summary>
    public bool Rotated { get; init; }

    /// <summary>Inside the retry window, successor unused: the same successor may be handed out again. Audited.</summary>
    public bool Retried { get; init; }

    /// <summary>A superseded token came back. Audited; the grant is ended where the rotation asked for it.</summary>
    public bool Replayed { get; init; }
}

/// <summary>grants: a refresh token is exchanged once, by one statement about its grant's row.</summary>
public sealed class RotationStore : IDisposable
{
    /// <summary>
    /// RFC 9700 §4.14.2: exchanges the tokens that are the newest of their families. It tests nothing but the id before it holds the
    /// lock, skips rows that others hold, and so waits for nobody; of a token it leaves alone it says nothing.
    /// </summary>
    public const string RotateSql = """
        with item as materialized (
            select * from unnest(@id::uuid[], @hash::bytea[], @family::bytea[], @client::text[], @resource::text[], @scope::text[],
                @next::bytea[], @next_family::bytea[], @sealed::bytea[], @idle_until::timestamptz[], @jti::text[], @now::timestamptz[],
                @request_id::text[], @address::text[])
                with ordinality as i (id, hash, family, client, resource, scope, next, next_family, sealed, idle_until, jti, now,
                    request_id, address, place)
        ), locked as materialized (
            select id from grants where id = any (@id::uuid[]) order by id for no key update skip locked
        ), rotated as (
            update grants g
               set previous_hash = g.refresh_hash, refresh_hash = i.next, successor_sealed = i.sealed, generation = g.generation + 1,
                   rotated_at = i.now, idle_until = least(i.idle_until, g.expires_at), family_hash = i.next_family
              from locked l join item i on i.id = l.id
             where g.id = l.id and g.refresh_hash = i.hash and (i.family is null or g.family_hash = i.family) and g.client_id = i.client
               and g.ended_at is null and g.idle_until > i.now and g.expires_at > i.now
               and i.resource = any (g.resources) and string_to_array(i.scope, ' ') <@ g.scope
            returning i.place, g.id, g.client_id, g.subject, g.generation
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, detail)
            select i.now, i.request_id, 'token', 'ok', r.client_id, r.subject::text, r.id, i.jti, i.address,
                   'refresh_token scope=' || i.scope || ' resource=' || i.resource
              from rotated r join item i on i.place = r.place
        )
        select place::int, generation from rotated
        """;

    /// <summary>
    /// The whole question about one token, for what the other statement left alone. Live: its hash is the newest one's. Again: it is
    /// the one before, inside the window. Replayed: neither, though it belongs to the family and its generation is over; any other is
    /// refused and ends nothing.
    /// </summary>
    public const string DecideSql = $"""
        with presented as (
            select g.*, g.client_id = @client and (@family::bytea is null or coalesce(g.family_hash = @family, false)) as belongs,
                   coalesce(g.refresh_hash = @hash, false) as live,
                   coalesce(g.previous_hash = @hash and g.rotated_at > @retry_since::timestamptz, false) as again
              from grants g
             where g.id = @id and {RowQueue.Patience}
               for no key update
        ), usable as (
            select * from presented
             where belongs and ended_at is null and idle_until > @now and expires_at > @now
               and @resource::text = any (resources) and string_to_array(@scope, ' ') <@ scope
        ), rotated as (
            update grants g
               set previous_hash = g.refresh_hash, refresh_hash = @next, successor_sealed = @sealed, generation = g.generation + 1,
                   rotated_at = @now, idle_until = least(@idle_until, g.expires_at), family_hash = @next_family
              from usable u
             where g.id = u.id and u.live
            returning g.id, g.client_id, g.subject, g.generation
        ), retried as (
            select * from usable where again
        ), replayed as (
            select * from presented
             where belongs and ended_at is null and not live and not again and (@generation::int is null or @generation < generation)
        ), ended as (
            update grants g set ended_at = @now, ended_reason = 'refresh_reused' from replayed r where g.id = r.id and @replay_ends_grant
        ), audit as (
            insert into audit_events
                (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, error, rule, reason, expected, got, detail)
            select @now, @request_id::text, 'token', 'ok', client_id, subject::text, id, @jti::text, @address::text,
                   null, null, null, null, null,
                   'refresh_token scope=' || @scope || ' resource=' || @resource
              from rotated
            union all
            select @now, @request_id::text, 'token', 'ok', client_id, subject::text, id, @jti::text, @address::text,
                   null, null, null, null, null,
                   'refresh_token, answered again inside the retry window, scope=' || @scope || ' resource=' || @resource
              from retried
            union all
            select @now, @request_id::text, 'token', 'refused', client_id, subject::text, id, null, @address::text, 'invalid_grant',
                   'RFC 9700 §4.14.2', 'a superseded refresh token was used'
                   || case when @replay_ends_grant then '; the grant and its tokens are revoked' else '' end,
                   'the newest token of the family, generation ' || generation,
                   coalesce('generation ' || @generation::int, 'one issued before'), 'refresh_reused'
              from replayed
        )
        select client_id, idle_until, expires_at, successor_sealed, ended_reason, live, again,
               coalesce((select generation from rotated), generation) as generation,
               exists (select from rotated) as rotated, exists (select from retried) as retried, exists (select from replayed) as replayed
          from presented
        """;

    private readonly WriteBatcher<Rotation, int?> rotate;
    private readonly RowQueue queue = new();
    private readonly Database database;

    public RotationStore(Database database)
    {
        this.database = database;
        rotate = new(items => GrantBatch.RunAsync(database, RotateSql, items, Bind), item => item.Grant.Id);
    }

    /// <summary>One attempt; null when the grant is gone. Only Rotated and Retried mean tokens.</summary>
    public async Task<RotatedToken?> RotateAsync(Rotation rotation)
    {
        // What cannot succeed does not hold up the group.
        var hasChance = rotation.Token is not null && rotation.Grant.IsCurrent && rotation.Grant.ClientId == rotation.ClientId;
        if (hasChance && await rotate.AddAsync(rotation) is { } generation)
            return new RotatedToken { Rotated = true, Generation = generation };
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
        scope = item.Token is { } token ? string.Join(' ', token.Scope) : null,
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
    }, CancellationToken.None);

    private static void Bind(Arrays<Rotation> arrays)
    {
        arrays.Add("id", NpgsqlDbType.Uuid, item => item.Grant.Id);
        arrays.AddBytes("hash", item => item.Hash);
        arrays.AddBytes("family", item => item.FamilyHash);
        arrays.AddText("client", item => item.ClientId);
        arrays.AddText("resource", item => item.Token?.Resource);
        arrays.AddText("scope", item => item.Token is { } token ? string.Join(' ', token.Scope) : null);
        arrays.AddBytes("next", item => item.SuccessorHash);
        arrays.AddBytes("next_family", item => item.SuccessorFamilyHash);
        arrays.AddBytes("sealed", item => item.SuccessorSealed);
        arrays.AddTime("idle_until", item => item.IdleUntil);
        arrays.AddText("jti", item => item.Token?.Jti);
        arrays.AddTime("now", item => item.Now);
        arrays.AddText("request_id", item => item.RequestId);
        arrays.AddText("address", item => item.Address);
    }
}
