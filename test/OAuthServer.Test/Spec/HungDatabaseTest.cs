using System.Collections.Concurrent;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>PostgreSQL takes what it is sent and does not answer: stopped in its tracks, or held up by somebody's lock.</summary>
[Behaviour(9), NonParallelizable]
public sealed class HungDatabaseTest
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(3);

    [Test]
    public async Task A_hung_database_is_told_within_three_seconds_and_holds_up_nothing_that_needs_none()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using (var database = new OAuthServer.Stores.Postgres.Database(cluster.ConnectionString)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "create extension if not exists pgcrypto");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, Cast.Sql);
        await using var server = await TestServer.StartAsync(database: cluster.ConnectionString);
        var (client, machine, api, alice) =
            (await server.PublicClientAsync(), await server.MachineAsync(), await server.ResourceServerAsync(), await server.UserAsync());
        var (tokens, revoked) = (await server.TokensAsync(client, alice), await server.TokensAsync(client, alice));
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        var page = await server.NewBrowser().FollowAsync(Paths.Login);
        string[] fromMemory = [Paths.Health, Paths.Jwks, Paths.ServerMetadata, Paths.Stylesheet, Paths.Errors];
        foreach (var path in fromMemory) (await server.GetAsync(path)).Status.Should().Be(200);

        await cluster.PauseAsync();
        var (needy, free) = (new ConcurrentBag<Timed>(), new ConcurrentBag<Timed>());
        using var stop = new CancellationTokenSource();
        var memory = Task.WhenAll(fromMemory.Select(ReadAgainAndAgainAsync));
        await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(i => new[]
        {
            TimeAsync(needy, Paths.Authorize, () =>
                server.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}")),
            TimeAsync(needy, "/token, refresh", () => client.RefreshAsync(tokens.RefreshToken!)),
            TimeAsync(needy, "/token, machine", () => machine.CredentialsAsync()),
            // May yet be done once the database goes on.
            TimeAsync(needy, Paths.Revoke, () => client.RevokeAsync(revoked.RefreshToken!)),
            TimeAsync(needy, Paths.Introspect, () => api.IntrospectAsync(tokens.AccessToken)),
            TimeAsync(needy, "/token, wrong secret", () => machine.With($"wrong {i}").CredentialsAsync()),
            TimeAsync(needy, Paths.Ready, () => server.GetAsync(Paths.Ready)),
        }));
        // By now the statements are being called off, which Npgsql does with a thread each.
        await Task.Delay(Promised);
        await stop.CancelAsync();
        await memory;
        await cluster.ResumeAsync();
        await server.WaitUntilReadyAsync();

        needy.Should().AllSatisfy(timed => timed
            .Should().Match<Timed>(answer => answer.Reply.Status == 503 && answer.Reply.Header("Retry-After") != null, timed.ToString()));
        needy.Max(timed => timed.Took)
            .Should().BeLessThan(Promised, string.Join('\n', needy.OrderByDescending(timed => timed.Took).Take(5)));
        free.Should().OnlyContain(timed => timed.Reply.Status == 200);
        free.Max(timed => timed.Took)
            .Should().BeLessThan(TimeSpan.FromSeconds(1), string.Join('\n', free.OrderByDescending(timed => timed.Took).Take(5)));
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();

        async Task ReadAgainAndAgainAsync(string path)
        {
            while (!stop.IsCancellationRequested)
            {
                await TimeAsync(free, path, () => server.GetAsync(path));
                await Task.Delay(20);
            }
        }
    }

    [Test]
    public async Task Three_hundred_requests_on_locked_tables_are_refused_within_three_seconds_and_not_done_later()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.PublicClientAsync();
        var tokens = await server.TokensAsync(client, await server.UserAsync());
        await server.ExecuteAsync("delete from authorization_requests");
        var answers = new ConcurrentBag<Timed>();

        await using (var psql = new NpgsqlConnection(server.Settings.Database))
        {
            await psql.OpenAsync();
            await using var transaction = await psql.BeginTransactionAsync();
            await using (var command =
                new NpgsqlCommand("lock table authorization_requests, grants in access exclusive mode", psql)) await command
                .ExecuteNonQueryAsync();
            await Task.WhenAll(Enumerable.Range(0, 150).SelectMany(_ => new[]
            {
                TimeAsync(answers, Paths.Authorize, () =>
                    server.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}")),
                TimeAsync(answers, Paths.Revoke, () => client.RevokeAsync(tokens.RefreshToken!)),
            }));
            // Those that PostgreSQL has got are called off by now.
            await Task.Delay(TimeSpan.FromSeconds(5));
            await transaction.RollbackAsync();
        }

        answers.Should().AllSatisfy(timed => timed
            .Should().Match<Timed>(answer => answer.Reply.Status == 503 && answer.Reply.Header("Retry-After") != null, timed.ToString()));
        answers.Max(timed => timed.Took)
            .Should().BeLessThan(Promised, string.Join('\n', answers.OrderByDescending(timed => timed.Took).Take(5)));
        (await server.ScalarAsync<long>("select count(*) from authorization_requests"))
            .Should().Be(0, "whoever heard 503 must not find it done");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    private static async Task TimeAsync(ConcurrentBag<Timed> into, string what, Func<Task<Reply>> send)
    {
        var began = TimeProvider.System.GetTimestamp();
        var reply = await send();
        into.Add(new Timed(what, TimeProvider.System.GetElapsedTime(began), reply));
    }

    private sealed record Timed(string What, TimeSpan Took, Reply Reply)
    {
        public override string ToString() => $"{What}: {Reply.Status} after {Took.TotalSeconds:0.00} s";
    }
}
