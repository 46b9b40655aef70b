using System.Buffers.Binary;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>
/// grants, old_tokens and delegations, as they are emptied: small batches that skip what others hold. Each returns how many left. A
/// grant whose refresh token has been idle too long is dead by that and leaves with its end.
/// </summary>
public sealed class GrantSweepStore(Database database)
{
    public const string ExpiredSql = """
        with gone as materialized (
            select id from grants where expires_at < @now::timestamptz - interval '1 day' limit 500 for update skip locked
        )
        delete from grants using gone where grants.id = gone.id
        """;

    /// <summary>Those whose end was a day ago.</summary>
    public Task<int> ExpiredAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(ExpiredSql, new { now = now.UtcDateTime }, cancel);

    public const string EndedSql = """
        with gone as materialized (
            select id from grants where ended_at is not null and ended_at < @now::timestamptz - interval '30 days' limit 500
               for update skip locked
        )
        delete from grants using gone where grants.id = gone.id
        """;

    /// <summary>Those that were ended thirty days ago.</summary>
    public Task<int> EndedAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(EndedSql, new { now = now.UtcDateTime }, cancel);

    public const string NeverRedeemedSql = """
        with gone as materialized (
            select id from grants
             where id >= @from and id < @until and activated_at is null and code_expires_at < @now limit 500 for update skip locked
        )
        delete from grants using gone where grants.id = gone.id
        """;

    /// <summary>
    /// Those allowed 26 to 24 hours ago whose code nobody has redeemed: their ids, UUIDv7, stand side by side in the primary key. What
    /// is missed while no server runs leaves with its end. The same request, repeated in time, has given an old row a new code: it stays.
    /// </summary>
    public Task<int> NeverRedeemedAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(NeverRedeemedSql, new
        {
            from = FirstId(now.AddHours(-26)),
            until = FirstId(now.AddHours(-24)),
            now = now.UtcDateTime,
        }, cancel);

    public const string OldTokensSql = """
        with gone as materialized (
            select hash from old_tokens where expires_at < @now limit 500 for update skip locked
        )
        delete from old_tokens using gone where old_tokens.hash = gone.hash
        """;

    /// <summary>Tokens of the forms before that have expired.</summary>
    public Task<int> OldTokensAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(OldTokensSql, new { now = now.UtcDateTime }, cancel);

    public const string DelegationsSql = """
        with gone as materialized (
            select id from delegations d
             where ended_at is not null and ended_at < @now::timestamptz - interval '30 days' and ended_reason <> 'cut'
               and not exists (select from delegations where parent = d.id) limit 500
               for update skip locked
        )
        delete from delegations using gone where delegations.id = gone.id
        """;

    /// <summary>
    /// Steps of exchanged tokens that ended thirty days ago with what they stood on, the last of a chain first. What was cut stays until
    /// its grant, its rule or its client is gone, and what is above it, too: it must not begin again.
    /// </summary>
    public Task<int> DelegationsAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(DelegationsSql, new { now = now.UtcDateTime }, cancel);

    // RFC 9562 §5.7: 48 bits of Unix milliseconds come first.
    private static Guid FirstId(DateTimeOffset time)
    {
        Span<byte> octets = stackalloc byte[16];
        octets.Clear();
        BinaryPrimitives.WriteInt64BigEndian(octets, time.ToUnixTimeMilliseconds() << 16);
        return new Guid(octets, bigEndian: true);
    }
}
