using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(25)]
public sealed class AuditTest : ServerFixture
{
    private async Task<AuditLine> OnlyRowAsync(Reply reply) => (await Server.AuditAsync(reply)).Should().ContainSingle(reply.ToString()).Subject;

    [Test]
    public async Task Every_token_leaves_one_row_that_names_it_without_holding_it()
    {
        var (client, machine, alice) = (await Server.PublicClientAsync(), await Server.MachineAsync(), await Server.PersonAsync());
        var credentials = await machine.CredentialsAsync();
        var redeemed = await client.RedeemAsync(await Server.GrantAsync(client, alice));
        var refreshed = await client.RefreshAsync(redeemed.RefreshToken!);
        var retried = await client.RefreshAsync(redeemed.RefreshToken!);

        foreach (var (reply, grant, by, subject) in new[] { (credentials, "client_credentials", machine.Id, machine.Id), (redeemed, "authorization_code", client.Id, alice.Subject.ToString()),
            (refreshed, "refresh_token", client.Id, alice.Subject.ToString()), (retried, "retry window", client.Id, alice.Subject.ToString()) })
        {
            var row = await OnlyRowAsync(reply);
            (row.Event, row.Outcome, row.ClientId, row.Subject).Should().Be(("token", "ok", by, subject));
            row.Detail.Should().Contain(grant).And.Contain("scope=").And.Contain("resource=");
            (await Server.ScalarAsync<string>("select jti from audit_events where request_id = @id", new { id = reply.RequestId })).Should().Be(Jwt.Read(reply.AccessToken)["jti"]);
            (await Server.ScalarAsync<string>("select address from audit_events where request_id = @id", new { id = reply.RequestId })).Should().BeOneOf("127.0.0.1", "::1");
            row.ToString().Should().NotContain(reply.AccessToken).And.NotContain(reply.RefreshToken ?? "no refresh token");
        }
    }

    [Test, Rfc(7009, "2")]
    public async Task A_revocation_leaves_one_row_and_so_does_one_that_finds_nothing()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.PersonAsync());
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
    public async Task What_was_no_request_to_decide_about_leaves_none()
    {
        foreach (var reply in new[] { await Server.GetAsync("/nothing"), await Server.GetAsync("/token"), await Server.SendAsync(HttpMethod.Post, "/token", Requests.Form("{}", "application/json")), await Server.PostTokenAsync(new string('x', 70_000)) })
        {
            reply.Status.Should().BeOneOf(404, 405, 413, 415);
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

        if (edit.EndsWith("_default")) await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome) values ('2001-01-01', 'old', 'token', 'ok')");
        (await FluentActions.Awaiting(() => Server.ExecuteAsync(edit)).Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);

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

        (await FluentActions.Awaiting(() => command.ExecuteNonQueryAsync()).Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Test, Behaviour(26)]
    public async Task An_edit_by_plain_SQL_leaves_exactly_one_row_with_its_author()
    {
        var machine = await Server.MachineAsync();
        Task<List<string>> RowsAsync() => Server.QueryAsync<string>("select actor || ': ' || detail from audit_events where event = 'edit' and client_id = @Id and detail not like 'insert%' order by at", new { machine.Id });

        await Server.ExecuteAsync("update clients set note = 'hello', enabled = false where client_id = @Id", new { machine.Id });
        (await RowsAsync()).Should().ContainSingle().Which.Should().StartWith("sql:").And.EndWith("enabled note");

        await Server.ExecuteAsync("begin; select set_config('oauth.actor', 'alice the operator', true); update clients set enabled = true where client_id = @Id; commit", new { machine.Id });
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
        var alice = await Server.PersonAsync();
        var hash = TestServer.Hash("another");
        await Server.ExecuteAsync("update client_secrets set hash = @hash where client_id = @Id", new { machine.Id, hash });
        await Server.ExecuteAsync("update users set password_hash = @hash where subject = @Subject", new { alice.Subject, hash });

        (await Server.QueryAsync<string>("select detail from audit_events where event = 'edit' and (client_id = @Id or subject = @Subject)", new { machine.Id, Subject = alice.Subject.ToString() }))
            .Should().Contain(detail => detail.Contains("hash")).And.OnlyContain(detail => !detail.Contains("$2"));
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

        await Server.Get<ClientStore>().UsedAsync([machine.Id], [secret], Server.Clock.GetUtcNow());
        await Task.Delay(100);

        (await Server.QueryAsync<DateTime?>("select last_used_at from clients where client_id = @Id union all select last_used_at from client_secrets where client_id = @Id", new { machine.Id })).Should().HaveCount(2).And.NotContainNulls();
        (await Server.ScalarAsync<long>("select count(*) from audit_events")).Should().Be(before);
        heard.Should().BeEmpty();
    }

    [Test]
    public async Task A_server_that_stops_still_notes_who_was_last_used()
    {
        var machine = await Server.MachineAsync();
        await using (var twin = await Server.StartTwinAsync()) await machine.At(twin).CredentialsAsync();

        (await Server.QueryAsync<DateTime?>("select last_used_at from clients where client_id = @Id union all select last_used_at from client_secrets where client_id = @Id", new { machine.Id })).Should().HaveCount(2).And.NotContainNulls();
    }

    [Test]
    public async Task What_an_attacker_sends_can_forge_no_line()
    {
        var reply = await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString("x\r\nok token \u0007 " + new string('y', 5000))}");

        var row = await OnlyRowAsync(reply);
        row.Got!.Length.Should().BeLessThan(520);
        row.Got.Any(char.IsControl).Should().BeFalse();
    }
}
