using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Keys;

/// <summary>A row of imported_keys.</summary>
public sealed record ImportedKeyRow
{
    public required string Kid { get; init; }
    public required string Alg { get; init; }

    /// <summary>SubjectPublicKeyInfo, DER.</summary>
    public required byte[] PublicKey { get; init; }
    public required string Issuer { get; init; }
    public required DateTimeOffset VerifiesUntil { get; init; }
}

/// <summary>imported_keys: what verifies tokens of the server that was here before.</summary>
public sealed class ImportedKeyStore(Database database)
{
    public const string ListSql = "select * from imported_keys where verifies_until > @now order by kid";

    /// <summary>Those that still verify.</summary>
    public Task<List<ImportedKeyRow>> ListAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<ImportedKeyRow>(ListSql, new { now = now.UtcDateTime }, cancel);

    public const string SweepSql = """
        with keys as (
            delete from imported_keys where verifies_until <= @now
        ), gone as materialized (
            select hash from imported_marks where expires_at <= @now limit 500
        )
        delete from imported_marks using gone where imported_marks.hash = gone.hash
        """;

    /// <summary>Removes those that verify no longer, and a small batch of marks; returns how many of these.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
