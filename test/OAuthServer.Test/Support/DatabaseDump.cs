using Npgsql;
using OAuthServer.Test.Stores;

namespace OAuthServer.Test.Support;

/// <summary>All that a server's database keeps.</summary>
public static class DatabaseDump
{
    /// <summary>Every row of every table, as pg_dump writes it; bytea as hex.</summary>
    public static Task<string> DumpAsync(this TestServer server)
    {
        var database = new NpgsqlConnectionStringBuilder(server.Settings.Database);
        return Command.MustAsync("/", SchemaTest.Tool(), "--data-only", "-h", database.Host!, "-p", $"{database.Port}",
            "-U", database.Username!, database.Database!);
    }
}
