using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(25)]
public sealed class AuditTest : ServerFixture
{
    private async Task<AuditLine> OnlyRowAsync(Reply reply) => (await Server.AuditAsync(reply)).Should().ContainSingle(
        reply.ToString()).Subject;

    [Test]
    public async Task Every_token_leaves_one_row_that_names_it_without_holding_it()
    {
        var (client, machine, alice) = (await Server.PublicClientAsync(), await Server.MachineAsync(), await Server.UserAsync());
        var credentials = await machine.CredentialsAsync();
        var redeemed = await client.RedeemAsync(await Server.GrantAsync(client, alice));
        var refreshed = await client.RefreshAsync(redeemed.RefreshToken!);
        var retried = await client.RefreshAsync(redeemed.RefreshToken!);

        foreach (var (reply, grant, by, subject) in new[] { (credentials, "client_credentials", machine.Id, machine.Id),
            (redeemed, "authorization_code", client.Id, alice.Subject.ToString()),
            (refreshed, "refresh_token", client.Id, alice.Subject.ToString()),
                (retried, "retry window", client.Id, alice.Subject.ToString()) })
        {
            var row = await OnlyRowAsync(reply);
            (row.Event, row.Outcome, row.ClientId, row.Subject).Should().Be(("token", "ok", by, subject));
            row.Detail.Should().Contain(grant).And.Contain("scope=").And.Contain("resource=");
            (await Server.ScalarAsync<string>("select jti from audit_events where request_id = @id", new { id = reply.RequestId }))
                .Should().Be(Jwt.Read(reply.AccessToken)["jti"]);
            (await Server.ScalarAsync<string>("select address from audit_events where request_id = @id", new { id = reply.RequestId }))
                .Should().BeOneOf("127.0.0.1", "::1");
            row.ToString().Should().NotContain(reply.AccessToken).And.NotContain(reply.RefreshToken ?? "no refresh token");
        }
    }

    [Test, Rfc(7009, "2")]
    public async Task A_revocation_leaves_one_row_and_so_does_one_that_finds_nothing()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var tokens = await Server.TokensAsync(client, alice);

