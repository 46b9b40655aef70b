using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Rows read by key, in one round trip for all who wait at the same moment. It begins after each request: whatever was durable by then,
/// on whichever server, is seen.
/// </summary>
/// <param name="sql">Answers the place of the key, from 1 on, and then the row. A key without a row is left out.</param>
/// <param name="keys">Adds the arrays of the keys.</param>
/// <param name="row">Reads the row, whose columns begin at 1.</param>
public sealed class SharedRead<TKey, TRow>(
    Database database, string sql, Action<Arrays<TKey>> keys, Func<NpgsqlDataReader, TRow> row)
    where TRow : class
{
    private readonly WriteBatcher<TKey, TRow?> requested = new(Read(database, new ArrayStatement<TKey>(sql, keys), row));

    /// <summary>The row, or null.</summary>
    public Task<TRow?> FindAsync(TKey key) => requested.AddAsync(key);

    /// <summary>The one reader. Runs until <paramref name="cancel"/>, then reads what is left.</summary>
    public Task RunAsync(CancellationToken cancel) => requested.RunAsync(cancel);

    private static Func<IReadOnlyList<TKey>, Task<IReadOnlyList<TRow?>>> Read(
        Database database, ArrayStatement<TKey> statement, Func<NpgsqlDataReader, TRow> row) => async wanted =>
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = statement.For(connection, wanted);
        var found = new TRow?[wanted.Count];
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None)) found[reader.GetInt32(0) - 1] = row(reader);
        return found;
    };
}
