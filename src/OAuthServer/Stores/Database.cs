using System.Data;
using Dapper;
using Npgsql;

namespace OAuthServer.Stores;

/// <summary>
/// PostgreSQL, seen twice: as the server, whose role can read and write rows but not alter a table nor change the audit log,
/// and as the owner of the schema, who migrates and edits for operators.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    // Acts as oauth_server where that role exists and the login may take it; a login that is only a member of it is better still.
    // Edits it makes by itself (a scheduled key, say) carry its name in the audit log.
    private const string TakeRoleSql = """
        select set_config('oauth.actor', 'server', false);
        select set_config('role', 'oauth_server', false) from pg_roles where rolname = 'oauth_server' and pg_has_role(current_user, oid, 'member')
        """;

    private readonly NpgsqlDataSource server;
    private readonly NpgsqlDataSource owner;

    static Database()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new UtcHandler());
    }

    /// <param name="connectionString">As Npgsql writes it; see <see cref="ConnectionText"/> for URLs.</param>
    public Database(string connectionString)
    {
        ConnectionString = connectionString;
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        // The role below is the only state of a connection: no reset, which would drop it.
        builder.ConnectionStringBuilder.NoResetOnClose = true;
#pragma warning disable NPG9001 // See Timestamps.
        builder.AddTypeInfoResolverFactory(new Timestamps());
#pragma warning restore NPG9001
        builder.UsePhysicalConnectionInitializer(TakeRole, TakeRoleAsync);
        server = builder.Build();

        var own = new NpgsqlDataSourceBuilder(connectionString);
        own.ConnectionStringBuilder.MaxPoolSize = 4;
#pragma warning disable NPG9001
        own.AddTypeInfoResolverFactory(new Timestamps());
#pragma warning restore NPG9001
        owner = own.Build();
    }

    /// <summary>As given: for the connection that listens, which is never pooled.</summary>
    public string ConnectionString { get; }

    /// <summary>A pooled connection of the server's role.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancel) => server.OpenConnectionAsync(cancel);

    /// <summary>A pooled connection of the schema's owner, for migrations and operators' commands.</summary>
    public ValueTask<NpgsqlConnection> OpenOwnerAsync(CancellationToken cancel) => owner.OpenConnectionAsync(cancel);

    internal async Task<List<T>> ListAsync<T>(string sql, object? parameters, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel))).AsList();
    }

    internal async Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel));
    }

    internal async Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await owner.DisposeAsync();
    }

    private static void TakeRole(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(TakeRoleSql, connection);
        command.ExecuteNonQuery();
    }

    private static async Task TakeRoleAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(TakeRoleSql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // Npgsql reads timestamptz as a UTC DateTime; rows say DateTimeOffset.
    private sealed class UtcHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;

        public override DateTimeOffset Parse(object value) => new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }
}
