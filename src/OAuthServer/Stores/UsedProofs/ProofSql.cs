using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.UsedProofs;

/// <summary>
/// used_proofs, in the statements that decide. Proofs are written after rows are locked and in the order of their hashes, so that no
/// two servers wait for each other.
/// </summary>
internal static class ProofSql
{
    /// <summary>The arrays of <see cref="Bind"/>, as a statement names them.</summary>
    internal const string Arrays = "@assertion::bytea[], @assertion_until::timestamptz[], @dpop::bytea[], @dpop_until::timestamptz[]";

    /// <summary>Their columns in <c>item</c>.</summary>
    internal const string Columns = "assertion, assertion_until, dpop, dpop_until";

    /// <summary>What the items of a group show; see <see cref="ShownWhereFit"/> for statements that lock rows.</summary>
    internal const string Shown = """
        select place, 1 as which, assertion as hash, assertion_until as expires_at from item where assertion is not null
             union all select place, 2, dpop, dpop_until from item where dpop is not null
        """;

    /// <summary>
    /// The same after rows are <c>locked</c>: a client's assertion whatever becomes of its item, a proof of a key where the item is
    /// <c>fit</c> to succeed.
    /// </summary>
    internal const string ShownWhereFit = $"""
        select * from ({Shown}) as proofs
             where (select count(*) from locked) >= 0 and (which = 1 or exists (select from fit where fit.place = proofs.place))
        """;

    /// <summary>
    /// From <c>shown</c> (place, which, hash, expires_at): <c>spent</c> are those that were new, <c>unproven</c> the places that showed
    /// another, and which. Of two equal ones in a group the first wins.
    /// </summary>
    internal const string Spent = """
        proof as materialized (
            select distinct on (hash) hash, expires_at, place from shown order by hash, place
        ), spent as (
            insert into used_proofs (hash, expires_at) select hash, expires_at from proof order by hash
            on conflict (hash) do nothing
            returning hash
        ), unproven as materialized (
            select place, min(which) as which from shown
             where not exists (select from proof p join spent s on s.hash = p.hash where p.place = shown.place and p.hash = shown.hash)
             group by place
        )
        """;

    internal static void Bind<TItem>(Arrays<TItem> arrays, Func<TItem, Proofs> of)
    {
        arrays.AddBytes("assertion", item => of(item).Assertion?.Hash);
        arrays.Add("assertion_until", NpgsqlDbType.TimestampTz, item => of(item).Assertion?.ExpiresAt.UtcDateTime);
        arrays.AddBytes("dpop", item => of(item).Dpop?.Hash);
        arrays.Add("dpop_until", NpgsqlDbType.TimestampTz, item => of(item).Dpop?.ExpiresAt.UtcDateTime);
    }
}
