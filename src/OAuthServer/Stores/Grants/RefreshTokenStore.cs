using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to exchange a refresh token.</summary>
public sealed record Rotation
{
    public required byte[] Hash { get; init; }
    public required string ClientId { get; init; }

    /// <summary>The access token it would bring; null: none can be issued, and nothing is exchanged.</summary>
    public required TokenFacts? Token { get; init; }
    public required byte[] SuccessorHash { get; init; }

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

/// <summary>The presented token as it stood when the statement held its lock, and what was done.</summary>
public sealed record RotatedToken
{
    public required string ClientId { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset GrantExpiresAt { get; init; }
    public required byte[]? SuccessorSealed { get; init; }
    public required string? EndedReason { get; init; }

    /// <summary>This attempt won: the successor is stored, the audit row written.</summary>
    public required bool Rotated { get; init; }

    /// <summary>Inside the retry window, successor unused: the same successor may be handed out again. Audited.</summary>
    public required bool Retried { get; init; }

    /// <summary>A superseded token came back. Audited; the grant is ended where the rotation asked for it.</summary>
    public required bool Replayed { get; init; }
}

/// <summary>refresh_tokens: each exchanged once, by one statement that first locks the grant.</summary>
public sealed class RefreshTokenStore
{
    /// <summary>
    /// RFC 9700 §4.14.2. The grant is locked first, so that all uses of one family stand in line and ending the grant ends them.
    /// A CTE cannot see what its neighbours changed: all that a late-comer must know is on the grant's and the parent's own rows.
    /// </summary>
    public const string RotateSql = """
        with family as (
            select * from grants where id = (select grant_id from refresh_tokens where hash = @hash) for no key update
        ), parent as (
            select r.hash, r.parent_hash, r.expires_at, r.used_at, r.successor_sealed, r.successor_used_at, g.id as grant_id, g.client_id, g.subject,
                   g.scope, g.resources, g.expires_at as grant_expires_at, g.ended_at, g.ended_reason
              from family g join refresh_tokens r on r.grant_id = g.id
             where r.hash = @hash
               for update of r
        ), usable as (
            select * from parent
             where client_id = @client and ended_at is null and expires_at > @now and grant_expires_at > @now
               and @resource = any (resources) and @scope <@ scope
        ), rotated as (
            update refresh_tokens set used_at = @now, successor_sealed = @sealed
              from usable
             where refresh_tokens.hash = usable.hash and usable.used_at is null
            returning usable.*
        ), successor as (
            insert into refresh_tokens (hash, grant_id, parent_hash, issued_at, expires_at)
            select @next, grant_id, hash, @now, least(@idle_until, grant_expires_at) from rotated
        ), grandparent as (
            update refresh_tokens set successor_used_at = @now from rotated where refresh_tokens.hash = rotated.parent_hash
        ), retried as (
            select * from usable where used_at > @retry_since and successor_used_at is null
        ), replayed as (
            select * from parent
             where client_id = @client and used_at is not null and ended_at is null
               and not (@retry_since is not null and used_at > @retry_since and successor_used_at is null)
        ), ended as (
            update grants set ended_at = @now, ended_reason = 'refresh_reused' from replayed where grants.id = replayed.grant_id and @replay_ends_grant
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, error, rule, reason, expected, got, detail)
            select @now, @request_id, 'token', 'ok', client_id, subject::text, grant_id, @jti, @address, null, null, null, null, null,
                   'refresh_token scope=' || array_to_string(@scope, ' ') || ' resource=' || @resource
              from rotated
            union all
            select @now, @request_id, 'token', 'ok', client_id, subject::text, grant_id, @jti, @address, null, null, null, null, null,
                   'refresh_token, answered again inside the retry window, scope=' || array_to_string(@scope, ' ') || ' resource=' || @resource
              from retried
            union all
            select @now, @request_id, 'token', 'refused', client_id, subject::text, grant_id, null, @address, 'invalid_grant', 'RFC 9700 §4.14.2',
                   'a superseded refresh token was used' || case when @replay_ends_grant then '; the grant and its tokens are revoked' else '' end,
                   'the newest token of the family', 'one first used at ' || used_at, 'refresh_reused'
              from replayed
        )
        select p.client_id, p.expires_at, p.grant_expires_at, p.successor_sealed, p.ended_reason,
               exists (select from rotated), exists (select from retried), exists (select from replayed)
          from parent p
        """;

    private readonly WriteBatcher<Rotation, RotatedToken?> rotate;
    private readonly Database database;

