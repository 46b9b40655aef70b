using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>One statement over arrays, one element an item, that changes the grants it can and answers with the places of those.</summary>
internal static class GrantBatch
{
    /// <summary>The resource and scope of this attempt (i) are a part of what the grant (g) allows.</summary>
    internal const string TargetFits = "i.resource = any (g.resources) and string_to_array(i.scope, ' ') <@ g.scope";

    /// <summary>For each item the generation its grant has now; null: its grant was not changed, and nothing says why.</summary>
    public static async Task<IReadOnlyList<int?>> RunAsync<TItem>(
        Database database, string sql, IReadOnlyList<TItem> items, Action<Arrays<TItem>> bind)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
#pragma warning disable CA2100 // A constant of the store that calls.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        bind(new Arrays<TItem>(command.Parameters, items));
        var generations = new int?[items.Count];
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None)) generations[reader.GetInt32(0) - 1] = reader.GetInt32(1);
        return generations;
    }
}
