using System.Diagnostics;
using System.Net.Http.Headers;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Maintenance;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(23)]
public sealed class RevocationFeedTest : ServerFixture
{
    [Test, Rfc(7009, "2.1")]
    public async Task A_revoked_access_token_arrives_by_its_jti_with_its_expiry()
    {
        var (reader, machine) = (await ReaderAsync(), await Server.MachineAsync());
        var token = (await machine.CredentialsAsync()).AccessToken;
        await machine.RevokeAsync(token);

        var reply = await reader.GetAsync();

        var jwt = new JsonWebToken(token);
        var entry = reply.Json.GetProperty("entries").EnumerateArray().Single();
        entry.GetProperty("jti").GetString().Should().Be(jwt.Id);
        entry.GetProperty("exp").GetInt64().Should().Be(new DateTimeOffset(jwt.ValidTo).ToUnixTimeSeconds());
        reply.Header("Cache-Control").Should().Contain("private").And.Contain("no-cache");
        reply.Header("ETag").Should().NotBeNullOrEmpty();
        (await reader.ReadAsync()).Should().BeEmpty("the cursor has moved past it");
    }

    [Test]
    public async Task However_a_grant_ends_it_arrives()
    {
        var (reader, client) = (await ReaderAsync(), await Server.PublicClientAsync());
        var (alice, mallory, olivia) =
            (await Server.UserAsync("alice"), await Server.UserAsync("mallory"), await Server.UserAsync("olivia"));

        var byClient = await Server.TokensAsync(client, alice, "notes:read");
        await client.RevokeAsync(byClient.RefreshToken!);
        (await reader.ReadAsync()).Should().Equal($"grant {Grant(byClient)}");

        var code = await Server.GrantAsync(client, alice);
        var replayed = await client.RedeemAsync(code);
        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await reader.ReadAsync()).Should().Equal($"grant {Grant(replayed)}");

        var disabled = await Server.TokensAsync(client, mallory, "notes:read");
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", mallory);
        (await reader.ReadAsync()).Should().Equal($"grant {Grant(disabled)}");

