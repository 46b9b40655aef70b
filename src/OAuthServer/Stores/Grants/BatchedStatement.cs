using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>
/// Runs many one-row statements of one kind in one round trip and one commit: one that is refused takes the transaction back for all.
/// </summary>
internal static class BatchedStatement
{
    public static async Task<IReadOnlyList<TAnswer>> RunAsync<TItem, TAnswer>(
        Database database, string sql, IReadOnlyList<TItem> items, Action<NpgsqlParameterCollection, TItem> bind, Func<NpgsqlDataReader, TAnswer> read, TAnswer none)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var item in items)
        {
            var command = new NpgsqlBatchCommand(sql);
            bind(command.Parameters, item);
            batch.BatchCommands.Add(command);
        }

        var answers = new List<TAnswer>(items.Count);
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        do answers.Add(await reader.ReadAsync(CancellationToken.None) ? read(reader) : none);
        while (await reader.NextResultAsync(CancellationToken.None));
        return answers;
    }
}
