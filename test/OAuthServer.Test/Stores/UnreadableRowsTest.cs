using System.Diagnostics.Metrics;
using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>One row that cannot be read harms only itself: a page, a loop or a cache that reads all rows goes on without it.</summary>
[Behaviour(26), Parallelizable(ParallelScope.Fixtures)]
public sealed class UnreadableRowsTest : ServerFixture
{
    private const string BadKey = """
        insert into signing_keys (kid, alg, public_key, sealed, created_at, signs_from)
        values ('bad-kid', 'ES256', '\x00', '\x00', now(), now() - interval '1 minute')
        """;

    private static Task<string> ReadyAsync(TestServer server) => server.NewHttp().GetStringAsync(Paths.Ready);

    private static async Task<string> TokenAsync(TestServer server) => (await (await server.MachineAsync()).CredentialsAsync()).AccessToken;

    [Test, Behaviour(11)]
    public async Task A_malformed_signing_key_is_skipped_named_and_counted_and_the_others_sign_on()
    {
        var log = new CapturedLog();
        await using var server = await TestServer.StartAsync(services: log.AddTo);
        var kid = server.Get<KeyRing>().Active!.Kid;

        await server.ExecuteAsync(BadKey);
        await Eventually.BecomesTrueAsync(async () => (await ReadyAsync(server)).Contains("signing_keys bad-kid"));
        await using var restarted = await server.StartSecondInstanceAsync();

        foreach (var one in new[] { server, restarted })
        {
            Jwt.Read(await TokenAsync(one)).Header["kid"]!.ToString().Should().Be(kid);
            (await one.GetAsync(Paths.Jwks)).Body.Should().NotContain("bad-kid");
            (await one.GetAsync(Paths.Ready)).Status.Should().Be(200);
            one.Get<BackgroundLoops>().Died.Should().BeNull();
        }

        log.Lines.Should().ContainSingle(line => line.Contains("The row bad-kid of signing_keys cannot be read and is skipped"));
        Gauge("oauth.rows.unreadable").Should().Contain(1);
    }

    [Test, Behaviour(11)]
    public async Task A_malformed_key_that_was_to_sign_next_keeps_no_other_one_from_being_made_and_can_be_retired()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync(BadKey.Replace("now() - interval '1 minute'", "now() + interval '1 year'"));
        await server.Get<KeyRing>().StartAsync(CancellationToken.None);

        (await server.Get<KeyRing>().RotateAsync(CancellationToken.None)).Should().NotBeNull();
        var retired = await server.RunBinaryAsync(null, "keys", "retire", "bad-kid", "--now");

