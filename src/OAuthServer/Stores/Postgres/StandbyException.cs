using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Thrown when PostgreSQL takes no writes where the primary should be: a standby, as after a failover, or a read-only server.
/// </summary>
public sealed class StandbyException() : NpgsqlException(
    "PostgreSQL takes no writes here: it is a standby, or read-only. Name all hosts in the connection string, with "
    + "Target Session Attributes=primary, or connect where the primary is");
