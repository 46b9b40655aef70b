using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(39), Parallelizable(ParallelScope.Fixtures)]
public sealed class RetentionTest
{
    private static Task<Dictionary<string, long>> CountAsync(TestServer server) =>
        CountAsync(server, "authorization_requests", "sessions", "old_tokens", "grants", "revoked_tokens");

    private static async Task<Dictionary<string, long>> CountAsync(TestServer server, params string[] tables)
    {
        var counts = new Dictionary<string, long>();
        foreach (var table in tables) counts[table] = await server.ScalarAsync<long>($"select count(*) from {table}");
        return counts;
    }

    [Test]
    public async Task A_grant_allowed_a_day_ago_whose_code_is_new_stays_until_the_code_has_expired()
    {
        await using var server = await TestServer.StartAsync();
        await server.GrantAsync(await server.PublicClientAsync(), await server.UserAsync());
        server.Clock.Travel(TimeSpan.FromHours(25));
        var expires = server.Clock.GetUtcNow().UtcDateTime.AddSeconds(60);
        await server.ExecuteAsync("update grants set code_expires_at = @expires", new { expires });

        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await server.ScalarAsync<long>("select count(*) from grants")).Should().Be(1);

        server.Clock.Travel(TimeSpan.FromMinutes(2));
        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await server.ScalarAsync<long>("select count(*) from grants")).Should().Be(0);
    }

    [Test]
    public async Task Expired_rows_are_removed_and_live_ones_stay()
    {
        await using var server = await TestServer.StartAsync();
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var tokens = await server.TokensAsync(client, alice, life: TimeSpan.FromDays(20));
        await client.RevokeAsync(tokens.AccessToken);
        await server.GrantAsync(client, alice);
        var now = server.Clock.GetUtcNow();
        await server.Get<AuthorizationRequestStore>().AddAsync(new NewAuthorizationRequest
        {
            IdHash = [1],
            BrowserHash = [2],
            ClientId = client.Id,
            Query = "?x",
            CreatedAt = now,
            ExpiresAt = now.AddMinutes(10),
        });
        (await server.Get<SessionStore>()
            .StartAsync(new NewSession
            {
                Id = [3],
                Previous = null,
                Subject = alice.Subject,
                PasswordHash = Cast.PasswordHash,
                Acr = "aal1",
                Amr = ["pwd"],
                Idp = null,
                AuthenticatedAt = null,
                ExpiresAt = now.AddDays(7),
                RememberedUntil = null,
                Agent = "a test",
                How = "password",
            }, "127.0.0.1", "a-test", now)).Should().BeFalse("it is not remembered");
        await server.ExecuteAsync(
            "insert into old_tokens select sha256('an old code'), id, 'code', @expires from grants limit 1",
                new { expires = now.UtcDateTime.AddMinutes(30) });
        var sweep = server.Get<Retention>();

        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Values.Should().Equal(1, 1, 1, 2, 1);

        server.Clock.Travel(TimeSpan.FromHours(1));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Values.Should().Equal(0, 1, 0, 2, 0);

        server.Clock.Travel(TimeSpan.FromHours(8));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server))["sessions"].Should().Be(0, "idle");

        server.Clock.Travel(TimeSpan.FromHours(16));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Should().Contain("grants", 1, "the one never redeemed has gone");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();

        server.Clock.Travel(TimeSpan.FromDays(22));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Values.Should().OnlyContain(count => count == 0);
    }

    [Test]
    public async Task A_grant_that_was_ended_leaves_after_thirty_days_and_one_that_is_locked_is_skipped()
    {
        await using var server = await TestServer.StartAsync();
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var ended = (await server.TokensAsync(client, alice)).RefreshToken!;
        var held = Granted.GrantId((await server.TokensAsync(client, alice)).RefreshToken!);
        await server.TokensAsync(client, alice);
        var kept = Granted.GrantId((await server.TokensAsync(client, alice, life: TimeSpan.FromDays(90))).RefreshToken!);
        await client.RevokeAsync(ended);
        await server.ExecuteAsync(
            "update grants set expires_at = @end where id = @id",
            new { end = server.Clock.GetUtcNow().UtcDateTime.AddDays(90), id = Granted.GrantId(ended) });

        await using var psql = new NpgsqlConnection(server.Settings.Database);
        await psql.OpenAsync();
        await using (await psql.BeginTransactionAsync())
        {
            await psql.ExecuteAsync("select 1 from grants where id = @held for update", new { held });
            server.Clock.Travel(TimeSpan.FromDays(32));
            await server.Get<Retention>().OnceAsync(CancellationToken.None);
            (await server.QueryAsync<Guid>("select id from grants")).Should().BeEquivalentTo([held, kept]);
        }

        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await server.QueryAsync<Guid>("select id from grants")).Should().Equal(kept);
    }

    [TestCase("authorization_requests", """
        insert into authorization_requests (id_hash, browser_hash, client_id, query, created_at, expires_at)
        select sha256(i::text::bytea), sha256('b'), @client, '?x', now() - interval '1 day', now() - interval '1 hour'
          from generate_series(1, 2) i
        """)]
    [TestCase("sessions", """
        insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent)
        select sha256(i::text::bytea), @subject, now() - interval '1 day', now(), now() - interval '1 hour', '', ''
          from generate_series(1, 2) i
        """)]
    [TestCase("revoked_tokens", """
        insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at)
        select i::text, @client, 'y', now(), now() - interval '1 hour' from generate_series(1, 2) i
        """)]
    [TestCase("initial_access_tokens", """
        insert into initial_access_tokens (hash, expires_at)
        select sha256(i::text::bytea), now() - interval '31 days' from generate_series(1, 2) i
        """)]
    [TestCase("revocation_feed", """
        insert into revocation_feed (kind, value, expires_at, leaves_at)
        select 'jti', i::text, now() - interval '2 hours', now() - interval '1 hour' from generate_series(1, 2) i
        """)]
    [TestCase("client_documents", """
        with client as (
            insert into clients (client_id, kind, name, origin, redirect_uris, grant_types, auth_method)
            select 'https://' || i || '.example/c', 'user-facing', 'C', 'document', '{https://app.example/cb}', '{authorization_code}',
                   'none'
              from generate_series(1, 2) i
            returning client_id
        )
        insert into client_documents (client_id, fetched_at, fresh_until, body_hash, trust_hash)
        select client_id, now() - interval '2 days', now() - interval '1 day', sha256('b'), sha256('t') from client
        """)]
    public async Task A_row_that_somebody_holds_stays_and_delays_no_other(string table, string twoExpiredRows)
    {
        await using var server = await TestServer.StartAsync();
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        await server.ExecuteAsync($"delete from {table}");
        await server.ExecuteAsync(twoExpiredRows, new { client = client.Id, subject = alice.Subject });

        await using var psql = new NpgsqlConnection(server.Settings.Database);
        await psql.OpenAsync();
        await using (await psql.BeginTransactionAsync())
        {
            await psql.ExecuteAsync($"select from {table} limit 1 for update");
            await server.Get<Retention>().OnceAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
            (await CountAsync(server, table))[table].Should().Be(1);
        }

        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await CountAsync(server, table))[table].Should().Be(0);
    }

    [Test]
    public async Task A_replay_an_hour_after_is_still_known_for_what_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var code = await server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);

        server.Clock.Travel(TimeSpan.FromHours(1));
        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test]
    public async Task A_heap_of_rows_leaves_in_small_batches()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync(
            "insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at) "
                + "select i::text, 'x', 'y', now(), now() - interval '1 hour' from generate_series(1, 1200) i");

        (await server.Get<RevokedTokenStore>().SweepAsync(server.Clock.GetUtcNow(), CancellationToken.None)).Should().Be(500);
        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from revoked_tokens")).Should().Be(0);
    }

    [Test]
    public async Task The_audit_log_leaves_by_whole_months_once_they_are_old_enough()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 2 });
        await server.ExecuteAsync(
            "create table audit_events_2020_01 partition of audit_events for values from ('2020-01-01') to ('2020-02-01')");
        await server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome) values ('2020-01-15', 'ancient', 'token', 'ok')");
        await (await server.MachineAsync()).CredentialsAsync();
        var recent = await server.ScalarAsync<long>("select count(*) from audit_events where request_id <> 'ancient'");

        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from audit_events where request_id = 'ancient'")).Should().Be(0);
        (await server.ScalarAsync<long>("select count(*) from audit_events")).Should().BeGreaterOrEqualTo(recent);
        (
            await server.ScalarAsync<bool>(
                "select to_regclass('audit_events_' || to_char(now() + interval '1 month', 'YYYY_MM')) is not null"))
                .Should().BeTrue("the coming month has its partition");
    }
}
