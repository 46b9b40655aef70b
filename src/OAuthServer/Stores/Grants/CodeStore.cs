using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to redeem a code.</summary>
public sealed record Redemption
{
    public required byte[] Hash { get; init; }
    public required string ClientId { get; init; }

    /// <summary>Null when the client did not repeat it.</summary>
    public required string? RedirectUri { get; init; }

    /// <summary>S256 of the verifier that came.</summary>
    public required string Challenge { get; init; }

    /// <summary>The access token it would bring; null: none can be issued, and the code is not spent.</summary>
    public required TokenFacts? Token { get; init; }

    /// <summary>Hash of the refresh token to store; null when this client gets none.</summary>
    public required byte[]? RefreshHash { get; init; }
    public required DateTimeOffset RefreshIdleUntil { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>The code as it stood when the statement held its lock, and what was done.</summary>
public sealed record RedeemedCode
{
    public required string ClientId { get; init; }
    public required string RedirectUri { get; init; }
    public required bool ChallengeFits { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset GrantExpiresAt { get; init; }
    public required int WrongVerifiers { get; init; }
    public required string? EndedReason { get; init; }

    /// <summary>This attempt won: the code is spent, the refresh token stored, the audit row written.</summary>
    public required bool Redeemed { get; init; }

    /// <summary>This attempt was a valid replay: the grant is ended and the audit row written.</summary>
    public required bool Replayed { get; init; }
}

/// <summary>codes: spent once, by one statement.</summary>
public sealed class CodeStore
{
    /// <summary>
    /// RFC 6749 §4.1.2, RFC 9700 §2.1.1: one winner. Client, redirect URI and verifier are proven before a second use ends the
    /// grant; a wrong verifier only counts, the fifth ends the code.
    /// </summary>
    public const string RedeemSql = """
        with presented as (
            select c.hash, c.redeemed_at, c.expires_at, c.wrong_verifiers, g.id as grant_id, g.client_id, g.subject, g.scope, g.resources, g.offline,
                   g.redirect_uri, g.code_challenge, g.expires_at as grant_expires_at, g.ended_at, g.ended_reason
              from codes c join grants g on g.id = c.grant_id
             where c.hash = @hash
               for update of c for no key update of g
        ), proven as (
            select * from presented
             where client_id = @client and (@redirect is null or redirect_uri = @redirect) and code_challenge = @challenge and wrong_verifiers < 5
        ), redeemed as (
            update codes set redeemed_at = @now
              from proven
             where codes.hash = proven.hash
               and proven.redeemed_at is null and proven.expires_at > @now and proven.ended_at is null and proven.grant_expires_at > @now
               and @resource = any (proven.resources) and @scope <@ proven.scope
            returning proven.*
        ), activated as (
            update grants set activated_at = @now from redeemed where grants.id = redeemed.grant_id and grants.activated_at is null
        ), refresh as (
            insert into refresh_tokens (hash, grant_id, issued_at, expires_at)
            select @refresh, grant_id, @now, least(@idle_until, grant_expires_at) from redeemed where offline and @refresh is not null
        ), replayed as (
            update grants set ended_at = @now, ended_reason = 'code_replayed'
              from proven
             where grants.id = proven.grant_id and proven.redeemed_at is not null and proven.ended_at is null
            returning grants.id
        ), missed as (
            update codes set wrong_verifiers = codes.wrong_verifiers + 1
              from presented
             where codes.hash = presented.hash and presented.redeemed_at is null
               and client_id = @client and (@redirect is null or redirect_uri = @redirect) and code_challenge <> @challenge
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, error, rule, reason, expected, got, detail)
            select @now, @request_id, 'token', 'ok', client_id, subject::text, grant_id, @jti, @address, null, null, null, null, null,
                   'authorization_code scope=' || array_to_string(@scope, ' ') || ' resource=' || @resource
              from redeemed
            union all
            select @now, @request_id, 'token', 'refused', client_id, subject::text, grant_id, null, @address, 'invalid_grant', 'RFC 6749 §4.1.2',
                   'the code was used a second time; the grant and its tokens are revoked', 'a code not redeemed before', 'redeemed at ' || redeemed_at, 'code_replayed'
              from proven where redeemed_at is not null
        )
        select p.client_id, p.redirect_uri, p.code_challenge = @challenge, p.expires_at, p.grant_expires_at, p.wrong_verifiers, p.ended_reason,
               exists (select from redeemed), exists (select from proven where redeemed_at is not null)
          from presented p
        """;

    private readonly WriteBatcher<Redemption, RedeemedCode?> redeem;
    private readonly Database database;

    public CodeStore(Database database)
    {
        this.database = database;
        redeem = new(items => BatchedStatement.RunAsync(database, RedeemSql, items, Bind, Read, null), (one, other) => one.Hash.AsSpan().SequenceCompareTo(other.Hash));
    }

    public const string FindSql = $"select {PresentedGrant.Columns} from codes c join grants g on g.id = c.grant_id where c.hash = @hash";

    /// <summary>What the code stands for, whoever presents it and whether or not it still may; null when nobody knows it.</summary>
    public Task<PresentedGrant?> FindAsync(byte[] hash, CancellationToken cancel) => database.FindAsync<PresentedGrant>(FindSql, new { hash }, cancel);

    /// <summary>One attempt; null when nobody knows the code. Only <see cref="RedeemedCode.Redeemed"/> means tokens.</summary>
    public Task<RedeemedCode?> RedeemAsync(Redemption redemption) => redeem.AddAsync(redemption);

    /// <summary>The writer that carries redemptions waiting at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => redeem.RunAsync(cancel);

    // A spent code is kept for a day, so that a late replay still ends the grant.
    public const string SweepSql = "delete from codes where hash in (select hash from codes where expires_at < @now::timestamptz - interval '1 day' limit 500)";

    /// <summary>Removes a small batch of codes long expired; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);

    private static void Bind(NpgsqlParameterCollection parameters, Redemption item)
    {
        parameters.Add(new NpgsqlParameter<byte[]>("hash", NpgsqlDbType.Bytea) { TypedValue = item.Hash });
        parameters.Add(new NpgsqlParameter<string>("client", NpgsqlDbType.Text) { TypedValue = item.ClientId });
        parameters.Add(new NpgsqlParameter<string?>("redirect", NpgsqlDbType.Text) { TypedValue = item.RedirectUri });
        parameters.Add(new NpgsqlParameter<string>("challenge", NpgsqlDbType.Text) { TypedValue = item.Challenge });
        parameters.Add(new NpgsqlParameter<string?>("resource", NpgsqlDbType.Text) { TypedValue = item.Token?.Resource });
        parameters.Add(new NpgsqlParameter<string[]?>("scope", NpgsqlDbType.Array | NpgsqlDbType.Text) { TypedValue = item.Token?.Scope });
        parameters.Add(new NpgsqlParameter<byte[]?>("refresh", NpgsqlDbType.Bytea) { TypedValue = item.RefreshHash });
        parameters.Add(new NpgsqlParameter<DateTime>("idle_until", NpgsqlDbType.TimestampTz) { TypedValue = item.RefreshIdleUntil.UtcDateTime });
        parameters.Add(new NpgsqlParameter<string?>("jti", NpgsqlDbType.Text) { TypedValue = item.Token?.Jti });
        parameters.Add(new NpgsqlParameter<DateTime>("now", NpgsqlDbType.TimestampTz) { TypedValue = item.Now.UtcDateTime });
        parameters.Add(new NpgsqlParameter<string>("request_id", NpgsqlDbType.Text) { TypedValue = item.RequestId });
        parameters.Add(new NpgsqlParameter<string>("address", NpgsqlDbType.Text) { TypedValue = item.Address });
    }

    private static RedeemedCode Read(NpgsqlDataReader row) => new()
    {
        ClientId = row.GetString(0),
        RedirectUri = row.GetString(1),
        ChallengeFits = row.GetBoolean(2),
        ExpiresAt = row.GetFieldValue<DateTimeOffset>(3),
        GrantExpiresAt = row.GetFieldValue<DateTimeOffset>(4),
        WrongVerifiers = row.GetInt32(5),
        EndedReason = row.IsDBNull(6) ? null : row.GetString(6),
        Redeemed = row.GetBoolean(7),
        Replayed = row.GetBoolean(8),
    };
}
