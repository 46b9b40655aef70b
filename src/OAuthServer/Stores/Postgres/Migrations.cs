using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Stores.Postgres;

/// <summary>The schema cannot be brought up to date; the message says why and what to do. Nothing was changed.</summary>
public sealed class MigrationException(string message) : Exception(message);

/// <summary>
/// Brings the schema up to date: sql/migrations, one file per topic, numbered, forward only. All that is missing goes in one
/// transaction: a start that is killed in the middle leaves nothing behind, and the next one begins again. What was applied is
/// recorded with its checksum. Then
/// grant_types and auth_methods are written from the records of this binary. Refused: a file edited after it was applied, and a
/// database that a newer version migrated.
/// </summary>
public sealed class Migrations(Database database, Capabilities capabilities)
{
    /// <summary>With the grant types and authentication methods of this binary.</summary>
    public Migrations(Database database) : this(database, Capabilities.BuiltIn)
    {
    }

    // Seconds: an index of a table with millions of rows takes minutes.
    private const int Patience = 3600;

    private const string LedgerSql = """
        create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now());
        alter table schema_migrations add column if not exists checksum text;
        comment on table schema_migrations is 'Which migrations were applied. Only oauth-server migrate writes here.';
        comment on column schema_migrations.name is 'The file in sql/migrations, without .sql.';
        comment on column schema_migrations.applied_at is 'When.';
        comment on column schema_migrations.checksum is 'SHA-256 of the file as it was applied: an edited one is refused.';
        """;

    private const string LockSql = "select pg_advisory_xact_lock(7305912)";
    private const string AppliedSql = "select name, to_jsonb(m) ->> 'checksum' as checksum from schema_migrations m";
    private const string RecordSql = "insert into schema_migrations (name, checksum) values (@name, @checksum)";
    private const string ForgetSql = "delete from schema_migrations where name = any (@names)";
    private const string LedgerExistsSql = "select to_regclass('schema_migrations') is not null";

    /// <summary>The last file of the layout before 0.1.0, which had a file per change, and the name it was recorded under.</summary>
    private const string LastBefore = "0073_use_of_resource_servers";

    /// <summary>The file whose state carry_over.sql reaches; those after it follow as they do on every database.</summary>
    private const string LastCarriedOver = "0017_audit_months_under_load";

    private static readonly string[] Before =
    [
        "0001_clients", "0002_people", "0003_grants", "0004_keys", "0005_audit", "0006_roles", "0010_registration", "0020_client_documents",
        "0030_revocation_feed", "0040_pages", "0041_administration", "0042_what_is_gone", "0043_documents_are_quiet", "0044_nobody_to_tell",
        "0050_answers_and_offline", "0055_rows_that_can_be_read", "0056_one_spelling", "0057_names_people_can_see", "0058_refused_secrets",
        "0059_audit_months", LastBefore,
    ];

    /// <summary>Resource names of all migrations, in order.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith("migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    /// <summary>
    /// Applies what is missing, as the schema's owner; two servers starting at once take turns. Returns what was applied.
    /// </summary>
    /// <exception cref="MigrationException">An edited migration, or a newer schema.</exception>
    public async Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancel)
    {
        var done = new List<string>();
        await using var connection = await database.OpenOwnerAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await RunAsync(LockSql);
        await RunAsync(LedgerSql);
        var applied = (await connection.QueryAsync<Applied>(Command(AppliedSql))).ToList();
        if (applied.Exists(row => row.Name == LastBefore))
        {
            await RunAsync(Read("carry_over.sql"));
            await RunAsync(ForgetSql, new { names = Before });
            foreach (var name in All.Where(name => string.CompareOrdinal(Short(name), LastCarriedOver) <= 0))
                await RunAsync(RecordSql, new { name = Short(name), checksum = Checksum(Read(name)) });
            done.Add("carry_over");
            applied = (await connection.QueryAsync<Applied>(Command(AppliedSql))).ToList();
        }

        if ((Problem(applied) ?? Newer(applied)) is { } problem) throw new MigrationException(problem);
        foreach (var name in All.Where(name => !applied.Exists(row => row.Name == Short(name))))
        {
            await RunAsync(Read(name));
            await RunAsync(RecordSql, new { name = Short(name), checksum = Checksum(Read(name)) });
            done.Add(Short(name));
        }

        // Every time: a grant type may come without a migration.
        foreach (var (sql, parameters) in CapabilityRows.Of(capabilities)) await RunAsync(sql, parameters);
        await transaction.CommitAsync(cancel);
        return done;

        Task RunAsync(string sql, object? parameters = null) => connection.ExecuteAsync(Command(sql, parameters));
        CommandDefinition Command(string sql, object? parameters = null) =>
            new(sql, parameters, transaction, commandTimeout: Patience, cancellationToken: cancel);
    }

    /// <summary>How the database's schema stands to this binary.</summary>
    public async Task<SchemaState> StateAsync(CancellationToken cancel)
    {
        var applied = await database.FindAsync<bool>(LedgerExistsSql, null, cancel)
            ? await database.ListAsync<Applied>(AppliedSql, null, cancel) : [];
        return new SchemaState
        {
            Pending = [.. All.Select(Short).Where(name => !applied.Exists(row => row.Name == name))],
            Problem = applied.Exists(row => row.Name == LastBefore) ? null : Problem(applied),
        };
    }

    public const string MayAlterSql =
        "select coalesce(bool_or(pg_has_role(session_user, relowner, 'member')), false) from pg_class where oid = to_regclass('grants')";

    /// <summary>Whether this login may alter the server's tables, or become a role that may.</summary>
    public Task<bool> MayAlterAsync(CancellationToken cancel) => database.FindAsync<bool>(MayAlterSql, null, cancel);

    /// <summary>Text of a SQL file built into this binary, such as seed/demo.sql.</summary>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in this binary");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    // Line ends apart: a checkout on another system must not count as an edit.
    internal static string Checksum(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"))));

    private static string? Problem(List<Applied> applied)
    {
        foreach (var row in applied)
        {
            if (Before.Contains(row.Name, StringComparer.Ordinal))
                return $"This database was made by an early version and stopped at {applied.Max(one => one.Name)}. "
                       + "Migrate it with the last version before 0.1.0, then again with this one.";
            if (row.Checksum is { } checksum && All.FirstOrDefault(name => Short(name) == row.Name) is { } known
                && checksum != Checksum(Read(known)))
                return $"Migration {row.Name} was edited after it was applied. "
                    + "Put the file back as it was and write the change as a new migration.";
        }

        return null;
    }

    // A server beside a newer one, as while an upgrade rolls on, goes on; it only does not migrate.
    private static string? Newer(List<Applied> applied) =>
        applied.Find(row => !All.Any(name => Short(name) == row.Name)) is { } unknown
            ? $"This database has migration {unknown.Name}, which this version does not know: a newer version migrated it. "
              + "Migrate with that version, or restore a backup made before it."
            : null;

    private static string Short(string name) => Path.GetFileNameWithoutExtension(name);

    private sealed record Applied
    {
        public required string Name { get; init; }
        public required string? Checksum { get; init; }
    }
}

/// <summary>How a database's schema stands to this binary.</summary>
public sealed record SchemaState
{
    /// <summary>Migrations this binary has and the database does not.</summary>
    public required IReadOnlyList<string> Pending { get; init; }

    /// <summary>Why no server of this binary may work on it, and what to do; null: it may.</summary>
    public required string? Problem { get; init; }
}
