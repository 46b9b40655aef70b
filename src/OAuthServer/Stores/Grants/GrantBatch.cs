using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A statement that changes the grants it can, and answers with the places of those.</summary>
internal static class GrantBatch
{
    /// <summary>The resource and scope of this attempt (i) are a part of what the grant (g) allows.</summary>
    internal const string TargetFits = "i.resource = any (g.resources) and string_to_array(i.scope, ' ') <@ g.scope";

    /// <summary>For each item the generation its grant has now; null: its grant was not changed, and nothing says why.</summary>
    public static async Task<IReadOnlyList<int?>> RunAsync<TItem>(
        Database database, ArrayStatement<TItem> statement, IReadOnlyList<TItem> items)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = statement.For(connection, items);
        var generations = new int?[items.Count];
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None)) generations[reader.GetInt32(0) - 1] = reader.GetInt32(1);
        return generations;
    }
}
