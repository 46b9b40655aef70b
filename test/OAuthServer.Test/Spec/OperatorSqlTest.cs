using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What an operator types into psql: refused with words, or in effect at once.</summary>
[Behaviour(26)]
public sealed class OperatorSqlTest : ServerFixture
{
    // The value that every refused statement below holds, and that no message may repeat.
    private const string Marker = "XMARKERX";

    private static readonly string Hash = "$2a$12$" + new string('a', 53);

    [Test]
    public async Task A_row_without_a_value_that_it_needs_is_refused_with_words()
    {
        var refusal =
            (await FluentActions.Awaiting(() =>
            Server.ExecuteAsync("insert into clients (client_id, kind, note) values ('a', 'machine', 'XMARKERX')"))
            .Should().ThrowAsync<PostgresException>()).Which;

        (refusal.SqlState, refusal.MessageText, refusal.Detail)
            .Should().Be((PostgresErrorCodes.NotNullViolation, "A column of this row that needs a value has none", null));
        refusal.Hint.Should().Contain("client_id, kind and name");
    }

    private static IEnumerable<TestCaseData> Refused()
    {
        const string client = "insert into clients (client_id, name, kind, redirect_uris, note) values";
        yield return Case("A_kind_that_does_not_exist", "insert into clients (client_id, name, kind) values ('a', 'A', 'XMARKERX')",
            "This kind of client does not exist", "machine, user-facing or resource-server");
        yield return Case("A_client_id_like_a_persons",
            "insert into clients (client_id, name, kind, note) values ('00000000-0000-0000-0000-0000000000aa', 'A', 'machine', 'XMARKERX')",
            "A client id may not look like the subject of a person", "nightly-etl");
        yield return Case("A_client_id_Basic_cannot_carry",
            "insert into clients (client_id, name, kind) values ('XMARKERX:x y', 'A', 'machine')",
            "A client id has characters that HTTP Basic cannot carry unchanged", "A-Z a-z 0-9");
        yield return Case("An_unknown_authentication_method",
            "insert into clients (client_id, name, kind, auth_method) values ('a', 'A', 'machine', 'XMARKERX')",
            "This authentication method does not exist", "client_secret_basic");
        yield return Case("An_unknown_grant_type",
            "insert into clients (client_id, name, kind, grant_types) values ('a', 'A', 'user-facing', '{XMARKERX}')",
            "A grant type in this row does not exist", "authorization_code");
        yield return Case("A_machine_with_redirects", $"{client} ('a', 'A', 'machine', '{{https://a.example/XMARKERX}}', '')",
            "A machine client has no redirect URIs", "user-facing");
        yield return Case("A_machine_that_signs_people_in",
            "insert into clients (client_id, name, kind, grant_types, note) values ('a', 'A', 'machine', '{authorization_code}', "
                + "'XMARKERX')", "A machine client uses client_credentials or urn:ietf:params:oauth:grant-type:jwt-bearer, with a secret", "client_credentials");
        yield return Case("A_machine_without_a_secret",
            "insert into clients (client_id, name, kind, auth_method, note) values ('a', 'A', 'machine', 'none', 'XMARKERX')",
            "A machine client uses client_credentials or urn:ietf:params:oauth:grant-type:jwt-bearer, with a secret", "client_secret_basic");
        yield return Case("A_person_facing_machine",
            "insert into clients (client_id, name, kind, grant_types, note) values ('a', 'A', 'user-facing', "
                + "'{client_credentials}', 'XMARKERX')", "A user-facing client cannot use client_credentials", "second client");
        yield return Case("A_resource_server_that_gets_tokens",
            "insert into clients (client_id, name, kind, grant_types, note) values ('a', 'A', 'resource-server', "
                + "'{client_credentials}', 'XMARKERX')", "A resource server only introspects, with a secret", "Leave grant_types");
        yield return Case("A_token_of_two_hours",
            "insert into clients (client_id, name, kind, access_token_seconds, note) values ('a', 'A', 'machine', 7200, 'XMARKERX')",
            "An access token lives at most an hour", "1 to 3600");
        yield return Case("A_token_of_no_time",
            "insert into clients (client_id, name, kind, access_token_seconds, note) values ('a', 'A', 'machine', 0, 'XMARKERX')",
            "An access token lives at most an hour", "1 to 3600");
        yield return Case("A_refresh_token_of_two_years",
            "insert into clients (client_id, name, kind, refresh_token_seconds, note) "
                + "values ('a', 'A', 'user-facing', 63072000, 'XMARKERX')", "A refresh token lives at most a year", "31536000");
        yield return Case("A_scope_that_does_not_exist",
            "insert into clients (client_id, name, kind, scopes) values ('a', 'A', 'machine', '{XMARKERX}')",
            "A scope in this row does not exist", "insert into scopes");
        yield return Case("A_default_scope_outside_the_scopes",
            "insert into clients (client_id, name, kind, scopes, default_scopes, note) values ('a', 'A', 'machine', "
                + "'{notes:read}', '{notes:write}', 'XMARKERX')", "A default scope is not among the client's scopes", "scopes too");
        yield return Case("A_resource_that_does_not_exist",
            "insert into clients (client_id, name, kind, resources) values ('a', 'A', 'machine', '{https://XMARKERX.example/}')",
            "A resource in this row does not exist", "insert into resources");
        yield return Case("More_than_a_hundred_redirects",
            "insert into clients (client_id, name, kind, redirect_uris) "
                + "select 'a', 'A', 'user-facing', array_agg('https://a.example/XMARKERX' || i) from generate_series(1, 101) i",
                "A client has at most 100 redirect URIs", "Remove some");

        foreach (var (name, uri, message) in new[]
        {
            ("a_script", "javascript:XMARKERX", "scheme that can run code"),
            ("data", "data:text/html,XMARKERX", "scheme that can run code"),
            ("a_file", "file:///XMARKERX", "scheme that can run code"),
            ("a_fragment", "https://a.example/XMARKERX#x", "has a fragment"),
            ("a_wildcard", "https://*.example/XMARKERX", "has a wildcard"),
            ("user_information", "https://XMARKERX@a.example/", "carries user information"),
            ("no_domain_name", "https://XMARKERX/cb", "needs a fully qualified domain name"),
            ("an_address", "https://10.0.0.1/XMARKERX", "needs a fully qualified domain name"),
            ("plain_http_elsewhere", "http://a.example/XMARKERX", "for this computer only"),
            ("a_look_alike_of_loopback", "http://127.0.0.1.evil.example/XMARKERX", "for this computer only"),
            ("a_relative_one", "/XMARKERX", "not absolute"),
            ("an_empty_one", "", "is empty"),
            ("a_space", "https://a.example/XMARKERX x", "has a space"),
            ("an_endless_one", "https://a.example/XMARKERX" + new string('x', 2048), "longer than 2048"),
        })
            yield return Case($"A_redirect_with_{name}", $"{client} ('a', 'A', 'user-facing', array['{uri}'], 'XMARKERX')", message,
                "Write https://host.example/path");
        yield return Case("A_redirect_with_a_scheme_without_a_dot",
            $"{client} ('a', 'A', 'user-facing', array['xmarker:/XMARKERX'], 'XMARKERX')", "needs a dot", "com.example.app:/path");

        yield return Case("A_default_resource_that_does_not_exist",
            "insert into clients (client_id, name, kind, default_resource) values ('a', 'A', 'machine', 'https://XMARKERX.example/')",
            "default resource of this row does not exist", "insert into resources");
        yield return Case("A_secret_of_nobody", $"insert into client_secrets (client_id, hash) values ('nobody', '{Hash}')",
            "This client does not exist", "Insert it into clients");

        const string secret = "insert into client_secrets (client_id, hash) values";
        yield return Case("A_secret_as_it_is", $"{secret} ('sql-machine', 'XMARKERX')",
            "A secret is stored as a bcrypt hash, never as it is", "gen_salt");
        yield return Case("A_DES_hash", $"{secret} ('sql-machine', '$2XMARKERX')", "A secret is stored as a bcrypt hash, never as it is",
            "gen_salt");
        yield return Case("A_cheap_hash", $"{secret} ('sql-machine', '$2a$09$XMARKERX{new string('a', 45)}')",
            "The bcrypt cost of this hash is outside 10 to 14", "gen_salt");
        yield return Case("A_dear_hash", $"{secret} ('sql-machine', '$2a$15$XMARKERX{new string('a', 45)}')",
            "The bcrypt cost of this hash is outside 10 to 14", "gen_salt");
        yield return Case("A_third_secret",
            $"{secret} ('sql-machine', '$2a$12$XMARKERX{new string('a', 45)}'), ('sql-machine', '{Hash}'), ('sql-machine', '{Hash}')",
            "A client has at most two secrets that are not revoked", "Revoke one first");
        yield return Case("A_secret_of_a_public_client", $"{secret} ('sql-public', '$2a$12$XMARKERX{new string('a', 45)}')",
            "A public client has no secret", "auth_method");

        const string user = "insert into users (username, password_hash, role) values";
        yield return Case("A_user_name_with_capitals", $"{user} ('XMARKERX', '{Hash}', 'user')", "This is no user name", "lower-case");
        yield return Case("A_password_as_it_is", $"{user} ('sql-user', 'XMARKERX', 'user')",
            "A password is stored as a bcrypt hash, never as it is", "gen_salt");
        yield return Case("A_cheap_password_hash", $"{user} ('sql-user', '$2a$04$XMARKERX{new string('a', 45)}', 'user')",
            "The bcrypt cost of this hash is outside 10 to 14", "gen_salt");
        yield return Case("A_role_that_does_not_exist", $"{user} ('sql-user', '{Hash}', 'XMARKERX')", "This role does not exist",
            "user or admin");

        static TestCaseData Case(string name, string sql, string message, string hint) =>
            new TestCaseData(sql, message, hint).SetName($"{name}_is_refused_with_words");
    }

