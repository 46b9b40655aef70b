using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Rows read by key, in one round trip for all who wait at the same moment. It begins after each request: whatever was durable by then,
/// on whichever server, is seen.
/// </summary>
/// <param name="name">What is read: the label of its figures.</param>
/// <param name="sql">Answers the place of the key, from 1 on, and then the row. A key without a row is left out.</param>
/// <param name="keys">Adds the arrays of the keys.</param>
/// <param name="row">Reads the row, whose columns begin at 1.</param>
public sealed class SharedRead<TKey, TRow>(
    string name, Database database, string sql, Action<Arrays<TKey>> keys, Func<NpgsqlDataReader, TRow> row)
    where TRow : class
{
    private readonly WriteBatcher<TKey, TRow?> requested = Batcher(name, database, new ArrayStatement<TKey>(sql, keys), row);

    /// <summary>The row, or null.</summary>
    public Task<TRow?> FindAsync(TKey key) => requested.AddAsync(key);

    /// <summary>The one reader. Runs until <paramref name="cancel"/>, then reads what is left.</summary>
    public Task RunAsync(CancellationToken cancel) => requested.RunAsync(cancel);

    private static WriteBatcher<TKey, TRow?> Batcher(
        string name, Database database, ArrayStatement<TKey> statement, Func<NpgsqlDataReader, TRow> row) =>
        new(name, wanted => statement.ReadAsync(database, wanted, row), readsOnly: true);
}
