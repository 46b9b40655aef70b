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
}
