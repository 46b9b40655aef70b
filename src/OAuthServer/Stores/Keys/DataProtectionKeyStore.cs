using Dapper;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Keys;

/// <summary>A row of data_protection_keys.</summary>
public sealed record DataProtectionKeyRow
{
    public required string Id { get; init; }
    public required string Xml { get; init; }
}

/// <summary>data_protection_keys. Data Protection asks synchronously, rarely, and keeps what it read.</summary>
public sealed class DataProtectionKeyStore(Database database)
{
    public const string ListSql = "select id, xml from data_protection_keys";

    /// <summary>All key elements.</summary>
    public IReadOnlyList<DataProtectionKeyRow> List()
    {
        using var connection = database.OpenAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return connection.Query<DataProtectionKeyRow>(ListSql).AsList();
    }

    public const string AddSql = "insert into data_protection_keys (id, xml) values (@id, @xml) on conflict (id) do nothing";

    /// <summary>Keeps one key element.</summary>
    public void Add(string id, string xml)
    {
        using var connection = database.OpenAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        connection.Execute(AddSql, new { id, xml });
    }

    public const string ResealSql = "update data_protection_keys set xml = @after where id = @id and xml = @before";

    /// <summary>The same key, sealed anew; false when it is gone or another has done it.</summary>
    public async Task<bool> ResealAsync(string id, string before, string after, CancellationToken cancel) =>
        await database.ExecuteAsync(ResealSql, new { id, before, after }, cancel) == 1;
}
