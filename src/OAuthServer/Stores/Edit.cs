using Dapper;
using Npgsql;

namespace OAuthServer.Stores;

/// <summary>
/// One operator's edit: a transaction of the schema's owner that names its author, so that the audit triggers can. They are the
/// only writers of audit rows for edits.
/// </summary>
public sealed class Edit
{
    public const string ActorSql = "select set_config('oauth.actor', @actor, true)";
    public const string ActorOfSessionSql = "select set_config('oauth.actor', @actor, false)";

    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private Edit(NpgsqlConnection connection, NpgsqlTransaction transaction) => (this.connection, this.transaction) = (connection, transaction);

    /// <summary>Runs the edit and commits it; an exception leaves nothing behind.</summary>
    /// <param name="actor">Who edits, such as cli:alice.</param>
    internal static async Task<T> ByAsync<T>(Database database, string actor, Func<Edit, Task<T>> act, CancellationToken cancel)
    {
        await using var connection = await database.OpenOwnerAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var edit = new Edit(connection, transaction);
        await edit.ExecuteAsync(ActorSql, new { actor });
        var result = await act(edit);
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    /// <summary>A single statement; returns how many rows it touched.</summary>
    internal static Task<int> ByAsync(Database database, string actor, string sql, object parameters, CancellationToken cancel) =>
        ByAsync(database, actor, edit => edit.ExecuteAsync(sql, parameters), cancel);

    /// <summary>
    /// The same database through one connection of the server's role which stays signed by <paramref name="actor"/>: for commands
    /// whose writes belong to another room, such as the key ring's.
    /// </summary>
    public static async Task<Database> SignedAsync(string connectionString, string actor, CancellationToken cancel)
    {
        var signed = new Database(new NpgsqlConnectionStringBuilder(connectionString) { MinPoolSize = 0, MaxPoolSize = 1 }.ConnectionString);
        await signed.ExecuteAsync(ActorOfSessionSql, new { actor }, cancel);
        return signed;
    }

    // A security write that has begun is not called off.
    internal Task<int> ExecuteAsync(string sql, object? parameters) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, commandTimeout: 60));

    internal Task<T?> FindAsync<T>(string sql, object? parameters) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, transaction));
}
