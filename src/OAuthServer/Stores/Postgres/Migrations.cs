using System.Reflection;
using Dapper;

namespace OAuthServer.Stores.Postgres;

/// <summary>Brings the schema up to date: sql/migrations, numbered, forward only, each in one transaction.</summary>
public sealed class Migrations(Database database)
{
    private const string LedgerSql = "create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())";
    private const string LockSql = "select pg_advisory_xact_lock(7305912)";
    private const string AppliedSql = "select name from schema_migrations";
    private const string RecordSql = "insert into schema_migrations (name) values (@name)";
    private const string LedgerExistsSql = "select to_regclass('schema_migrations') is not null";

    /// <summary>Names of all migrations, in order.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith("migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Applies what is missing, as the schema's owner; two servers starting at once take turns. Returns what was applied.</summary>
    public async Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancel)
    {
        var done = new List<string>();
        await using var connection = await database.OpenOwnerAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, transaction: transaction, commandTimeout: 60, cancellationToken: cancel));
        await connection.ExecuteAsync(new CommandDefinition(LedgerSql, transaction: transaction, cancellationToken: cancel));
        var applied = (await connection.QueryAsync<string>(new CommandDefinition(AppliedSql, transaction: transaction, cancellationToken: cancel))).ToHashSet();
        foreach (var name in All.Where(name => !applied.Contains(Short(name))))
        {
            await connection.ExecuteAsync(new CommandDefinition(Read(name), transaction: transaction, commandTimeout: 60, cancellationToken: cancel));
            await connection.ExecuteAsync(new CommandDefinition(RecordSql, new { name = Short(name) }, transaction, cancellationToken: cancel));
            done.Add(Short(name));
        }

        await transaction.CommitAsync(cancel);
        return done;
    }

    /// <summary>Names of migrations this binary has and the database has not.</summary>
    public async Task<IReadOnlyList<string>> PendingAsync(CancellationToken cancel)
    {
        if (!await database.FindAsync<bool>(LedgerExistsSql, null, cancel)) return [.. All.Select(Short)];
        var applied = (await database.ListAsync<string>(AppliedSql, null, cancel)).ToHashSet();
        return [.. All.Select(Short).Where(name => !applied.Contains(name))];
    }

    /// <summary>Text of a SQL file built into this binary, such as seed/demo.sql.</summary>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in this binary");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Short(string name) => Path.GetFileNameWithoutExtension(name);
}
