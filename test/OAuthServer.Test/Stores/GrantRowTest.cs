using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// A grant's row as several writers meet at it: groups of rotations, single statements, operators and their open transactions.
/// </summary>
[Behaviour(3, 8)]
public sealed class GrantRowTest : ServerFixture
{
    private TestClient client = null!;
    private Person alice = null!;

    protected override Settings Change(Settings settings) => settings with { RetryWindowSeconds = 0 };

    [OneTimeSetUp]
    public async Task SetUpCastAsync() => (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

    private Task<string?> EndedReasonAsync(string token) =>
        Server.ScalarAsync<string?>("select ended_reason from grants where id = @id", new { id = Granted.GrantId(token) });

    // A transaction somebody has left open, with this statement done and not committed.
    private async Task<NpgsqlConnection> OpenTransactionAsync(string sql, string token)
    {
        var psql = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server.Settings.Database) { Pooling = false }.ConnectionString);
        await psql.OpenAsync();
#pragma warning disable CA2100 // Statements of the tests below.
        await using var command = new NpgsqlCommand("begin; " + sql, psql);
#pragma warning restore CA2100
        command.Parameters.AddWithValue("id", Granted.GrantId(token));
        await command.ExecuteNonQueryAsync();
        return psql;
    }

    [TestCase(true), TestCase(false)]
    [Rfc(9700, "4.14.2"), Case("REFRESH-006")]
    public async Task An_ancestor_and_the_live_token_in_the_same_moment_end_the_grant(bool held)
    {
        for (var round = 0; round < 8; round++)
        {
            var ancestor = (await Server.TokensAsync(client, alice)).RefreshToken!;
            var live = (await client.RefreshAsync(ancestor)).RefreshToken!;

            var psql = held ? await OpenTransactionAsync("select from grants where id = @id for update", live) : null;
            string[] order = round % 2 == 0 ? [ancestor, live] : [live, ancestor];
            var asked = order.Select(token => client.RefreshAsync(token)).ToArray();
            if (psql is not null)
            {
                await Eventually.BecomesTrueAsync(() => Server.ScalarAsync<bool>(
                    "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"));
                await psql.DisposeAsync();
            }

            var replies = await Task.WhenAll(asked);

            replies[round % 2].Should().BeRefusedWith("invalid_grant");
            (await EndedReasonAsync(live)).Should().Be("refresh_reused");
            (await client.RefreshAsync(replies[1 - round % 2].RefreshToken ?? live)).Should().BeRefusedWith("invalid_grant");
        }
    }

    [Test, Rfc(6749, "6")]
    public async Task A_row_in_somebodys_open_transaction_delays_nobody_else()
    {
        var held = (await Server.TokensAsync(client, alice)).RefreshToken!;
        var code = await Server.GrantAsync(client, alice);
        var others = new List<string>();
        for (var i = 0; i < 20; i++) others.Add((await Server.TokensAsync(client, alice)).RefreshToken!);
        await using var psql = await OpenTransactionAsync("select from grants where id = @id for update", held);

        // Those that wait for the row are in one group with the others, and again in the next.
        var waiting = Enumerable.Range(0, 10).Select(_ => client.RefreshAsync(held)).ToList();
        var replies = await Task.WhenAll(others.Select(token => client.RefreshAsync(token)));
        var next = await Task.WhenAll(replies.Select(reply => client.RefreshAsync(reply.RefreshToken!)));
        var redeemed = await client.RedeemAsync(code);

        replies.Concat(next).Append(redeemed).Should().OnlyContain(reply => reply.Status == 200);
        waiting.Should().OnlyContain(task => !task.IsCompleted, "the transaction is still open");
        foreach (var reply in await Task.WhenAll(waiting)) reply.Should().BeRefusedWith("temporarily_unavailable");
        await psql.CloseAsync();
        (await client.RefreshAsync(held)).Should().HaveIssuedTokens();
    }

    [Test, Behaviour(35)]
    public async Task Writers_who_take_the_rows_in_another_order_meet_no_deadlock()
    {
        var bob = await Server.UserAsync("bob");
        var tokens = new List<string>();
        for (var i = 0; i < 24; i++) tokens.Add((await Server.TokensAsync(client, bob)).RefreshToken!);
        // By id descending, a row at a time: the order a disabled person's grants may be ended in.
        const string end = """
            do $$ declare one uuid; begin
                for one in select id from grants where subject = 'SUBJECT' order by id desc loop
                    update grants set ended_reason = 'touched' where id = one;
                    perform pg_sleep(0.003);
                end loop;
            end $$
            """;

        for (var round = 0; round < 6; round++)
        {
            var writing = Server.ExecuteAsync(end.Replace("SUBJECT", bob.Subject.ToString()));
            var replies = await Task.WhenAll(tokens.Select(token => client.RefreshAsync(token)));
            await writing;

            replies.Should().OnlyContain(reply => reply.Status == 200);
            tokens = [.. replies.Select(reply => reply.RefreshToken!)];
        }

        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", bob);
        (await Task.WhenAll(tokens.Select(token => client.RefreshAsync(token))))
            .Should().OnlyContain(reply => reply.Error == "invalid_grant");
        (await Server.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()")).Should().Be(0);
    }

    [Test, Rfc(9700, "4.14.2"), Behaviour(21)]
    public async Task Garbage_that_begins_with_a_known_grant_ends_nothing()
    {
        var code = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);
        var live = (await client.RefreshAsync(tokens.RefreshToken!)).RefreshToken!;
        var id = Guid.Parse(Jwt.Read(tokens.AccessToken)["grant"]);

        foreach (var generation in new[] { 0, 1, int.MinValue })
        {
            var garbage = RefreshToken.Mint(id).At(generation).Text;
            (await client.RefreshAsync(garbage)).Should().BeRefusedWith("invalid_grant");
            (await client.RevokeAsync(garbage)).Status.Should().Be(200);
        }

        (await client.RedeemAsync(code with { Value = AuthorizationCode.Mint(id).Text })).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(live)).Should().HaveIssuedTokens();
        (await EndedReasonAsync(live)).Should().BeNull();
    }

    [Test, Rfc(6749, "6"), Behaviour(21)]
    public async Task A_code_sent_in_the_place_of_a_refresh_token_ends_nothing()
    {
        var (used, fresh) = (await Server.GrantAsync(client, alice), await Server.GrantAsync(client, alice));
        var tokens = await client.RedeemAsync(used);

        foreach (var code in new[] { used, fresh })
        {
            (await client.RefreshAsync(code.Value)).Should().BeRefusedWith("invalid_grant");
            (await client.RevokeAsync(code.Value)).Status.Should().Be(200);
        }

        (await client.RedeemAsync(fresh with { Value = tokens.RefreshToken! })).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(fresh)).Should().HaveIssuedTokens();
    }

    // As after a restore: the database has forgotten rotations whose tokens are out there.
    [Test, Rfc(9700, "4.14.2")]
    public async Task A_token_of_the_newest_generation_or_a_later_one_is_refused_and_ends_nothing()
    {
        var live = (await client.RefreshAsync((await Server.TokensAsync(client, alice)).RefreshToken!)).RefreshToken!;
        var lost = RefreshToken.Read(live)!.Next();

        foreach (var generation in new[] { 1, 2, 900 })
        {
            var refused = await client.RefreshAsync(lost.At(generation).Text);
            refused.Should().BeRefusedWith("invalid_grant");
            var row = (await Server.AuditAsync(refused)).Should().ContainSingle().Subject;
            row.Reason.Should().StartWith("the refresh token is newer than the database knows");
            row.Got.Should().Be($"generation {generation}");
        }

        live = (await client.RefreshAsync(live)).RefreshToken!;
        (await client.RefreshAsync(lost.At(1).Text)).Should().BeRefusedWith("invalid_grant");
        (await EndedReasonAsync(live)).Should().Be("refresh_reused", "by now its generation is over");
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(2)]
    public async Task The_same_request_before_redemption_puts_its_new_code_in_the_place_of_the_old()
    {
        var first = await Server.GrantAsync(client, alice);
        for (var i = 0; i < 4; i++) await client.RedeemAsync(first with { Verifier = TestClient.NewVerifier() });

        var second = await Server.GrantAsync(client, alice, again: first);

        Granted.GrantId(second.Value).Should().Be(Granted.GrantId(first.Value));
        (await client.RedeemAsync(first)).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(second with { Verifier = TestClient.NewVerifier() })).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(second)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(first)).Should().BeRefusedWith("invalid_grant");
        (await EndedReasonAsync(second.Value)).Should().BeNull("the code that was replaced has never been redeemed");
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(2)]
    public async Task The_same_request_after_redemption_makes_a_new_grant_and_the_old_one_stays()
    {
        var first = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(first);

        var second = await Server.GrantAsync(client, alice, again: first);

        Granted.GrantId(second.Value).Should().NotBe(Granted.GrantId(first.Value));
        (await client.RedeemAsync(second)).Should().HaveIssuedTokens();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(first)).Should().BeRefusedWith("invalid_grant");
        (await EndedReasonAsync(first.Value), await EndedReasonAsync(second.Value)).Should().Be(("code_replayed", null));
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(2)]
    public async Task The_same_request_and_the_redemption_of_its_code_in_the_same_moment_both_succeed()
    {
        for (var round = 0; round < 20; round++)
        {
            var first = await Server.GrantAsync(client, alice);

            var redeeming = client.RedeemAsync(first);
            var second = await Server.GrantAsync(client, alice, again: first);

            var replaced = Granted.GrantId(second.Value) == Granted.GrantId(first.Value);
            (await redeeming).Status.Should().Be(replaced ? 400 : 200);
            (await client.RedeemAsync(second)).Should().HaveIssuedTokens();
        }
    }
}
