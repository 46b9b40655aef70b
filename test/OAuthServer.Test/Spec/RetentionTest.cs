using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(39), Parallelizable(ParallelScope.Fixtures)]
public sealed class RetentionTest
{
    private static Task<Dictionary<string, long>> CountAsync(TestServer server) => CountAsync(server, "codes", "authorization_requests", "sessions", "refresh_tokens", "grants", "revoked_tokens");

    private static async Task<Dictionary<string, long>> CountAsync(TestServer server, params string[] tables)
    {
        var counts = new Dictionary<string, long>();
        foreach (var table in tables) counts[table] = await server.ScalarAsync<long>($"select count(*) from {table}");
        return counts;
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
        await server.Get<AuthorizationRequestStore>().AddAsync([1], [2], client.Id, "?x", now.AddMinutes(10), now, CancellationToken.None);
        (await server.Get<SessionStore>().StartAsync([3], null, alice.Subject, Cast.PasswordHash, now.AddDays(7), "127.0.0.1", "a test", "a-test", now)).Should().BeTrue();
        var sweep = server.Get<Retention>();

        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Values.Should().Equal(2, 1, 1, 1, 2, 1);

        server.Clock.Travel(TimeSpan.FromHours(1));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Should().BeEquivalentTo(new Dictionary<string, long> { ["codes"] = 2, ["authorization_requests"] = 0, ["sessions"] = 1, ["refresh_tokens"] = 1, ["grants"] = 2, ["revoked_tokens"] = 0 });

        server.Clock.Travel(TimeSpan.FromHours(8));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server))["sessions"].Should().Be(0, "idle");

        server.Clock.Travel(TimeSpan.FromHours(16));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Should().Contain("codes", 0).And.Contain("grants", 1, "the one never redeemed has gone");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();

        server.Clock.Travel(TimeSpan.FromDays(22));
        await sweep.OnceAsync(CancellationToken.None);
        (await CountAsync(server)).Values.Should().OnlyContain(count => count == 0);
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
        await server.ExecuteAsync("insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at) select i::text, 'x', 'y', now(), now() - interval '1 hour' from generate_series(1, 1200) i");

        (await server.Get<RevokedTokenStore>().SweepAsync(server.Clock.GetUtcNow(), CancellationToken.None)).Should().Be(500);
        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from revoked_tokens")).Should().Be(0);
    }

    [Test]
    public async Task The_audit_log_leaves_by_whole_months_once_they_are_old_enough()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { AuditMonths = 2 });
        await server.ExecuteAsync("create table audit_events_2020_01 partition of audit_events for values from ('2020-01-01') to ('2020-02-01')");
        await server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome) values ('2020-01-15', 'ancient', 'token', 'ok')");
        await (await server.MachineAsync()).CredentialsAsync();
        var recent = await server.ScalarAsync<long>("select count(*) from audit_events where request_id <> 'ancient'");

        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from audit_events where request_id = 'ancient'")).Should().Be(0);
        (await server.ScalarAsync<long>("select count(*) from audit_events")).Should().BeGreaterOrEqualTo(recent);
        (await server.ScalarAsync<bool>("select to_regclass('audit_events_' || to_char(now() + interval '1 month', 'YYYY_MM')) is not null")).Should().BeTrue("the coming month has its partition");
    }
}
