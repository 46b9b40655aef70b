using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>One statement for many items: over arrays, one element an item.</summary>
/// <param name="sql">Names each array: <c>unnest(@id::uuid[])</c>.</param>
/// <param name="bind">Adds the arrays.</param>
public sealed partial class ArrayStatement<TItem>(string sql, Action<Arrays<TItem>> bind)
{
    // With numbers in place of names, which Npgsql would look for in the text each time.
    private string? numbered;

    /// <summary>Runs it about these items.</summary>
    public async Task ExecuteAsync(Database database, IReadOnlyList<TItem> items)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = For(connection, items);
        try { await command.ExecuteNonQueryAsync(CancellationToken.None); }
        catch (Exception fault) when (database.ForgetsReadOnlySessions(fault)) { throw; }
    }

    /// <summary>What it answers for each item, in their order; null where it has no row.</summary>
    /// <param name="row">Reads a row: in front is the place of its item, from 1 on, the rest begins at 1.</param>
    public async Task<IReadOnlyList<T?>> ReadAsync<T>(Database database, IReadOnlyList<TItem> items, Func<NpgsqlDataReader, T> row)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = For(connection, items);
        var found = new T?[items.Count];
        try
        {
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            while (await reader.ReadAsync(CancellationToken.None)) found[reader.GetInt32(0) - 1] = row(reader);
        }
        catch (Exception fault) when (database.ForgetsReadOnlySessions(fault)) { throw; }
        return found;
    }

    private NpgsqlCommand For(NpgsqlConnection connection, IReadOnlyList<TItem> items)
    {
        var command = connection.CreateCommand();
        List<string>? names = numbered is null ? [] : null;
        bind(new Arrays<TItem>(command.Parameters, items, names));
#pragma warning disable CA2100 // A constant of its store.
        command.CommandText = numbered ??= Numbered(names!);
#pragma warning restore CA2100
        return command;
    }

    private string Numbered(List<string> names) => Name().Replace(sql, found => names.IndexOf(found.Groups[1].Value) switch
    {
        < 0 => throw new InvalidOperationException($"no array is bound to {found.Value}"),
        var place => string.Create(CultureInfo.InvariantCulture, $"${place + 1}"),
    });

    [GeneratedRegex(@"@(\w+)")]
    private static partial Regex Name();
}