        (await OnlyRowAsync(await client.RevokeAsync(tokens.AccessToken))).Detail.Should().Be("access token");
        (await OnlyRowAsync(await client.RevokeAsync(tokens.RefreshToken!))).Detail.Should().Contain("refresh token");
        (await OnlyRowAsync(await client.RevokeAsync("nonsense"))).Reason.Should().Be("unknown or expired: nothing is revoked");
    }

    [Test]
    public async Task Introspection_that_succeeds_leaves_none()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        var resourceServer = await Server.ResourceServerAsync();

        (await Server.AuditAsync(await resourceServer.IntrospectAsync(token))).Should().BeEmpty();
        (await Server.AuditAsync(await resourceServer.IntrospectAsync("nonsense"))).Should().BeEmpty();
        (await OnlyRowAsync(await resourceServer.With("wrong").IntrospectAsync(token))).Event.Should().Be("introspection");
    }

    [Test]
    public async Task A_request_with_nothing_to_decide_leaves_no_row()
    {
        foreach (var reply in new[] { await Server.GetAsync("/nothing"), await Server.GetAsync("/token") })
        {
            reply.Status.Should().BeOneOf(404, 405);
            (await Server.AuditAsync(reply)).Should().BeEmpty();
        }
    }

    [Test]
    public async Task The_row_is_there_before_the_answer_is()
    {
        var machine = await Server.MachineAsync();
        await machine.CredentialsAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            var reply = await machine.CredentialsAsync();
            return (await Server.AuditAsync(reply)).Count;
        }));

        replies.Should().OnlyContain(rows => rows == 1);
    }

    [TestCase("update audit_events set reason = 'nothing happened'")]
    [TestCase("delete from audit_events")]
    [TestCase("truncate audit_events")]
    [TestCase("delete from audit_events_default")]
    public async Task Nobody_changes_it_not_even_the_owner_of_the_schema(string edit)
    {
        await (await Server.MachineAsync()).CredentialsAsync();
        var before = await Server.ScalarAsync<long>("select count(*) from audit_events");

        if (edit.EndsWith("_default"))
            await Server.ExecuteAsync(
                "insert into audit_events (at, request_id, event, outcome) values ('2001-01-01', 'old', 'token', 'ok')");
        (await FluentActions.Awaiting(() => Server.ExecuteAsync(edit))
            .Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);

        (await Server.ScalarAsync<long>("select count(*) from audit_events where at > '2002-01-01'")).Should().BeGreaterOrEqualTo(before);
    }

    [TestCase("update audit_events set reason = ''")]
    [TestCase("delete from audit_events")]
    [TestCase("truncate audit_events")]
    [TestCase("drop table audit_events")]
    [TestCase("alter table audit_events disable trigger all")]
    [TestCase("alter table clients add column x int")]
    [TestCase("drop trigger clients_audit on clients")]
    [TestCase("create table x (y int)")]
    [TestCase("insert into schema_migrations (name) values ('x')")]
    public async Task The_servers_own_role_can_only_add_to_it_and_alters_nothing(string edit)
    {
        await using var connection = await Server.Get<Database>().OpenAsync(CancellationToken.None);
#pragma warning disable CA2100 // The cases above.
        await using var command = new NpgsqlCommand(edit, connection);
#pragma warning restore CA2100

        (await FluentActions.Awaiting(() => command.ExecuteNonQueryAsync())
            .Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Test, Behaviour(26)]
    public async Task An_edit_by_plain_SQL_leaves_exactly_one_row_with_its_author()
    {
        var machine = await Server.MachineAsync();
        Task<List<string>> RowsAsync() =>
            Server.QueryAsync<string>(
                "select actor || ': ' || detail from audit_events "
                    + "where event = 'edit' and client_id = @Id and detail not like 'insert%' order by at", new { machine.Id });

        await Server.ExecuteAsync("update clients set note = 'hello', enabled = false where client_id = @Id", new { machine.Id });
        (await RowsAsync()).Should().ContainSingle().Which.Should().StartWith("sql:")
            .And.EndWith("enabled: true → false; note: nothing → hello");

        await Server.ExecuteAsync(
            "begin; select set_config('oauth.actor', 'alice the operator', true); update clients set enabled = true "
                + "where client_id = @Id; commit", new { machine.Id });
        (await RowsAsync()).Should().HaveCount(2).And.Contain(row => row.StartsWith("alice the operator: update clients"));

        await Server.ExecuteAsync("update clients set enabled = true where client_id = @Id", new { machine.Id });
        (await RowsAsync()).Should().HaveCount(2, "nothing changed");

        await Server.ExecuteAsync("delete from clients where client_id = @Id", new { machine.Id });
        (await RowsAsync()).Should().Contain(row => row.Contains("delete clients"));
    }

    [Test, Behaviour(36)]
    public async Task A_row_about_a_secret_or_password_does_not_hold_its_hash()
    {
        var machine = await Server.MachineAsync();
        var alice = await Server.UserAsync();
        var hash = TestServer.Hash("another");
        await Server.ExecuteAsync("update client_secrets set hash = @hash where client_id = @Id", new { machine.Id, hash });
        await Server.ExecuteAsync("update users set password_hash = @hash where subject = @Subject", new { alice.Subject, hash });

        (await Server.QueryAsync<string>("select detail from audit_events where event = 'edit' and (client_id = @Id or subject = @Subject)",
            new { machine.Id, Subject = alice.Subject.ToString() }))
            .Should().Contain(detail => detail.EndsWith("secret changed")).And.Contain(detail => detail.EndsWith("password changed"))
            .And.OnlyContain(detail => !detail.Contains("$2"));
    }

    [Test]
    public async Task Noting_when_a_client_was_last_used_leaves_no_row_and_wakes_nobody()
    {
        var machine = await Server.MachineAsync();
        var secret = await Server.ScalarAsync<long>("select id from client_secrets where client_id = @Id", new { machine.Id });
        await machine.CredentialsAsync();
        var before = await Server.ScalarAsync<long>("select count(*) from audit_events");
        var heard = new List<string?>();
        Server.Get<Notifications>().Changed += heard.Add;

        var store = Server.Get<ClientStore>();
        await store.ClientsUsedAsync([machine.Id], Server.Clock.GetUtcNow());
        await store.SecretsUsedAsync([secret], Server.Clock.GetUtcNow());
        await Task.Delay(100);

        (
            await Server.QueryAsync<DateTime?>(
                "select last_used_at from clients where client_id = @Id union all select last_used_at from client_secrets "
                    + "where client_id = @Id", new { machine.Id })).Should().HaveCount(2).And.NotContainNulls();
        (await Server.ScalarAsync<long>("select count(*) from audit_events")).Should().Be(before);
        heard.Should().BeEmpty();
    }

    [Test]
    public async Task A_server_that_stops_still_notes_who_was_last_used()
    {
        var machine = await Server.MachineAsync();
        await using (var twin = await Server.StartSecondInstanceAsync()) await machine.At(twin).CredentialsAsync();

        (
            await Server.QueryAsync<DateTime?>(
                "select last_used_at from clients where client_id = @Id union all select last_used_at from client_secrets "
                    + "where client_id = @Id", new { machine.Id })).Should().HaveCount(2).And.NotContainNulls();
    }

    [Test]
    public async Task A_resource_server_that_introspects_or_reads_the_feed_is_used()
    {
        var (introspects, reads, idle) =
            (await Server.ResourceServerAsync(), await Server.ResourceServerAsync(), await Server.ResourceServerAsync());
        var edits = await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'edit'");
        await using (var twin = await Server.StartSecondInstanceAsync())
        {
            (await introspects.At(twin).IntrospectAsync("anything")).Status.Should().Be(200);
            (await twin.GetAsync(Paths.Revocations, ("Authorization", TestClient.Basic(reads.Id, reads.Secret!).ToString()))).Status
                .Should().Be(200);
            await idle.At(twin).With("wrong").IntrospectAsync("anything");
            await idle.At(twin).RevokeAsync("anything");
        }

        const string Sql =
            "select last_used_at from clients where client_id = @Id "
                + "union all select last_used_at from client_secrets where client_id = @Id";
        (await Server.QueryAsync<DateTime?>(Sql, new { introspects.Id })).Should().HaveCount(2).And.NotContainNulls();
        (await Server.QueryAsync<DateTime?>(Sql, new { reads.Id })).Should().HaveCount(2).And.NotContainNulls();
        (await Server.QueryAsync<DateTime?>(Sql, new { idle.Id })).Should().OnlyContain(moment => moment == null);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'edit'")).Should().Be(edits);
    }

    [Test]
    public async Task Hostile_input_forges_no_line_of_the_log()
    {
        var reply = await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString("x\r\nok token \u0007 " + new string('y', 5000))}");

        var row = await OnlyRowAsync(reply);
        row.Got!.Length.Should().BeLessThan(520);
        row.Got.Any(char.IsControl).Should().BeFalse();
    }

    private const string Pasted = "dGhpcy1pcy1hLXNlY3JldC1vZi00My1jaGFyYWN0ZXJz";

    // Wherever in the log it may have ended up.
    private Task<long> FindingsAsync(string text) => Server.ScalarAsync<long>(
        "select count(*) from audit_events where audit_events::text like '%' || @text || '%'", new { text });

    private static IEnumerable<TestCaseData> Misplaced()
    {
        foreach (var (name, form) in new[]
        {
            ("the_client_id", $"grant_type=client_credentials&client_id={Pasted}&client_secret=x"),
            ("the_client_id_of_an_unknown_grant", $"grant_type=nothing&client_id={Pasted}"),
            ("the_grant_type", $"grant_type={Pasted}&client_id=x"),
            ("the_client_id_beside_another_one", $"grant_type=client_credentials&client_id={Pasted}"),
        })
            yield return new TestCaseData(form).SetName($"A_secret_in_the_place_of_{name}_is_not_readable_in_the_log");
    }

    [TestCaseSource(nameof(Misplaced)), Behaviour(6)]
    public async Task A_secret_in_another_place_is_not_readable_in_the_log(string form)
    {
        var reply = form.EndsWith(Pasted, StringComparison.Ordinal)
            && form.StartsWith("grant_type=client_credentials", StringComparison.Ordinal)
            ? await Server.PostTokenAsync(form, ("Authorization", Requests.BasicOf($"{Pasted}x:y")))
            : await Server.PostTokenAsync(form);

        reply.Status.Should().BeInRange(400, 401);
        (await OnlyRowAsync(reply)).Outcome.Should().Be("refused");
        (await FindingsAsync(Pasted)).Should().Be(0);
    }

    [TestCase("a-short-secret"), TestCase("hunter2"), TestCase(Pasted)]
    public async Task An_id_that_no_client_has_is_noted_by_its_length_and_a_hash(string id)
    {
        var reply = await Server.PostTokenAsync($"grant_type=client_credentials&client_id={id}&client_secret=x");
        var page = await Server.GetAsync($"/authorize?client_id={id}&response_type=code");
        var device = await Server.SendAsync(HttpMethod.Post, "/revoke", Requests.Form($"client_id={id}&client_secret=x&token=y"));

        foreach (var row in new[] { await OnlyRowAsync(reply), await OnlyRowAsync(page), await OnlyRowAsync(device) })
        {
            row.ClientId.Should().MatchRegex($"^unknown \\({id.Length} characters, sha256 [0-9a-f]{{8}}…\\)$");
            row.Got.Should().BeOneOf(row.ClientId, null);
        }

        (await FindingsAsync(id)).Should().Be(0);
    }

    [Test]
    public async Task A_refused_client_that_exists_is_named_and_so_is_the_URL_of_a_document()
    {
        var machine = await Server.MachineAsync();
        (await OnlyRowAsync(await machine.With("wrong").CredentialsAsync())).ClientId.Should().Be(machine.Id);

        var page =
            await Server
            .GetAsync($"/authorize?client_id={Uri.EscapeDataString($"https://nobody.invalid/{Pasted}/client.json")}&response_type=code");
        (await OnlyRowAsync(page)).ClientId.Should().StartWith("https://nobody.invalid/(44 characters, sha256 ");
    }

    [Test]
    public async Task Tokens_sent_in_another_place_are_not_readable_in_the_log()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var tokens = await Server.TokensAsync(client, alice);

        foreach (var token in new[] { tokens.AccessToken, tokens.RefreshToken! })
        {
            var text = Uri.EscapeDataString(token);
            foreach (var path in new[]
            {
                $"/authorize?client_id={text}", $"/authorize?client_id={client.Id}&redirect_uri={text}",
                    $"/authorize?client_id={client.Id}&response_type={text}",
                $"/authorize?client_id={client.Id}&response_type=code&scope={text}",
                    $"/authorize?client_id={client.Id}&response_type=code&resource=https://{text}/",
            })
                await Server.GetAsync(path);
            await Server.PostTokenAsync($"grant_type=refresh_token&client_id={text}&refresh_token=x");
            await Server.PostTokenAsync($"grant_type=refresh_token&client_id={client.Id}&refresh_token=x&scope={text}");
            await Server.PostTokenAsync($"grant_type={text}&client_id={client.Id}");
            (await FindingsAsync(token)).Should().Be(0);
            (await FindingsAsync(token[^40..])).Should().Be(0);
        }
    }

    [Test, Behaviour(35)]
    public async Task A_password_typed_as_a_user_name_is_not_readable_in_the_log()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var before = await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'sign-in'");
        // Too short to be taken for a token, which the log would leave out by itself.
        var typed = $"my password {Guid.NewGuid().ToString("N")[..12]}";

        await browser.SignInAsync(await browser.FollowAsync("/login"), alice with { Username = typed });

        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'sign-in'")).Should().Be(before + 1);
        (await FindingsAsync(typed)).Should().Be(0);
    }
}
