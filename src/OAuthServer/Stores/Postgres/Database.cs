using System.Data;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// PostgreSQL, seen twice: as the server, whose role can read and write rows but not alter a table nor change the audit log,
/// and as the owner of the schema, who migrates and edits for operators.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    // First whether writes are taken at all. Acts as oauth_server where that role exists and the login may take it; a login that is only
    // a member of it is better still.
    // Edits it makes by itself (a scheduled key, say) carry its name in the audit log.
    private const string TakeRoleSql = $"""
        {ReadOnlySql};
        select set_config('oauth.actor', 'server', false);
        select set_config('role', 'oauth_server', false)
          from pg_roles where rolname = 'oauth_server' and pg_has_role(current_user, oid, 'member')
        """;

    private const string ReadOnlySql = "select current_setting('transaction_read_only')::boolean";

    /// <summary>
    /// Threads that statements called off may hold at once: more than the default pool has, and what a larger one hardly needs.
    /// </summary>
    internal const int MostConnections = 32;

    // Seconds until the first of many rows, and from one to the next.
    private const int LongestRead = 60;

    private readonly NpgsqlDataSource server;
    private readonly NpgsqlDataSource owner;
    private readonly bool mayBeStandby;
    private volatile bool hasOwnSessions;

    static Database()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new UtcHandler());
    }

    /// <param name="connectionString">As Npgsql writes it; see <see cref="ConnectionText"/> for URLs.</param>
    public Database(string connectionString) : this(connectionString, mayBeStandby: false)
    {
    }

    /// <param name="mayBeStandby">False: a session that takes no writes is refused, with a <see cref="StandbyException"/>.</param>
    internal Database(string connectionString, bool mayBeStandby)
    {
        (ConnectionString, this.mayBeStandby) = (connectionString, mayBeStandby);
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = mayBeStandby ? "replica" : "server" };
        // The role below is the only state of a connection: no reset, which would drop it.
        builder.ConnectionStringBuilder.NoResetOnClose = true;
#pragma warning disable NPG9001 // See Timestamps.
        builder.AddTypeInfoResolverFactory(new Timestamps());
#pragma warning restore NPG9001
        builder.UsePhysicalConnectionInitializer(connection => TakeRoleAsync(connection).GetAwaiter().GetResult(), TakeRoleAsync);
        server = builder.Build();

        var own = new NpgsqlDataSourceBuilder(connectionString) { Name = mayBeStandby ? "owner at the replica" : "owner" };
        own.ConnectionStringBuilder.MaxPoolSize = 4;
#pragma warning disable NPG9001
        own.AddTypeInfoResolverFactory(new Timestamps());