    public RefreshTokenStore(Database database)
    {
        this.database = database;
        rotate = new(items => BatchedStatement.RunAsync(database, RotateSql, items, Bind, Read, null), (one, other) => one.Hash.AsSpan().SequenceCompareTo(other.Hash));
    }

    public const string FindSql = $"select {PresentedGrant.Columns} from refresh_tokens r join grants g on g.id = r.grant_id where r.hash = @hash";

    /// <summary>What the token stands for, whoever presents it and whether or not it still may; null when nobody knows it.</summary>
    public Task<PresentedGrant?> FindAsync(byte[] hash, CancellationToken cancel) => database.FindAsync<PresentedGrant>(FindSql, new { hash }, cancel);

    /// <summary>One attempt; null when nobody knows the token. Only Rotated and Retried mean tokens.</summary>
    public Task<RotatedToken?> RotateAsync(Rotation rotation) => rotate.AddAsync(rotation);

    /// <summary>The writer that carries rotations waiting at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => rotate.RunAsync(cancel);

    /// <summary>RFC 7009 §2.1: ends the grant of the client's own refresh token, and says so in the audit log.</summary>
    public const string RevokeSql = """
        with ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_client'
             where id = (select grant_id from refresh_tokens where hash = @hash) and client_id = @client and ended_at is null
            returning id, subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @request, 'revocation', 'ok', @client, subject::text, id, @address, 'refresh token: the grant and its tokens' from ended
        )
        select exists (select from ended)
        """;

    /// <summary>True when a grant was ended; false for unknown, foreign and already dead tokens.</summary>
    public Task<bool> RevokeAsync(byte[] hash, string client, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(RevokeSql, new { hash, client, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string SweepSql = "delete from refresh_tokens where hash in (select hash from refresh_tokens where expires_at < @now limit 500)";

    /// <summary>Removes a small batch of expired tokens; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);

    private static void Bind(NpgsqlParameterCollection parameters, Rotation item)
    {
        parameters.Add(new NpgsqlParameter<byte[]>("hash", NpgsqlDbType.Bytea) { TypedValue = item.Hash });
        parameters.Add(new NpgsqlParameter<string>("client", NpgsqlDbType.Text) { TypedValue = item.ClientId });
        parameters.Add(new NpgsqlParameter<string[]?>("scope", NpgsqlDbType.Array | NpgsqlDbType.Text) { TypedValue = item.Token?.Scope });
        parameters.Add(new NpgsqlParameter<string?>("resource", NpgsqlDbType.Text) { TypedValue = item.Token?.Resource });
        parameters.Add(new NpgsqlParameter<byte[]>("next", NpgsqlDbType.Bytea) { TypedValue = item.SuccessorHash });
        parameters.Add(new NpgsqlParameter<byte[]>("sealed", NpgsqlDbType.Bytea) { TypedValue = item.SuccessorSealed });
        parameters.Add(new NpgsqlParameter<DateTime>("idle_until", NpgsqlDbType.TimestampTz) { TypedValue = item.IdleUntil.UtcDateTime });
        parameters.Add(new NpgsqlParameter<DateTime?>("retry_since", NpgsqlDbType.TimestampTz) { TypedValue = item.RetrySince?.UtcDateTime });
        parameters.Add(new NpgsqlParameter<bool>("replay_ends_grant", NpgsqlDbType.Boolean) { TypedValue = item.ReplayEndsGrant });
        parameters.Add(new NpgsqlParameter<string?>("jti", NpgsqlDbType.Text) { TypedValue = item.Token?.Jti });
        parameters.Add(new NpgsqlParameter<DateTime>("now", NpgsqlDbType.TimestampTz) { TypedValue = item.Now.UtcDateTime });
        parameters.Add(new NpgsqlParameter<string>("request_id", NpgsqlDbType.Text) { TypedValue = item.RequestId });
        parameters.Add(new NpgsqlParameter<string>("address", NpgsqlDbType.Text) { TypedValue = item.Address });
    }

    private static RotatedToken Read(NpgsqlDataReader row) => new()
    {
        ClientId = row.GetString(0),
        ExpiresAt = row.GetFieldValue<DateTimeOffset>(1),
        GrantExpiresAt = row.GetFieldValue<DateTimeOffset>(2),
        SuccessorSealed = row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3),
        EndedReason = row.IsDBNull(4) ? null : row.GetString(4),
        Rotated = row.GetBoolean(5),
        Retried = row.GetBoolean(6),
        Replayed = row.GetBoolean(7),
    };
}
