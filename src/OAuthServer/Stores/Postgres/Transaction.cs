using Dapper;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>Statements of one transaction, which nobody calls off once it has begun.</summary>
internal sealed class Transaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
{
    public Task<int> ExecuteAsync(string sql, object? parameters) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction));

    public async Task<List<T>> ListAsync<T>(string sql, object? parameters) =>
        [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction))];

    public Task<T?> FindAsync<T>(string sql, object? parameters) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, transaction));
}
