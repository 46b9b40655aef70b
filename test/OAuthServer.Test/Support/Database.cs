using System.Diagnostics;
using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Test.Support;

/// <summary>
/// A real PostgreSQL: the cluster <c>make test</c> started, or one of our own when run from an editor. A template is migrated
/// once; every fixture gets its clone.
/// </summary>
public static class TestDatabase
{
    private const string Template = "oauth_template";
    private static readonly Lazy<Task<string>> Cluster = new(PrepareAsync);
    private static int count;

    /// <summary>Connection string of a fresh clone.</summary>
    public static async Task<string> CloneAsync()
    {
        var cluster = await Cluster.Value;
        var name = $"t{Environment.ProcessId}_{Interlocked.Increment(ref count)}";
        await ExecuteAsync(cluster, $"create database {name} template {Template}");
        return new NpgsqlConnectionStringBuilder(cluster) { Database = name, MaxPoolSize = 12, Timeout = 60 }.ConnectionString;
    }

    /// <summary>Connection string of a database without anything in it.</summary>
    public static async Task<string> EmptyAsync()
    {
        var cluster = await Cluster.Value;
        var name = $"t{Environment.ProcessId}_{Interlocked.Increment(ref count)}";
        await ExecuteAsync(cluster, $"create database {name}");
        return new NpgsqlConnectionStringBuilder(cluster) { Database = name, MaxPoolSize = 12, Timeout = 60 }.ConnectionString;
    }

    /// <summary>Connection string of a database as the version before 0.1.0 left it, with the cast in it.</summary>
    public static async Task<string> BeforeAsync()
    {
        var database = await EmptyAsync();
        await ExecuteAsync(database, await File.ReadAllTextAsync(Path.Combine(Root, "test/OAuthServer.Test/Stores/before-0.1.0.sql")));
        await ExecuteAsync(database, "create extension pgcrypto");
        await ExecuteAsync(database, Cast.Sql);
        return database;
    }

    /// <summary>Runs SQL as the owner of the schema.</summary>
    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // Tests write their own SQL.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The folder of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    private static async Task<string> PrepareAsync()
    {
        var cluster = Environment.GetEnvironmentVariable("OAUTH_TEST_POSTGRES") is { Length: > 0 } given ? given : await StartOwnAsync();
        cluster = ConnectionText.Read(cluster, out var problem) ?? throw new InvalidOperationException($"OAUTH_TEST_POSTGRES: {problem}");
        await ExecuteAsync(cluster, $"drop database if exists {Template} with (force)");
        await ExecuteAsync(cluster, $"create database {Template}");
        var template = new NpgsqlConnectionStringBuilder(cluster) { Database = Template, Pooling = false }.ConnectionString;
        await using (var database = new OAuthServer.Stores.Postgres.Database(template)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await ExecuteAsync(template, "create extension if not exists pgcrypto");
        await ExecuteAsync(template, Cast.Sql);
        return cluster;
    }

    private static async Task<string> StartOwnAsync()
    {
        var start =
            new ProcessStartInfo("bash",
                [Path.Combine(Root, "sql/cluster.sh"), "start", Path.Combine(Root, ".local/test")])
            { RedirectStandardOutput = true };
        start.Environment["FAST"] = "1";
        using var process = Process.Start(start)!;
        var url = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? url.Trim() : throw new InvalidOperationException("sql/cluster.sh could not start PostgreSQL");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OAuthServer.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("not inside the checkout");
    }
}
