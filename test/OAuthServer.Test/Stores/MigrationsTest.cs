using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>sql/migrations on databases in every state: empty, of the version before, newer, edited, interrupted.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MigrationsTest
{
    [Test]
    public async Task A_database_of_the_version_before_is_carried_over_to_the_same_schema()
    {
        var before = await TestDatabase.BeforeAsync();

        (await ApplyAsync(before))[0].Should().Be("carry_over");

        // Brackets apart: a condition that was dumped and read again has more of them.
        (await DumpAsync(before)).Should().Be(await DumpAsync(await TestDatabase.CloneAsync()));
        (await RowsAsync(before, "select name from schema_migrations where checksum is not null order by name"))
            .Should().Equal(Migrations.All.Select(name => Path.GetFileNameWithoutExtension(name)));
        (await ApplyAsync(before)).Should().BeEmpty("it is done");
    }

    [Test]
    public async Task A_database_that_stopped_halfway_through_the_versions_before_is_told_what_to_do()
    {
        var before = await TestDatabase.BeforeAsync();
        await TestDatabase.ExecuteAsync(before, "delete from schema_migrations where name > '0051'");

        var refusal = await RefusedAsync(before);

        refusal.Should().Contain("0050_answers_and_offline").And.Contain("last version before 0.1.0");
        (await RowsAsync(before, "select to_regclass('refresh_tokens')::text")).Should().Equal("refresh_tokens");
    }

    [Test]
    public async Task A_migration_edited_after_it_was_applied_is_refused()
    {
        var database = await TestDatabase.CloneAsync();
        await TestDatabase.ExecuteAsync(database, "update schema_migrations set checksum = repeat('0', 64) where name = '0003_resources'");

        (await RefusedAsync(database)).Should().Contain("0003_resources was edited").And.Contain("new migration");
        (await StateAsync(database)).Problem.Should().Contain("0003_resources was edited");
    }

    [Test]
    public async Task A_database_of_a_newer_version_is_refused_and_nothing_is_changed()
    {
        var database = await TestDatabase.CloneAsync();
        await TestDatabase.ExecuteAsync(database,
            "insert into schema_migrations (name) values ('9999_from_the_future'); "
                + "delete from schema_migrations where name = '0012_roles'");

        (await RefusedAsync(database)).Should().Contain("9999_from_the_future").And.Contain("newer version");
        (await RowsAsync(database, "select name from schema_migrations where name = '0012_roles'")).Should().BeEmpty();
    }

    [Test]
    public async Task A_migration_killed_in_the_middle_leaves_nothing_and_the_next_one_goes_on()
    {
        var before = await TestDatabase.BeforeAsync();
        await using var holder = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(before) { Pooling = false }.ConnectionString);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await ExecuteAsync(holder, "lock table clients in access share mode");
        var killed = ApplyAsync(before);
        // By then the grants have been rewritten, and altering clients waits.
        await Eventually.BecomesTrueAsync(async () => (await RowsAsync(before, """
            select pid::text from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()
            """)).Count == 1);

        await ExecuteAsync(holder, """
            select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()
            """);
        await killed.Invoking(async task => await task).Should().ThrowAsync<NpgsqlException>();
        await transaction.RollbackAsync();

        (await RowsAsync(before, "select to_regclass('refresh_tokens')::text || ' ' || count(*) from schema_migrations"))
            .Should().Equal("refresh_tokens 21");
        (await ApplyAsync(before))[0].Should().Be("carry_over");
    }

    private static async Task<string> DumpAsync(string connectionString) =>
        (await SchemaTest.DumpAsync(connectionString)).Replace("(", "").Replace(")", "");

    private static async Task<IReadOnlyList<string>> ApplyAsync(string connectionString)
    {
        await using var database = new Database(connectionString);
        return await new Migrations(database).ApplyAsync(CancellationToken.None);
    }

    private static async Task<SchemaState> StateAsync(string connectionString)
    {
        await using var database = new Database(connectionString);
        return await new Migrations(database).StateAsync(CancellationToken.None);
    }

    private static async Task<string> RefusedAsync(string connectionString) =>
        (await FluentActions.Awaiting(() => ApplyAsync(connectionString)).Should().ThrowAsync<MigrationException>()).Which.Message;

    private static async Task<List<string>> RowsAsync(string connectionString, string sql)
    {
        await using var connection =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        return [.. await Dapper.SqlMapper.QueryAsync<string>(connection, sql)];
    }

    private static Task ExecuteAsync(NpgsqlConnection connection, string sql) => Dapper.SqlMapper.ExecuteAsync(connection, sql);
}
