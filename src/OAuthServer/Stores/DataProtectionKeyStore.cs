using Dapper;

namespace OAuthServer.Stores;

/// <summary>data_protection_keys. Data Protection asks synchronously, rarely, and keeps what it read.</summary>
public sealed class DataProtectionKeyStore(Database database)
{
    public const string ListSql = "select xml from data_protection_keys";

    /// <summary>All key elements.</summary>
    public IReadOnlyList<string> List()
    {
        using var connection = database.OpenAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return connection.Query<string>(ListSql).AsList();
    }

    public const string AddSql = "insert into data_protection_keys (id, xml) values (@id, @xml) on conflict (id) do nothing";

    /// <summary>Keeps one key element.</summary>
    public void Add(string id, string xml)
    {
        using var connection = database.OpenAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        connection.Execute(AddSql, new { id, xml });
    }
}