        var deleted = await Server.TokensAsync(client, olivia, "notes:read");
        await Server.ExecuteAsync("delete from users where subject = @Subject", olivia);
        (await reader.ReadAsync()).Should().Equal($"grant {Grant(deleted)}");
    }

    [Test]
    public async Task A_disabled_client_arrives_and_one_enabled_again_is_forgotten()
    {
        var (reader, machine) = (await ReaderAsync(), await Server.MachineAsync());
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", machine);
        (await reader.ReadAsync()).Should().Equal($"client_id {machine.Id}");

        await Server.ExecuteAsync("update clients set enabled = true where client_id = @Id", machine);
        var again = await reader.GetAsync();
        FeedReader.Entries(again).Should().Equal($"client_id {machine.Id}");
        again.Json.GetProperty("entries")[0].GetProperty("exp").GetInt64()
            .Should().BeLessThanOrEqualTo(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

        await Server.ExecuteAsync("delete from clients where client_id = @Id", machine);
        (await reader.ReadAsync()).Should().Equal($"client_id {machine.Id}");
    }

    [Test]
    public async Task A_compromised_key_arrives_by_its_kid()
    {
        var reader = await ReaderAsync();
        var ring = Server.Get<KeyRing>();
        var kid = ring.Active!.Kid;
        await ring.RetireNowAsync(kid, CancellationToken.None);
        (await reader.ReadAsync()).Should().Equal($"kid {kid}");
    }

    [Test]
    public async Task Only_what_concerns_its_own_resources_arrives()
    {
        var (notes, sensors) = (await ReaderAsync(), await ReaderAsync(Cast.Sensors));
        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync(("scope", "read_sensors"), ("resource", Cast.Sensors))).AccessToken;
        await machine.RevokeAsync(token);
        (await notes.ReadAsync()).Should().BeEmpty();
        (await sensors.ReadAsync()).Should().Equal($"jti {new JsonWebToken(token).Id}");

        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var granted = await Server.TokensAsync(client, alice, "notes:read");
        await client.RevokeAsync(granted.RefreshToken!);
        (await sensors.ReadAsync()).Should().BeEmpty();
        (await notes.ReadAsync()).Should().Equal($"grant {Grant(granted)}");

        // Its tokens for a resource taken away a moment before still live.
        await Server.ExecuteAsync("update clients set resources = array['http://localhost:9000/mcp'] where client_id = @Id", machine);
        (await sensors.ReadAsync()).Should().BeEmpty();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", machine);
        (await sensors.ReadAsync()).Should().Equal($"client_id {machine.Id}");
    }

    [Test]
    public async Task A_row_committed_late_is_not_skipped()
    {
        var reader = await ReaderAsync();
        await using var late = new NpgsqlConnection(Server.Settings.Database);
        await late.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await RevokeBySqlAsync(late, "late");
        await using (var soon = new NpgsqlConnection(Server.Settings.Database))
        {
            await soon.OpenAsync();
            await RevokeBySqlAsync(soon, "soon");
        }

        (await reader.ReadAsync()).Should().Equal(["jti soon"], "a slow transaction holds up nobody");
        await transaction.CommitAsync();
        (await reader.ReadAsync()).Should().Equal("jti late");
        (await reader.ReadAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task A_long_answer_comes_in_pages_without_losing_a_row()
    {
        var reader = await ReaderAsync();
        await using var late = new NpgsqlConnection(Server.Settings.Database);
        await late.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await RevokeBySqlAsync(late, "page-late");
        await Server.ExecuteAsync("""
            insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at)
            select 'page-' || n, 'c', 'http://localhost:9000/mcp', now(), now() + interval '5 minutes' from generate_series(1, 4500) n
            """);

        var first = await reader.ReadAsync();
        await transaction.CommitAsync();
        var all = new List<string>(first);
        while (await reader.ReadAsync() is { Count: > 0 } more) all.AddRange(more);
        first.Should().HaveCount(2000);
        all.Should().OnlyHaveUniqueItems().And.HaveCount(4501).And.Contain("jti page-late");
    }

    [Test]
    public async Task A_persons_app_without_a_grant_is_nobodys_news_when_it_goes_and_with_one_it_is()
    {
        var reader = await ReaderAsync();
        var now = Server.Clock.GetUtcNow();
        var documents = Server.Get<ClientDocumentStore>();
        await documents.EndAsync((await Server.DocumentClientAsync()).Id, now);
        var registered = Server.ClientOf(await Server.RegisterPublicAsync(Cast.Redirect));
        await Server.ExecuteAsync("delete from clients where client_id = @Id", registered);
        (await reader.ReadAsync()).Should().BeEmpty();

        var document = await Server.DocumentClientAsync();
        var tokens = await Server.TokensAsync(document, await Server.UserAsync(), "notes:read");
        await documents.EndAsync(document.Id, now);
        (await reader.ReadAsync()).Should().BeEquivalentTo($"client_id {document.Id}", $"grant {Grant(tokens)}");

        var other = Server.ClientOf(await Server.RegisterPublicAsync(Cast.Redirect));
        tokens = await Server.TokensAsync(other, await Server.UserAsync(), "notes:read");
        await Server.ExecuteAsync("update clients set client_id = 'renamed' where client_id = @Id", other);
        (await reader.ReadAsync()).Should().Equal($"client_id {other.Id}");
        await Server.ExecuteAsync("delete from clients where client_id = 'renamed'");
        (await reader.ReadAsync()).Should().Contain($"grant {Grant(tokens)}");
    }

    [Test]
    public async Task A_waiting_reader_is_woken_in_under_a_second_by_another_server()
    {
        await using var twin = await Server.StartSecondInstanceAsync();
        var (reader, machine) = (await ReaderAsync(), await Server.MachineAsync());
        var token = (await machine.At(twin).CredentialsAsync()).AccessToken;
        var answer = reader.ReadAsync(wait: 20);
        await Task.Delay(300);
        answer.IsCompleted.Should().BeFalse();

        var took = Stopwatch.StartNew();
        await machine.At(twin).RevokeAsync(token);
        (await answer).Should().Equal($"jti {new JsonWebToken(token).Id}");
        took.ElapsedMilliseconds.Should().BeLessThan(1000);
    }

    [Test]
    public async Task Without_news_a_wait_ends_with_an_empty_answer_and_without_wait_at_once()
    {
        var reader = await ReaderAsync();
        var took = Stopwatch.StartNew();
        (await reader.ReadAsync()).Should().BeEmpty();
        took.ElapsedMilliseconds.Should().BeLessThan(3900);
        (await reader.ReadAsync(wait: 4)).Should().BeEmpty();
        took.ElapsedMilliseconds.Should().BeGreaterThan(3900);
    }

    [Test, Rfc(9110, "13.1.2")]
    public async Task An_answer_known_under_its_tag_is_304()
    {
        var (reader, machine) = (await ReaderAsync(), await Server.MachineAsync());
        await machine.RevokeAsync((await machine.CredentialsAsync()).AccessToken);
        var from = reader.Cursor;
        var tag = (await reader.GetAsync()).Header("ETag");

        reader.Cursor = from;
        var same = await reader.GetAsync(tag: tag);
        same.Status.Should().Be(304);
        same.Body.Should().BeEmpty();

        await machine.RevokeAsync((await machine.CredentialsAsync()).AccessToken);
        FeedReader.Entries(await reader.GetAsync(tag: tag)).Should().HaveCount(2);
    }

    [Test]
    public async Task A_known_position_can_be_waited_on_too()
    {
        var (reader, machine) = (await ReaderAsync(), await Server.MachineAsync());
        await machine.RevokeAsync((await machine.CredentialsAsync()).AccessToken);
        var from = reader.Cursor;
        var tag = (await reader.GetAsync()).Header("ETag");
        reader.Cursor = from;
        (await reader.GetAsync(wait: 1, tag: tag)).Status.Should().Be(304);

        var answer = reader.GetAsync(wait: 20, tag: tag);
        await machine.RevokeAsync((await machine.CredentialsAsync()).AccessToken);
        FeedReader.Entries(await answer).Should().HaveCount(2);
    }

    [Test]
    public async Task A_server_that_stops_lets_those_who_wait_go()
    {
        var server = await TestServer.StartAsync();
        var reader = new FeedReader(server, await server.ResourceServerAsync());
        await reader.ReadAsync();
        var answer = reader.GetAsync(wait: 30);
        await Task.Delay(300);
        var took = Stopwatch.StartNew();
        await server.DisposeAsync();
        (await answer).Status.Should().Be(200);
        took.Elapsed.TotalSeconds.Should().BeLessThan(20);
    }

    [Test]
    public async Task Entries_leave_once_the_token_would_have_expired()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync();
        await machine.RevokeAsync((await machine.CredentialsAsync()).AccessToken);
        var reader = new FeedReader(server, await server.ResourceServerAsync());
        (await reader.ReadAsync()).Should().HaveCount(1);

        server.Clock.Travel(TimeSpan.FromHours(2));
        reader.Cursor = null;
        (await reader.ReadAsync()).Should().BeEmpty();
        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await server.ScalarAsync<long>("select count(*) from revocation_feed")).Should().Be(0);
    }

    [TestCase("nonsense")]
    [TestCase("e30x")]
    [TestCase("eyJTZWVuIjoiMToyOngifQ")] // Seen: "1:2:x"
    [TestCase("eyJTZWVuIjoiOTk5OTk5OTk5Ojk5OTk5OTk5OToifQ")] // Seen: "999999999:999999999:"
    [TestCase("eyJTZWVuIjoiOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MToifQ")]
    public async Task A_cursor_of_another_database_is_refused(string cursor)
    {
        var reader = await ReaderAsync();
        reader.Cursor = cursor;
        (await reader.GetAsync()).Should().BeRefusedWith("invalid_request");
    }

    [TestCase(56), TestCase(-1)]
    public async Task Nobody_waits_longer_than_a_proxy_keeps_a_silent_connection(int wait) =>
        (await (await ReaderAsync()).GetAsync(wait)).Should().BeRefusedWith("invalid_request");

    [Test, Behaviour(12)]
    public async Task Only_a_resource_server_that_proves_itself_reads_it()
    {
        var reader = await ReaderAsync();
        var machine = await Server.MachineAsync();
        (await reader.GetAsync(authorization: TestClient.Basic(machine.Id, machine.Secret!))).Should().BeRefusedWith("invalid_client");
        (await reader.GetAsync(authorization: TestClient.Basic(machine.Id, "wrong"))).Should().BeRefusedWith("invalid_client");
        (await reader.GetAsync(authorization: new AuthenticationHeaderValue("Bearer", "x"))).Should().BeRefusedWith("invalid_client");
    }

    [Test]
    public async Task While_the_database_is_away_it_is_503()
    {
        await using var server = await TestServer.StartAsync();
        var reader = new FeedReader(server, await server.ResourceServerAsync());
        await reader.ReadAsync();
        var name = new NpgsqlConnectionStringBuilder(server.Settings.Database).Database;
        var elsewhere = new NpgsqlConnectionStringBuilder(server.Settings.Database) { Database = "postgres" }.ConnectionString;
        await TestDatabase.ExecuteAsync(elsewhere, $"alter database {name} with allow_connections false");
        await TestDatabase.ExecuteAsync(elsewhere,
            $"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'");
        (await reader.GetAsync()).Should().BeRefusedWith("temporarily_unavailable");
    }

    private async Task<FeedReader> ReaderAsync(string resource = Cast.Notes)
    {
        var reader = new FeedReader(Server, await Server.ResourceServerAsync(resource));
        while ((await reader.ReadAsync()).Count > 0) { }
        return reader;
    }

    private static string Grant(Reply tokens) => new JsonWebToken(tokens.AccessToken).GetPayloadValue<string>("grant");

    private static async Task RevokeBySqlAsync(NpgsqlConnection connection, string jti)
    {
        await using var command =
            new NpgsqlCommand(
                "insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at) "
                    + "values ($1, 'c', 'http://localhost:9000/mcp', now(), now() + interval '5 minutes')", connection);
        command.Parameters.AddWithValue(jti);
        await command.ExecuteNonQueryAsync();
    }
}
