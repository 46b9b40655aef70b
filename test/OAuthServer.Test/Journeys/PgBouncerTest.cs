using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>A server that reaches PostgreSQL through PgBouncer.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PgBouncerTest
{
    [TestCase("transaction"), TestCase("statement"), Behaviour(25, 26)]
    public async Task Where_sessions_are_shared_the_server_says_so_and_leaves_nothing_in_them(string mode)
    {
        await using var bouncer = await PgBouncer.StartAsync(await TestDatabase.CloneAsync(), mode);
        await using var server = await TestServer.StartAsync(database: bouncer.Through, waitUntilReady: false);

        var ready = await server.GetAsync(Paths.Ready);
        var token = await server.PostTokenAsync("grant_type=client_credentials", ("Authorization", Requests.BasicOf("nobody:x")));

        ready.Status.Should().Be(503);
        ready.Header("Retry-After").Should().NotBeNull();
        ready.Body.Should().Contain("pool_mode = session");
        token.Should().BeRefusedWith("temporarily_unavailable");
        foreach (var (role, actor) in await SessionsAsync(bouncer.Through))
        {
            role.Should().Be("none");
            actor.Should().BeEmpty();
        }
    }

    [TestCase("transaction"), TestCase("statement"), Behaviour(25)]
    public async Task Where_sessions_are_shared_nothing_is_migrated_either(string mode)
    {
        await using var bouncer = await PgBouncer.StartAsync(await TestDatabase.CloneAsync(), mode);
        await using var database = new OAuthServer.Stores.Postgres.Database(bouncer.Through);

        await FluentActions.Awaiting(() => new Migrations(database).ApplyAsync(CancellationToken.None))
            .Should().ThrowAsync<PoolerException>().WithMessage("*pool_mode = session*");
    }

    [Test, Behaviour(26)]
    public async Task With_sessions_of_its_own_the_server_works_and_hears_edits()
    {
        await using var bouncer = await PgBouncer.StartAsync(await TestDatabase.CloneAsync(), "session");
        await using var server = await TestServer.StartAsync(database: bouncer.Through);
        var (machine, client) = (await server.MachineAsync(), await server.PublicClientAsync());

        for (var i = 0; i < 20; i++) (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var tokens = await server.TokensAsync(client, await server.UserAsync());
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        await server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { machine.Id });

        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 401);
    }

    // What other programs that share the pooler would find in their sessions.
    private static async Task<List<(string Role, string Actor)>> SessionsAsync(string through)
    {
        var found = new List<(string, string)>();
        var plain = new NpgsqlConnectionStringBuilder(through) { Pooling = false, MaxAutoPrepare = 0 }.ConnectionString;
        for (var i = 0; i < 10; i++)
        {
            await using var connection = new NpgsqlConnection(plain);
            await connection.OpenAsync();
            await using var command =
                new NpgsqlCommand("select current_setting('role'), coalesce(current_setting('oauth.actor', true), '')", connection);
            await using var row = await command.ExecuteReaderAsync();
            await row.ReadAsync();
            found.Add((row.GetString(0), row.GetString(1)));
        }

        return found;
    }
}
