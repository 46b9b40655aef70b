using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>One statement over arrays, one element an item, that changes the grants it can and answers with the places of those.</summary>
internal static class GrantBatch
{
    /// <summary>For each item the generation its grant has now; null: its grant was not changed, and nothing says why.</summary>
    public static async Task<IReadOnlyList<int?>> RunAsync<TItem>(
        Database database, string sql, IReadOnlyList<TItem> items, Action<Arrays<TItem>> bind)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection);
        bind(new Arrays<TItem>(command.Parameters, items));
        var generations = new int?[items.Count];
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None)) generations[reader.GetInt32(0) - 1] = reader.GetInt32(1);
        return generations;
    }
}

/// <summary>Parameters of such a statement, by name.</summary>
internal sealed class Arrays<TItem>(NpgsqlParameterCollection parameters, IReadOnlyList<TItem> items)
{
    public void Add<T>(string name, NpgsqlDbType type, Func<TItem, T> column)
    {
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(items[i]);
        parameters.Add(new NpgsqlParameter<T[]>(name, NpgsqlDbType.Array | type) { TypedValue = values });
    }

    public void AddText(string name, Func<TItem, string?> column) => Add(name, NpgsqlDbType.Text, column);

    public void AddBytes(string name, Func<TItem, byte[]?> column) => Add(name, NpgsqlDbType.Bytea, column);

    public void AddTime(string name, Func<TItem, DateTimeOffset> column) =>
        Add(name, NpgsqlDbType.TimestampTz, item => column(item).UtcDateTime);
}
