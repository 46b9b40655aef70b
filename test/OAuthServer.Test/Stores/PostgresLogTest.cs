using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>What a real PostgreSQL writes into its own log about secrets that were refused.</summary>
[Behaviour(25, 36), Parallelizable(ParallelScope.Fixtures)]
public sealed class PostgresLogTest
{
    private const string Secret = "a-plain-secret-MARKER";

    [Test]
    public async Task The_log_of_the_private_cluster_never_repeats_a_refused_statement()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using (var database = new OAuthServer.Stores.Postgres.Database(cluster.ConnectionString)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        await connection.ExecuteAsync("insert into clients (client_id, kind, name) values ('x', 'machine', 'X')");

        foreach (var typed in new[]
        {
            $"insert into client_secrets (client_id, hash) values ('x', '{Secret}')",
                $"insert into users (username, password_hash) values ('x', '{Secret}')",
            $"begin; set local session_replication_role = replica; insert into client_secrets (client_id, hash) values ('x', '{Secret}')",
        })
            await FluentActions.Awaiting(() => connection.ExecuteAsync(typed)).Should().ThrowAsync<PostgresException>();
        await FluentActions.Awaiting(() =>
            connection.ExecuteAsync("insert into client_secrets (client_id, hash) values ('x', @Secret)", new { Secret }))
            .Should().ThrowAsync<PostgresException>();

        (await cluster.LogAsync()).Should().Contain("A secret is stored as a bcrypt hash, never as it is").And.NotContain("MARKER");
    }

    [Test]
    public async Task A_file_that_is_refused_stays_out_of_the_log_of_a_cluster_that_logs_statements()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var connection = new NpgsqlConnection(cluster.ConnectionString);
        // As PostgreSQL is out of the box.
        await connection.ExecuteAsync("alter database oauth set log_min_error_statement = 'error'");
        NpgsqlConnection.ClearPool(connection);
        await using var database = new OAuthServer.Stores.Postgres.Database(cluster.ConnectionString);
        await new Migrations(database).ApplyAsync(CancellationToken.None);

        await FluentActions.Awaiting(() => connection.ExecuteAsync("select 'typed-MARKER'::int")).Should().ThrowAsync<PostgresException>();
        await FluentActions.Awaiting(() =>
            new Seeds(database).RunAsync($"insert into client_secrets (client_id, hash) values ('x', '{Secret}')", new Author("a test"),
                CancellationToken.None))
            .Should().ThrowAsync<PostgresException>();

        var log = await cluster.LogAsync();
        log.Should().Contain("typed-MARKER", "this cluster does log statements").And.Contain("This client does not exist").And
            .NotContain(Secret);
    }

    [Test]
    public async Task The_hint_about_a_refused_secret_says_to_take_another_one()
    {
        var clone = await TestDatabase.CloneAsync();
        await TestDatabase.ExecuteAsync(clone, "insert into clients (client_id, kind, name) values ('x', 'machine', 'X')");

        foreach (var sql in new[] { $"insert into client_secrets (client_id, hash) values ('x', '{Secret}')",
            $"insert into users (username, password_hash) values ('x', '{Secret}')" })
            (await FluentActions.Awaiting(() => TestDatabase.ExecuteAsync(clone, sql)).Should().ThrowAsync<PostgresException>())
                .Which.Hint.Should().Contain("may stand in PostgreSQL's log now: choose another");
    }
}
