using Npgsql;
using NpgsqlTypes;

namespace OAuthServer.Stores.Postgres;

/// <summary>Parameters of a statement over arrays, one element an item.</summary>
public sealed class Arrays<TItem>(NpgsqlParameterCollection parameters, IReadOnlyList<TItem> items)
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
