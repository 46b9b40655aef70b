using System.Net.Sockets;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// What PostgreSQL said, in words for an operator: the message and hint of our triggers as they are, and never the DETAIL, which
/// repeats the row.
/// </summary>
public static class DatabaseFault
{
    /// <summary>
    /// Whether PostgreSQL itself said that nothing was committed: an ERROR of class 40 (transaction rollback; not 40003, which says
    /// that it does not know) or 23 (a constraint). Whatever else went wrong, the statement must not be sent again: a pooler's 08P01
    /// may follow a commit, 57 and 58 may come of a server that stops in the middle of one.
    /// </summary>
    public static bool ProvesRollback(Exception fault) =>
        fault is PostgresException { InvariantSeverity: "ERROR", SqlState: not PostgresErrorCodes.StatementCompletionUnknown } refusal
        && refusal.SqlState[..2] is ("40" or "23");

    /// <summary>Whether a row is at fault that cannot be read here, rather than PostgreSQL or the way to it.</summary>
    public static bool IsOfRow(Exception fault) => fault is not (NpgsqlException or TimeoutException
        or OperationCanceledException or IOException or SocketException);

    /// <summary>What is wrong and what to do next; null for a fault that is not the database's.</summary>
    public static (string Problem, string? Hint)? Explain(Exception fault) => fault switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedFunction
        } refusal =>
            ($"The database does not fit this program: {refusal.MessageText}", "Run: oauth-server migrate"),
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            ("PostgreSQL has no room left on its disk", "Make room there, then try again: nothing of this was kept."),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refusal =>
            (refusal.MessageText, refusal.Hint ?? "Connect as the role that owns the schema, or ask it to do this."),
        PostgresException
        {
            SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            or PostgresErrorCodes.InvalidCatalogName
        } refusal =>
            ($"PostgreSQL does not let us in: {refusal.MessageText}", "Correct ConnectionStrings__OAuth (or DATABASE_URL)."),
        PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: "clients_default_resource_fkey" } =>
            ("The default resource does not exist", "Insert it into resources first: insert into resources (uri, name) values (…)."),
        PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: "client_secrets_client_id_fkey" } =>
            ("The client of this secret does not exist", "Add it first: oauth-server clients add"),
        PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: "scopes_resource_fkey" } =>
            ("The resource of this scope does not exist",
                "Insert it into resources first: insert into resources (uri, name) values (…)."),
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } refusal =>
            ($"Such a row is there already ({refusal.TableName})", "Change that one, or choose another name."),
        PostgresException refusal => (refusal.MessageText, refusal.Hint),
        PoolerException or StandbyException => (fault.Message, null),
        NpgsqlException { InnerException: AggregateException { InnerExceptions: var each } }
            when each.OfType<PostgresException>().FirstOrDefault() is { } said => Explain(said),
        NpgsqlException { InnerException: AggregateException } =>
            ("No host of the connection string takes writes", "Start the primary, or correct ConnectionStrings__OAuth (or DATABASE_URL)."),
        NpgsqlException { InnerException: SocketException or IOException or TimeoutException } or TimeoutException =>
            ("PostgreSQL cannot be reached", "Start it, or correct ConnectionStrings__OAuth (or DATABASE_URL)."),
        NpgsqlException other => ($"PostgreSQL: {other.Message}", null),
        _ => null,
    };
}