        (retired.Code, retired.Error).Should().Be((0, ""));
        await Eventually.BecomesTrueAsync(async () => !(await ReadyAsync(server)).Contains("unreadable"));
    }

    [Test, Behaviour(11, 36)]
    public async Task Where_no_key_opens_none_is_made_and_the_server_goes_on_with_those_it_has()
    {
        await using var server = await TestServer.StartAsync();
        var before = await TokenAsync(server);

        await server.ExecuteAsync("update signing_keys set sealed = '\\x00'");
        await Eventually.BecomesTrueAsync(async () => (await ReadyAsync(server)).Contains("unreadable"));

        Jwt.Read(await TokenAsync(server)).Header["kid"]!.ToString().Should().Be(Jwt.Read(before).Header["kid"]!.ToString());
        (await server.ScalarAsync<long>("select count(*) from signing_keys")).Should().Be(2);
        server.Get<BackgroundLoops>().Died.Should().BeNull();
    }

    [TestCase("no xml at all")]
    [TestCase("<revocation version=\"1\"><revocationDate>never</revocationDate></revocation>")]
    [TestCase("<key id=\"no guid\" version=\"1\"/>")]
    [Behaviour(35)]
    public async Task A_malformed_data_protection_key_is_skipped_and_forms_work(string xml)
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("insert into data_protection_keys (id, xml) values ('bad-row', @xml)", new { xml });
        await using var restarted = await server.StartSecondInstanceAsync();
        var (alice, browser) = (await restarted.UserAsync(), restarted.NewBrowser());

        await browser.SignInAsync(await browser.FollowAsync(Paths.Login), alice);

        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await ReadyAsync(restarted)).Should().Contain("data_protection_keys bad-row");
    }

    [TestCase("infinity", 9000)]
    [TestCase("-infinity", 1000)]
    [TestCase("4000-01-01 BC", 1000)]
    [TestCase("200000-01-01", 9000)]
    [TestCase("2026-05-04 03:02:01.123456Z", 2026)]
    public async Task A_date_of_any_size_is_read(string date, int year)
    {
        await Server.ExecuteAsync(
            "insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at) "
                + "values (@date, 'y', 'z', now(), @date::text::timestamptz)", new { date });
        await using var connection = await Server.Get<OAuthServer.Stores.Postgres.Database>().OpenAsync(CancellationToken.None);

        var read =
            (await connection.QuerySingleAsync<Moment>("select expires_at from revoked_tokens where jti = @date", new { date })).ExpiresAt;

        read.Year.Should().Be(year);
        if (year == 2026) read.Should().Be(DateTimeOffset.Parse("2026-05-04T03:02:01.123456Z"));
    }

    [TestCase("infinity")]
    [TestCase("4000-01-01 BC")]
    public async Task A_date_out_of_range_fails_no_page_no_feed_and_no_sweep(string date)
    {
        await using var server = await TestServer.StartAsync();
        var (client, alice, resource) = (await server.PublicClientAsync(), await server.UserAsync(), await server.ResourceServerAsync());
        var tokens = await server.TokensAsync(client, alice);
        var olivia = await server.UserAsync("olivia", "admin");
        var (hers, his) = (server.NewBrowser(), server.NewBrowser());
        await hers.SignInAsync(await hers.FollowAsync(Paths.Admin), olivia);
        await his.SignInAsync(await his.FollowAsync(Paths.ConnectedApps), alice);

        // What servers write, edited by hand or restored from somewhere else.
        await server.ExecuteAsync("""
            update grants set created_at = @date::text::timestamptz;
            update sessions set last_seen_at = @date::text::timestamptz where subject = @Subject and id_hash is null;
            insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent)
                values ('\x01', @Subject, @date::text::timestamptz, now(), 'infinity', '127.0.0.1', 'a test');
            insert into revocation_feed (kind, value, audiences, expires_at, leaves_at)
                values ('jti', 'one', array[@Notes], @date::text::timestamptz, now() + interval '1 hour');
            insert into revocation_feed (kind, value, audiences, expires_at, leaves_at)
                values ('jti', 'two', array[@Notes], now() + interval '1 hour', now() + interval '1 hour');
            insert into audit_events (at, request_id, event, outcome) values (@date::text::timestamptz, 'one', 'token', 'ok'),
                ('200000-01-01', 'two', 'token', 'ok'), ('infinity', 'three', 'token', 'ok');
            """, new { date, alice.Subject, Cast.Notes });

        foreach (var path in new[] { Paths.Admin, Paths.AdminAudit, Paths.AdminKeys, Paths.AdminMachines, Paths.AdminApps,
            $"{Paths.AdminUser}?subject={alice.Subject}" })
            (await hers.GetAsync(path)).Status.Should().Be(200, path);
        foreach (var path in new[] { Paths.ConnectedApps, Paths.Sessions }) (await his.GetAsync(path)).Status.Should().Be(200, path);
        (await new FeedReader(server, resource).ReadAsync()).Should().Contain("jti two");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        server.Get<BackgroundLoops>().Died.Should().BeNull();
    }

    [Test]
    public async Task A_row_that_will_not_be_swept_keeps_no_other_table_from_it()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("""
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before delete on revoked_tokens for each row execute function refuse();
            insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at)
                values ('x', 'y', 'z', now(), now() - interval '1 hour');
            insert into revocation_feed (kind, value, expires_at, leaves_at)
                values ('jti', 'gone', now() - interval '2 hours', now() - interval '1 hour');
            """);

        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from revocation_feed where value = 'gone'")).Should().Be(0);
        (await server.ScalarAsync<long>("select count(*) from revoked_tokens")).Should().Be(1);
    }

    [Test]
    public async Task A_background_loop_that_dies_is_named_in_one_line_and_stops_the_server()
    {
        var (log, die) = (new CapturedLog(), new TaskCompletionSource());
        await using var server = await TestServer.StartAsync(services: services =>
        {
            log.AddTo(services);
            services.AddLoop<Settings>(async (_, cancel) =>
            {
                await die.Task.WaitAsync(cancel);
                throw new InvalidOperationException("a fault\nnobody foresaw");
            });
        });

        die.SetResult();
        await Eventually.BecomesTrueAsync(() =>
            Task.FromResult(
                server.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested));

        server.Get<BackgroundLoops>().Died.Should().Be(nameof(Settings));
        log.Lines.Should().ContainSingle(line => line.StartsWith("Critical"))
            .Which.Should().Contain(
                "The background loop Settings has died (InvalidOperationException: "
                    + "a fault\\u{000A}nobody foresaw): the server stops, with exit code 3");
    }

    [Test]
    public async Task A_process_whose_loop_has_died_ends_with_a_code_of_its_own()
    {
        var settings = new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
        };
        await using var program =
            await OAuthProgram.ServeAsync(TestServer.ExternalServer(settings), Microsoft.Extensions.Logging.LogLevel.Warning);

        // No row of another program's schema can be read, and this loop does not know what to make of that.
        await TestDatabase.ExecuteAsync(settings.Database,
            "alter table signing_keys alter column public_key type text using encode(public_key, 'hex')");
        var end = program.EndAsync();
        while (!end.IsCompleted)
        {
            await TestDatabase.ExecuteAsync(settings.Database, "select pg_notify('oauth_changes', 'signing_keys')");
            await Task.Delay(200);
        }

        (await end).Should().Be(BackgroundLoops.ExitCode, program.Said);
        program.Said.Should().Contain("The background loop KeyRing has died");
    }

    [TestCase("update clients set scopes = '{{notes:read,notes:write},{notes:read,notes:delete}}' where client_id = @Id")]
    [TestCase("update clients set scopes = '{notes:read,NULL}' where client_id = @Id")]
    [TestCase("update clients set scopes = '[0:1]={notes:read,notes:write}' where client_id = @Id")]
    [TestCase("update clients set redirect_uris = '{{https://a.example/cb},{https://b.example/cb}}' where client_id = @Id")]
    [TestCase("update clients set grant_types = '{authorization_code,NULL}' where client_id = @Id")]
    [TestCase("update clients set resources = array[array['http://localhost:9000/mcp']] where client_id = @Id")]
    public async Task A_list_that_is_no_plain_one_is_refused_with_words(string sql)
    {
        var client = await Server.PublicClientAsync();

        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql, new { client.Id }))
            .Should().ThrowAsync<PostgresException>()).Which;

        refusal.SqlState.Should().Be(PostgresErrorCodes.CheckViolation);
        refusal.MessageText.Should().MatchRegex("^The list in [a-z_]+ has more than one dimension, or an element without a value$");
        refusal.Hint.Should().Contain("a single pair of braces");
    }

    [TestCase("update clients set created_at = '4000-01-01 BC'")]
    [TestCase("update client_secrets set expires_at = 'infinity'")]
    [TestCase("update client_secrets set not_before = '-infinity'")]
    [TestCase("update users set created_at = 'infinity'")]
    [TestCase("update signing_keys set signs_from = '12000-01-01'")]
    public async Task A_date_nobody_can_mean_is_refused_with_words(string sql)
    {
        await Server.MachineAsync();
        await Server.UserAsync();

        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql)).Should().ThrowAsync<PostgresException>()).Which;

        refusal.MessageText.Should().MatchRegex("^The date in [a-z_]+ is infinite, or outside 1970 to 9998$");
        refusal.Hint.Should().Contain("write null");
    }

    [Test]
    public async Task Every_list_and_every_date_an_operator_types_is_guarded()
    {
        var database = await TestDatabase.CloneAsync();
        await using var connection = new NpgsqlConnection(database);

        (await connection.QueryAsync<string>("""
            select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                 and a.atttypid = 'text[]'::regtype and not a.attisdropped
               and c.relname not in ('grant_types', 'auth_methods')
               and not exists (select from pg_trigger t
                   where t.tgrelid = c.oid and t.tgname like 'check_lists%' and encode(t.tgargs, 'escape') like '%' || a.attname || '%')
            """)).Should().BeEmpty("every text[] column has check_lists, but where only migrate writes");
        (await connection.QueryAsync<string>("""
            select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relname in ('clients', 'client_secrets', 'users', 'signing_keys',
                 'initial_access_tokens', 'registrations', 'client_documents')
               and a.atttypid = 'timestamptz'::regtype and not a.attisdropped
               and not exists (select from pg_constraint k
                   where k.conrelid = c.oid and k.conname = c.relname || '_' || a.attname || '_plain')
            """)).Should().BeEmpty("every date of a table that operators type into has its CHECK");
    }

    private sealed record Moment
    {
        public required DateTimeOffset ExpiresAt { get; init; }
    }

    private static List<int> Gauge(string name)
    {
        var seen = new List<int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "OAuthServer" && instrument.Name == name) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => seen.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }
}
