using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// 64 at once, over two servers on one database. Each guard was taken out once to see the red: without
/// <c>activated_at is null</c>, the comparison with <c>refresh_hash</c> or the row's lock more than one wins, and an ended grant
/// still answers.
/// </summary>
[TestFixture(0), TestFixture(30), Behaviour(3, 8)]
public sealed class ConcurrencyTest(int window) : ServerFixture
{
    private const int Rounds = 6;
    private const int AtOnce = 64;
    private const string Hold = "select 1 from grants where id = @id for update";

    private TestServer twin = null!;
    private TestClient client = null!;
    private TestClient resourceServer = null!;
    private Person alice = null!;

    protected override Settings Change(Settings settings) => settings with { RetryWindowSeconds = window };

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        twin = await Server.StartSecondInstanceAsync();
        client = await Server.PublicClientAsync();
        resourceServer = await Server.ResourceServerAsync();
        alice = await Server.UserAsync();
        // Both servers warm, their connections open.
        await AllAtOnceAsync(on => client.At(on).RefreshAsync("nobody's"));
    }

    [OneTimeTearDown]
    public async Task StopTwinAsync()
    {
        if (twin is not null) await twin.DisposeAsync();
    }

    private async Task<List<Reply>> AllAtOnceAsync(Func<TestServer, Task<Reply>> ask)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Enumerable.Range(0, AtOnce).Select(async i =>
        {
            await start.Task;
            return await ask(i % 2 == 0 ? Server : twin);
        }).ToList();
        start.SetResult();
        return [.. await Task.WhenAll(asked)];
    }

    [Test, Rfc(6749, "4.1.2"), Rfc(9700, "2.1.1"), Case("CODE-005")]
    public async Task Of_64_redemptions_one_gets_tokens_and_the_others_end_the_grant()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var code = await Server.GrantAsync(client, alice);

            var replies = await AllAtOnceAsync(on => client.At(on).RedeemAsync(code));

            var winner = replies.Should().ContainSingle(reply => reply.Status == 200).Subject;
            foreach (var loser in replies.Where(reply => reply != winner)) loser.Should().BeRefusedWith("invalid_grant");
            (await resourceServer.SeesAsActiveAsync(winner.AccessToken)).Should().BeFalse();
            (await client.RefreshAsync(winner.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
            (await Server.QueryAsync<string>("select ended_reason from grants where id = @id", new { id = Granted.GrantId(code.Value) }))
                .Should().Equal("code_replayed");
            (await Server.ScalarAsync<long>(
                "select count(*) from audit_events where grant_id = @id and event = 'token' and outcome = 'ok'",
                new { id = Granted.GrantId(code.Value) })).Should().Be(1);
        }
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-005")]
    public async Task Of_64_refreshes_one_wins_or_all_get_the_same_successor()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var tokens = await Server.TokensAsync(client, alice);
            var grant = Jwt.Read(tokens.AccessToken)["grant"];

            var replies = await AllAtOnceAsync(on => client.At(on).RefreshAsync(tokens.RefreshToken!));

            var winners = replies.Where(reply => reply.Status == 200).ToList();
            winners.Should().HaveCount(window == 0 ? 1 : AtOnce);
            foreach (var loser in replies.Except(winners)) loser.Should().BeRefusedWith("invalid_grant");
            var successor = winners.Select(reply => reply.RefreshToken).Distinct().Should().ContainSingle().Subject!;
            winners.Select(reply => Jwt.Read(reply.AccessToken)["jti"]).Should().OnlyHaveUniqueItems();
            (await Server.ScalarAsync<int>("select generation from grants where id = @grant::uuid", new { grant }))
                .Should().Be(1, "it was rotated once");
            if (window == 0) (await client.RefreshAsync(successor)).Should().BeRefusedWith("invalid_grant");
            else (await client.RefreshAsync(successor)).Should().HaveIssuedTokens();
        }
    }

    // Many families on both servers at once: their groups hold the same rows, in whatever order they came.
    [Test, Rfc(9700, "4.14.2")]
    public async Task Families_rotated_on_both_servers_at_once_keep_one_leaf_each_or_end()
    {
        const int families = 24;
        const int generations = 5;
        var leaves = new List<string>();
        for (var i = 0; i < families; i++) leaves.Add((await Server.TokensAsync(client, alice)).RefreshToken!);
        var ids = leaves.Select(Granted.GrantId).ToArray();

        for (var generation = 0; generation < (window == 0 ? 1 : generations); generation++)
        {
            var pairs = await Task.WhenAll(leaves.Select((leaf, i) => Task.WhenAll(
                client.At(i % 2 == 0 ? Server : twin).RefreshAsync(leaf), client.At(i % 2 == 0 ? twin : Server).RefreshAsync(leaf))));

            foreach (var pair in pairs)
                pair.Select(reply => reply.Status).Should().BeEquivalentTo(window == 0 ? [200, 400] : new[] { 200, 200 });
            leaves = [.. pairs.Select(pair => pair.Select(reply => reply.RefreshToken).OfType<string>().Distinct().Single())];
        }

        (await Server.QueryAsync<int>("select generation from grants where id = any(@ids)", new { ids }))
            .Should().HaveCount(families).And.OnlyContain(generation => generation == (window == 0 ? 1 : generations));
        (await Server.ScalarAsync<long>("select count(*) from grants where id = any(@ids) and ended_at is not null", new { ids }))
            .Should().Be(window == 0 ? families : 0);
    }

    // The same without luck: both servers' statements are held at the same row, then let go together.
    [Test, Rfc(9700, "2.1.1"), Case("CODE-005")]
    public async Task Two_redemptions_that_met_at_the_same_row_leave_one_winner()
    {
        var code = await Server.GrantAsync(client, alice);

        var replies = await HeldTogetherAsync(Hold, code.Value, on => client.At(on).RedeemAsync(code));

        replies.Select(reply => reply.Status).Should().BeEquivalentTo([200, 400]);
        (await resourceServer.SeesAsActiveAsync(replies.Single(reply => reply.Status == 200).AccessToken)).Should().BeFalse();
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-005")]
    public async Task Two_refreshes_that_met_at_the_same_family_leave_one_leaf()
    {
        var tokens = await Server.TokensAsync(client, alice);

        var replies = await HeldTogetherAsync(Hold, tokens.RefreshToken!, on => client.At(on).RefreshAsync(tokens.RefreshToken!));

        replies.Select(reply => reply.Status).Should().BeEquivalentTo(window == 0 ? [200, 400] : new[] { 200, 200 });
        replies.Select(reply => reply.RefreshToken).OfType<string>().Distinct().Should().ContainSingle();
    }

    [Test, Rfc(7009, "2.1"), Case("REVOKE-008")]
    public async Task A_refresh_that_met_a_revocation_leaves_nothing_alive()
    {
        foreach (var revokeFirst in new[] { true, false })
        {
            var tokens = await Server.TokensAsync(client, alice);

            var replies = await HeldTogetherAsync(Hold, tokens.RefreshToken!,
                on => on == twin == revokeFirst
                    ? client.At(on).RefreshAsync(tokens.RefreshToken!)
                    : client.At(on).RevokeAsync(tokens.RefreshToken!));

            var refreshed = replies.SingleOrDefault(reply => reply.Status == 200 && reply.Body.Length > 0);
            (await client.RefreshAsync(refreshed?.RefreshToken ?? tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
            (await resourceServer.SeesAsActiveAsync(refreshed?.AccessToken ?? tokens.AccessToken)).Should().BeFalse();
        }
    }

    // An end that is not committed yet: who comes meanwhile waits for it, and gets nothing.
    [Test, Rfc(7009, "2.1"), Behaviour(35)]
    public async Task A_rotation_that_meets_the_end_of_its_grant_waits_for_it_and_is_refused()
    {
        const string end = "update grants set ended_at = now(), ended_reason = 'revoked_by_user' where id = @id";
        var (code, tokens) = (await Server.GrantAsync(client, alice), await Server.TokensAsync(client, alice));

        var redeemed = await HeldTogetherAsync(end, code.Value, on => client.At(on).RedeemAsync(code));
        var refreshed = await HeldTogetherAsync(end, tokens.RefreshToken!, on => client.At(on).RefreshAsync(tokens.RefreshToken!));

        foreach (var reply in redeemed.Concat(refreshed)) reply.Should().BeRefusedWith("invalid_grant");
    }

    // Holds the row, sends one request to each server, waits until PostgreSQL says both statements wait for a lock, lets go.
    private async Task<Reply[]> HeldTogetherAsync(string hold, string token, Func<TestServer, Task<Reply>> ask)
    {
        await using var connection = new NpgsqlConnection(Server.Settings.Database);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // The statements above.
        await using (var command = new NpgsqlCommand(hold, connection, transaction))
#pragma warning restore CA2100
        {
            command.Parameters.AddWithValue("id", Granted.GrantId(token));
            await command.ExecuteNonQueryAsync();
        }

        var asked = new[] { ask(Server) }.ToList();
        await WaitingAsync(1);
        asked.Add(ask(twin));
        await WaitingAsync(2);
        await transaction.CommitAsync();
        return await Task.WhenAll(asked);

        Task WaitingAsync(int count) => Eventually.BecomesTrueAsync(
            async () => await Server.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == count,
            because: "both statements stop at the lock");
    }
}
