using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Thrown when a pooler between this server and PostgreSQL lends its sessions by the transaction (PgBouncer's pool_mode transaction or
/// statement). The role this server takes would then be other programs' too, and theirs ours.
/// </summary>
public sealed class PoolerException() : NpgsqlException(
    "A connection pooler in transaction mode stands between this server and PostgreSQL. Connect to PostgreSQL directly "
    + "(this server has a pool of its own: Maximum Pool Size, 20), or give its database pool_mode = session in the pooler");

/// <summary>Finds out what stands between this server and PostgreSQL, before anything of a session is set.</summary>
internal static class Pooler
{
    private const int Rounds = 3;
    public const string SessionSql = "select pg_backend_pid()";

    /// <summary>Whether the session that answers is not the one that was logged in to: poolers log their clients in themselves.</summary>
    public static async Task<bool> IsBetweenAsync(NpgsqlConnection connection) => await SessionAsync(connection) != connection.ProcessID;

    /// <summary>
    /// Whether one of our connections gets sessions of another: one stays open and idle, others hold a transaction each. If the first
    /// one's session is lent to one of those, or it is lent another in the meantime, sessions are shared.
    /// </summary>
    public static async Task<bool> SharesSessionsAsync(string connectionString)
    {
        await using var source = Database.Unpooled("pooler", connectionString);
        await using var idle = await source.OpenConnectionAsync();
        var own = await SessionAsync(idle);
        var busy = new Stack<NpgsqlConnection>();
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                busy.Push(await source.OpenConnectionAsync());
                await busy.Peek().BeginTransactionAsync();
                if (await SessionAsync(busy.Peek()) == own || await SessionAsync(idle) != own) return true;
            }

            return false;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ProtocolViolation)
        {
            // PgBouncer's mode "statement" takes no transaction at all.
            return true;
        }
        finally
        {
            while (busy.TryPop(out var connection)) await connection.DisposeAsync();
        }
    }

    private static async Task<int> SessionAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(SessionSql, connection);
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