#pragma warning restore NPG9001
        own.UsePhysicalConnectionInitializer(connection => BeOwnerAsync(connection).GetAwaiter().GetResult(), BeOwnerAsync);
        owner = own.Build();
    }

    /// <summary>As given: for the connection that listens, which is never pooled.</summary>
    public string ConnectionString { get; }

    /// <summary>Where it is and as whom, without the password.</summary>
    public string Place
    {
        get
        {
            var at = new NpgsqlConnectionStringBuilder(ConnectionString);
            return $"{at.Database} at {at.Host} as {at.Username}";
        }
    }

    /// <summary>
    /// Connections of their own for one purpose, whose name their figures bear: else it would be all of the connection string.
    /// </summary>
    internal static NpgsqlDataSource Unpooled(string name, string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        (builder.ConnectionStringBuilder.Pooling, builder.ConnectionStringBuilder.MaxAutoPrepare) = (false, 0);
        return builder.Build();
    }

    /// <summary>A pooled connection of the server's role.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancel) => OpenAsync(server, cancel);

    /// <summary>A pooled connection of the schema's owner, for migrations and operators' commands.</summary>
    public ValueTask<NpgsqlConnection> OpenOwnerAsync(CancellationToken cancel) => OpenAsync(owner, cancel);

    // While a new session is being greeted Npgsql heeds its own Timeout only, not the token.
    private static ValueTask<NpgsqlConnection> OpenAsync(NpgsqlDataSource source, CancellationToken cancel) =>
        DatabaseBudget.OpenAsync(async limit =>
        {
            var opening = source.OpenConnectionAsync(limit);
            if (opening.IsCompletedSuccessfully) return opening.Result;
            var late = opening.AsTask();
            try { return await late.WaitAsync(limit); }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                _ = late.ContinueWith(opened => opened.Exception is null ? opened.Result.CloseAsync() : Task.CompletedTask,
                    CancellationToken.None, TaskContinuationOptions.NotOnCanceled, TaskScheduler.Default);
                throw;
            }
        }, cancel);

    internal Task<List<T>> ListAsync<T>(string sql, object? parameters, CancellationToken cancel) =>
        RunAsync(async connection =>
        {
            var rows = await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel));
            return rows.AsList();
        }, cancel);

    internal Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancel) =>
        RunAsync(connection =>
            connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel)), cancel);

    /// <summary>
    /// The rows one by one, as PostgreSQL sends them: more than memory should hold. No budget bounds it; it has the connection until the
    /// last row is read, or <paramref name="cancel"/>.
    /// </summary>
    internal async IAsyncEnumerable<T> StreamAsync<T>(
        string sql, object? parameters, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var connection = await server.OpenConnectionAsync(cancel);
        await foreach (var row in connection.QueryUnbufferedAsync<T>(sql, parameters, commandTimeout: LongestRead).WithCancellation(cancel))
            yield return row;
    }

    internal Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancel) =>
        RunAsync(connection => connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancel)), cancel);

    /// <summary>Several statements of which all are committed or none: none when <paramref name="commits"/> says no.</summary>
    internal Task<T> TransactAsync<T>(Func<Transaction, Task<T>> act, Func<T, bool> commits) =>
        RunAsync(async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            var result = await act(new Transaction(connection, transaction));
            if (commits(result)) await transaction.CommitAsync(CancellationToken.None);
            return result;
        }, CancellationToken.None);

    // Whoever waits for a connection past the budget leaves the pool's line; a statement already sent ends by its own timeout.
    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> statement, CancellationToken cancel)
    {
        var connection = await OpenAsync(cancel);
        return await DatabaseBudget.WaitAsync(ThenCloseAsync());

        async Task<T> ThenCloseAsync()
        {
            await using (connection)
            {
                try { return await statement(connection); }
                catch (Exception fault) when (ForgetsReadOnlySessions(fault)) { throw; }
            }
        }
    }

    /// <summary>
    /// After 25006: a primary that became a standby has ended its sessions, but one that was made read-only has not. No pooled session is
    /// used again, and the next ones look for a server that takes writes. Always false: a filter, which lets the fault pass.
    /// </summary>
    internal bool ForgetsReadOnlySessions(Exception fault)
    {
        if (fault is not PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction }) return false;
        foreach (var source in new[] { server, owner })
        {
            source.Clear();
            (source as NpgsqlMultiHostDataSource)?.ClearDatabaseStates();
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await owner.DisposeAsync();
    }

    // What is set here lasts as long as the session: it must be nobody else's.
    private async Task TakeRoleAsync(NpgsqlConnection connection)
    {
        await HaveOwnSessionAsync(connection);
        await MustTakeWritesAsync(TakeRoleSql, connection);
    }

    private async Task BeOwnerAsync(NpgsqlConnection connection)
    {
        await HaveOwnSessionAsync(connection);
        await MustTakeWritesAsync(ReadOnlySql, connection);
    }

    // Else a standby would look as if all were well to whoever only reads, /readyz among them. Of several hosts the next one is tried.
    private async Task MustTakeWritesAsync(string sql, NpgsqlConnection connection)
    {
#pragma warning disable CA2100 // One of the two constants above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        if (await command.ExecuteScalarAsync() is true && !mayBeStandby) throw new StandbyException();
    }

    // Tried out once; a pooler that has been found to leave each client its session is believed from then on.
    private async Task HaveOwnSessionAsync(NpgsqlConnection connection)
    {
        if (hasOwnSessions || !await Pooler.IsBetweenAsync(connection)) return;
        if (await Pooler.SharesSessionsAsync(ConnectionString)) throw new PoolerException();
        hasOwnSessions = true;
    }

    // Npgsql reads timestamptz as a UTC DateTime; rows say DateTimeOffset.
    private sealed class UtcHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;

        public override DateTimeOffset Parse(object value) => new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }
}
