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

    /// <summary>The statement about these items.</summary>
    public NpgsqlCommand For(NpgsqlConnection connection, IReadOnlyList<TItem> items)
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
