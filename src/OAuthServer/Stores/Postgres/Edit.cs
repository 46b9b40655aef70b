using Dapper;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>Who edits, as the audit log names it: cli:alice, admin:olivia.</summary>
public sealed record Author(string Name)
{
    /// <summary>
    /// The request the edit came with, which then acts as the server's role; null: a command, which acts as the schema's owner.
    /// </summary>
    public string? RequestId { get; init; }

    /// <summary>Where that request came from.</summary>
    public string? Address { get; init; }
}

/// <summary>What the database did not take: its own message and hint, which never repeat a value.</summary>
public sealed record EditRefusal(string Message, string? Hint)
{
    /// <summary>The column it is about, where one is named.</summary>
    public string? Column { get; init; }
}

/// <summary>
/// One operator's edit: a transaction that names its author, so that the audit triggers can. They are the only writers of audit
/// rows for edits.
/// </summary>
public sealed class Edit
{
    public const string ActorSql = """
        select set_config('oauth.actor', @actor, true), set_config('oauth.request_id', coalesce(@request, ''), true),
               set_config('oauth.address', coalesce(@address, ''), true)
        """;
    public const string ActorOfSessionSql = "select set_config('oauth.actor', @actor, false)";

    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private Edit(NpgsqlConnection connection, NpgsqlTransaction transaction) => (this.connection, this.transaction) = (
        connection, transaction);

    /// <summary>Runs the edit and commits it; an exception leaves nothing behind.</summary>
    internal static Task<T> ByAsync<T>(Database database, Author author, Func<Edit, Task<T>> act, CancellationToken cancel) =>
        ByAsync(database, author, act, _ => true, cancel);

    /// <param name="commits">Whether what came of it stays; false leaves nothing behind.</param>
    internal static async Task<T> ByAsync<T>(
        Database database, Author author, Func<Edit, Task<T>> act, Func<T, bool> commits, CancellationToken cancel)
    {
        await using var connection = author.RequestId is null ? await database.OpenOwnerAsync(cancel) : await database.OpenAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var edit = new Edit(connection, transaction);
        try
        {
            await edit.ExecuteAsync(ActorSql, new { actor = author.Name, request = author.RequestId, address = author.Address });
            var result = await act(edit);
            if (commits(result)) await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        catch (Exception fault) when (database.ForgetsReadOnlySessions(fault)) { throw; }
    }

    /// <summary>A single statement; returns how many rows it touched.</summary>
    internal static Task<int> ByAsync(Database database, Author author, string sql, object parameters, CancellationToken cancel) =>
        ByAsync(database, author, edit => edit.ExecuteAsync(sql, parameters), cancel);

    /// <summary>
    /// Runs an edit of a person at a form: null when it is done, else why the database did not take it. The tables' triggers and
    /// constraints are the rules; nothing of a refused edit stays.
    /// </summary>
    public static async Task<EditRefusal?> TryAsync(Func<Task> edit)
    {
        try
        {
            await edit();
            return null;
        }
        catch (PostgresException refused) when (IsRefusal(refused))
        {
            return Refusal(refused);
        }
    }

    /// <summary>
    /// An edit with every refusal, not only the first: a refused column is restored and the rest of the row judged again, in one
    /// transaction that writes all of the row or nothing.
    /// </summary>
    internal static Task<EditResult<T>> ApplyAsync<TRow, T>(
        Database database, Author author, RowEdit<TRow> edit, Func<Edit, TRow, Task<T>> act, CancellationToken cancel) =>
        ByAsync(database, author, one => one.ApplyAsync(edit, act), judged => edit.Write && judged.Refusals.Count == 0, cancel);

    /// <summary>
    /// The same database through one connection of the server's role which stays signed by <paramref name="author"/>: for commands
    /// whose writes belong to another room, such as the key ring's.
    /// </summary>
    public static async Task<Database> SignedAsync(string connectionString, Author author, CancellationToken cancel)
    {
        var signed =
            new Database(new NpgsqlConnectionStringBuilder(connectionString) { MinPoolSize = 0, MaxPoolSize = 1 }.ConnectionString);
        await signed.ExecuteAsync(ActorOfSessionSql, new { actor = author.Name }, cancel);
        return signed;
    }

    private async Task<EditResult<T>> ApplyAsync<TRow, T>(RowEdit<TRow> edit, Func<Edit, TRow, Task<T>> act)
    {
        var (row, refusals) = (edit.Row, new List<EditRefusal>());
        while (true)
        {
            await transaction.SaveAsync("judged", CancellationToken.None);
            try
            {
                return new EditResult<T>(await act(this, row), refusals);
            }
            catch (PostgresException refused) when (IsRefusal(refused) || CannotKeep(refused))
            {
                await transaction.RollbackAsync("judged", CancellationToken.None);
                var refusal = Refusal(refused);
                var isKnown = refusals.Exists(one => one.Column == refusal.Column);
                if (!isKnown) refusals.Add(refusal);
                // Refused again although it was restored, or nothing that could be restored.
                if (isKnown || refusal.Column is null) return new EditResult<T>(default, refusals);
                row = edit.Restore(row, refusal.Column);
            }
        }
    }

    /// <summary>One of many rows: null when it is in, else why the database did not take it; the rows before it stay.</summary>
    /// <param name="row">Answers why it is not to stay, or null.</param>
    internal async Task<EditRefusal?> TryAsync(Func<Edit, Task<string?>> row)
    {
        await transaction.SaveAsync("row", CancellationToken.None);
        try
        {
            if (await row(this) is { } problem)
            {
                await transaction.RollbackAsync("row", CancellationToken.None);
                return new EditRefusal(problem, null);
            }

            await transaction.ReleaseAsync("row", CancellationToken.None);
            return null;
        }
        catch (PostgresException refused) when (IsRefusal(refused) || CannotKeep(refused))
        {
            await transaction.RollbackAsync("row", CancellationToken.None);
            return Refusal(refused);
        }
    }

    // Classes 22 and 54: what PostgreSQL cannot keep is the row's fault.
    private static bool CannotKeep(PostgresException fault) => fault.SqlState[..2] is "22" or "54";

    private static bool IsRefusal(PostgresException fault) => fault.SqlState.StartsWith("23", StringComparison.Ordinal);

    private static EditRefusal Refusal(PostgresException refused)
    {
        var (message, hint) = DatabaseFault.Explain(refused)!.Value;
        // PostgreSQL names the constraint of a foreign key, not its column.
        return new EditRefusal(message, hint)
        {
            Column = refused.ConstraintName == "scopes_resource_fkey" ? "resource"
            : refused.ColumnName
        };
    }

    // A security write that has begun is not called off.
    internal Task<int> ExecuteAsync(string sql, object? parameters) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, commandTimeout: 60));

    internal async Task<List<T>> ListAsync<T>(string sql, object? parameters) =>
        [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction, commandTimeout: 60))];

    internal Task<T?> FindAsync<T>(string sql, object? parameters) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, transaction));
}
