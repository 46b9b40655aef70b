using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.UsedProofs;

/// <summary>used_proofs: what proves and works once, where no other statement decides; all who wait at the same moment together.</summary>
public sealed class UsedProofStore
{
    public const string SpendSql = $"""
        with item as materialized (
            select * from unnest({ProofSql.Arrays}) with ordinality as i ({ProofSql.Columns}, place)
        ), shown as (
            {ProofSql.Shown}
        ), {ProofSql.Spent}
        select place::int, which from unproven
        """;

    private readonly WriteBatcher<Proofs, UsedBefore> spend;
    private readonly Database database;

    public UsedProofStore(Database database)
    {
        this.database = database;
        var statement = new ArrayStatement<Proofs>(SpendSql, arrays => ProofSql.Bind(arrays, proofs => proofs));
        spend = new("used_proofs", items => statement.ReadAsync(database, items, row => (UsedBefore)row.GetInt32(1)));
    }

    /// <summary>Which of them was used before; nothing: all are spent now.</summary>
    public Task<UsedBefore> SpendAsync(Proofs proofs) => spend.AddAsync(proofs);

    /// <summary>Whether this is its first use.</summary>
    public async Task<bool> SpendAsync(UsedProof proof) => await SpendAsync(new Proofs { Assertion = proof }) == UsedBefore.Nothing;

    /// <summary>The writer that carries those waiting at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => spend.RunAsync(cancel);

    public const string SweepSql = """
        with gone as materialized (
            select hash from used_proofs where expires_at < @now limit 5000 for update skip locked
        )
        delete from used_proofs using gone where used_proofs.hash = gone.hash
        """;

    /// <summary>Forgets a batch of proofs too old to be used again; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
