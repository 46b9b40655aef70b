using Npgsql;

namespace OAuthServer.Stores;

/// <summary>
/// Runs many one-row statements of one kind in one round trip and one commit. A refused statement of one caller (a deadlock
/// across servers, say) takes the transaction back for all: then each runs alone. A lost connection is passed on, never retried:
/// whether it committed is not known.
/// </summary>
internal static class GrantUse
{
    public static async Task<IReadOnlyList<TAnswer>> RunAsync<TItem, TAnswer>(
        Database database, string sql, IReadOnlyList<TItem> items, Action<NpgsqlParameterCollection, TItem> bind, Func<NpgsqlDataReader, TAnswer> read, TAnswer none)
    {
        try
        {
            return await BatchAsync(database, sql, items, bind, read, none);
        }
        catch (PostgresException) when (items.Count > 1)
        {
            var answers = new List<TAnswer>(items.Count);
            foreach (var item in items) answers.AddRange(await BatchAsync(database, sql, [item], bind, read, none));
            return answers;
        }
    }

    private static async Task<List<TAnswer>> BatchAsync<TItem, TAnswer>(
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