    [OneTimeSetUp]
    public Task BringTheRowsAsync() =>
        Server.ExecuteAsync(
            "insert into clients (client_id, name, kind) "
                + "values ('sql-machine', 'A machine', 'machine'), ('sql-public', 'An app', 'user-facing')");

    [TestCaseSource(nameof(Refused)), Behaviour(7, 12)]
    public async Task An_edit_is_refused(string sql, string message, string hint)
    {
        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql)).Should().ThrowAsync<PostgresException>()).Which;

        refusal.SqlState.Should().Be(PostgresErrorCodes.CheckViolation);
        refusal.MessageText.Should().Contain(message);
        refusal.Hint.Should().Contain(hint);
        foreach (var text in new[] { refusal.MessageText, refusal.Hint, refusal.Detail ?? "" })
            text.Should().NotContainEquivalentOf(Marker).And.NotContain("aaaaaaaa").And.NotContain("00000000-0000");
    }

    [TestCase("https://a.example/cb")]
    [TestCase("https://localhost/cb")]
    [TestCase("http://127.0.0.1/cb")]
    [TestCase("http://[::1]:9/cb")]
    [TestCase("http://localhost")]
    [TestCase("com.example.app:/cb")]
    [TestCase("cursor://anysphere.cursor-mcp/oauth/callback")]
    [TestCase("vscode://x/cb")]
    [Behaviour(14)]
    public async Task A_redirect_an_operator_may_write_is_taken(string uri) =>
        await Server.ExecuteAsync(
            "insert into clients (client_id, name, kind, redirect_uris) values (@id, 'A', 'user-facing', array[@uri])",
            new { id = Guid.NewGuid().ToString("N"), uri });

    [Test]
    public async Task The_first_redirect_uri_is_a_column_of_its_own()
    {
        await Server.ExecuteAsync(
            "insert into clients (client_id, name, kind, redirect_uris) "
                + "values ('GRID_001', 'Grid', 'user-facing', '{https://grid.example/cb,https://grid.example/other}')");

        (await Server.ScalarAsync<string>("SELECT redirect_uri FROM clients WHERE client_id='GRID_001'"))
            .Should().Be("https://grid.example/cb");
    }

    [Test]
    public async Task A_client_seeded_with_pgcrypto_gets_a_token_at_once()
    {
        await Server.ExecuteAsync("""
            insert into clients (client_id, name, kind, scopes, default_resource)
                values ('seeded', 'Seeded', 'machine', '{read_sensors}', 'https://sensors.example.test/');
            insert into client_secrets (client_id, hash) values ('seeded', crypt('the operator''s secret', gen_salt('bf', 12)));
            """);

        (await Server.PostTokenAsync("grant_type=client_credentials",
            ("Authorization", Requests.BasicOf("seeded:the+operator%27s+secret")))).Should().HaveIssuedTokens("read_sensors");
    }

    [TestCase("update clients set enabled = false where client_id = @Id", 401)]
    [TestCase("delete from clients where client_id = @Id", 401)]
    [TestCase("delete from client_secrets where client_id = @Id", 401)]
    [TestCase("update client_secrets set revoked_at = now() where client_id = @Id", 401)]
    [TestCase("update client_secrets set expires_at = now() where client_id = @Id", 401)]
    [TestCase("update clients set client_id = @Id || '-renamed' where client_id = @Id", 401)]
    [TestCase("update clients set scopes = '{notes:write}', default_scopes = '{}' where client_id = @Id", 400)]
    public async Task An_edit_takes_effect_on_every_server_within_a_second(string edit, int status)
    {
        await using var twin = await Server.StartSecondInstanceAsync();
        var machine = await Server.MachineAsync();
        foreach (var server in new[] { Server, twin })
            (await machine.At(server).CredentialsAsync(("scope", "notes:read"))).Should().HaveIssuedTokens();

        await Server.ExecuteAsync(edit, new { machine.Id });

        foreach (var server in new[] { Server, twin })
            await Eventually.BecomesTrueAsync(async () =>
            (await machine.At(server).CredentialsAsync(("scope", "notes:read"))).Status == status, Eventually.Second);
    }

    [Test, Behaviour(19)]
    public async Task A_resource_switched_off_gets_no_more_tokens()
    {
        var uri = $"https://{Guid.NewGuid():N}.example.test/";
        await Server.ExecuteAsync(
            "insert into resources (uri, name) values (@uri, 'Soon off'); insert into scopes (name, resource) values ('soon:off', @uri)",
            new { uri });
        var machine = await Server.AddClientAsync("m2m", "machine", "client_secret_basic", [], "soon:off", "operator", uri, Cast.Secret);
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync(("resource", uri))).Status == 200);

        await Server.ExecuteAsync("update resources set enabled = false where uri = @uri", new { uri });

        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync(("resource", uri))).Error == "invalid_target");
    }

    [Test]
    public async Task A_bad_row_that_slipped_past_the_triggers_harms_only_its_own_client()
    {
        var (bad, good) = (await Server.MachineAsync(), await Server.MachineAsync());
        (await good.CredentialsAsync()).Should().HaveIssuedTokens();

        // A restore with triggers off, say, and the checks dropped.
        await Server.ExecuteAsync("""
            begin;
            alter table client_secrets drop constraint client_secrets_hash_form;
            alter table client_secrets drop constraint client_secrets_not_before_plain;
            alter table clients drop constraint clients_lifetimes;
            set local session_replication_role = replica;
            update client_secrets set hash = 'plaintext', not_before = '-infinity' where client_id = @Id;
            update clients set access_token_seconds = 999999, scopes = '{"no such"}' where client_id = @Id;
            commit;
            select pg_notify('oauth_changes', 'clients:' || @Id);
            """, new { bad.Id });

        await Eventually.BecomesTrueAsync(async () => (await bad.CredentialsAsync()).Status == 401);
        (await bad.CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        (await bad.With("plaintext").CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        (await good.CredentialsAsync()).Should().HaveIssuedTokens();
        (await Server.GetAsync("/readyz")).Status.Should().Be(200);
    }

    [Test, Behaviour(25)]
    public async Task A_grant_and_sessions_ended_in_sql_are_on_record_and_what_the_server_ends_is_there_once()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var tokens = await Server.TokensAsync(client, alice);
        await Server.NewBrowser().SignInAsync(alice);
        var grant = Jwt.Read(tokens.AccessToken).Payload["grant"]!.ToString();

        await Server.ExecuteAsync(
            "update grants set ended_at = now(), ended_reason = 'revoked_by_admin' where id = @grant::uuid and ended_at is null",
            new { grant });
        await Server.ExecuteAsync("delete from sessions where subject = @Subject", alice);

        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await EndsAsync()).Should().BeEquivalentTo([$"revocation {client.Id} {grant}", "sign-out  "]);

        var again = await Server.TokensAsync(client, alice);
        await client.RevokeAsync(again.RefreshToken!);
        (await EndsAsync()).Should().HaveCount(2, "the server writes its own rows");

        async Task<IEnumerable<string>> EndsAsync() => await Server.QueryAsync<string>(
            "select event || ' ' || coalesce(client_id, '') || ' ' || coalesce(grant_id::text, '') from audit_events "
            + "where event <> 'edit' and subject = @Subject::text and actor = 'sql:' || session_user", alice);
    }

    [Test]
    public async Task Every_table_and_column_says_what_it_is()
    {
        (await Server.QueryAsync<string>("""
            select c.relname || coalesce('.' || a.attname, '')
              from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                 and not c.relispartition and c.relname <> 'schema_migrations'
               and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)
            """)).Should().BeEmpty();
    }
}
