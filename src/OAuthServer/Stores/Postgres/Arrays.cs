using Npgsql;
using NpgsqlTypes;

namespace OAuthServer.Stores.Postgres;

/// <summary>The parameters of an <see cref="ArrayStatement{TItem}"/>, one array a column.</summary>
public sealed class Arrays<TItem>
{
    private readonly NpgsqlParameterCollection parameters;
    private readonly IReadOnlyList<TItem> items;
    private readonly List<string>? names;

    /// <param name="names">Gets the name of each array, in their order; null: not needed.</param>
    internal Arrays(NpgsqlParameterCollection parameters, IReadOnlyList<TItem> items, List<string>? names) =>
        (this.parameters, this.items, this.names) = (parameters, items, names);

    public void Add<T>(string name, NpgsqlDbType type, Func<TItem, T> column)
    {
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(items[i]);
        parameters.Add(new NpgsqlParameter<T[]> { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = values });
        names?.Add(name);
    }

    public void AddText(string name, Func<TItem, string?> column) => Add(name, NpgsqlDbType.Text, column);

    public void AddBytes(string name, Func<TItem, byte[]?> column) => Add(name, NpgsqlDbType.Bytea, column);

    public void AddTime(string name, Func<TItem, DateTimeOffset> column) =>
        Add(name, NpgsqlDbType.TimestampTz, item => column(item).UtcDateTime);
}
