using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What the audit log says of an edit: old and new values, whoever made it.</summary>
[Behaviour(25, 26)]
public sealed class AuditValuesTest : ServerFixture
{
    private async Task<string> LastAsync(string table) => await Server.ScalarAsync<string>(
        "select detail from audit_events where event = 'edit' and detail like '% ' || @table || ' %' order by at desc, detail limit 1",
        new { table });

    [Test]
    public async Task A_switch_a_number_and_a_list_are_said_with_old_and_new_values()
    {
        var machine = await Server.MachineAsync();

        await Server.ExecuteAsync("""
            update clients set enabled = false, access_token_seconds = 300, scopes = '{notes:write}', default_scopes = '{}',
                               name = 'Nightly, and "quoted"; enabled: true'
             where client_id = @Id
            """, new { machine.Id });

        (await LastAsync("clients")).Should().StartWith($"update clients {machine.Id}: access_token_seconds: 600 → 300; ")
            .And.Contain("; enabled: true → false; ")
            .And.EndWith(" → \"Nightly, and \\\"quoted\\\"; enabled: true\"; scopes: +notes:write -notes:read -read_sensors");
    }

    [Test]
    public async Task A_list_in_another_order_and_a_long_one_are_said_shortly()
    {
        var client = await Server.PublicClientAsync();
        var many = Enumerable.Range(0, 40).Select(n => $"https://app.example/{n}/{new string('x', 150)}").ToArray();

        await Server.ExecuteAsync("update clients set redirect_uris = @many where client_id = @Id", new { client.Id, many });
        var added = await LastAsync("clients");
        await Server.ExecuteAsync("update clients set redirect_uris = @turned where client_id = @Id",
            new { client.Id, turned = many.Reverse().ToArray() });

        added.Should().Contain("redirect_uris: +").And.Contain("+…").And.NotContain(new string('x', 101));
        added.Split(" +").Length.Should().BeLessThan(24);
        (await LastAsync("clients")).Should().EndWith(": redirect_uris: in another order");
    }

    [Test]
    public async Task Words_of_a_scope_are_said_with_their_language()
    {
        await Server.ExecuteAsync("insert into scopes (name) values ('values:read')");
        await Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values ('values:read', 'en', 'Read values')");
        (await LastAsync("scope_texts")).Should().Be("insert scope_texts values:read en: text: \"Read values\"");

        await Server.ExecuteAsync("update scope_texts set text = 'See values' where scope = 'values:read'");
        (await LastAsync("scope_texts")).Should().Be("update scope_texts values:read en: text: \"Read values\" → \"See values\"");

        await Server.ExecuteAsync("delete from scope_texts where scope = 'values:read'");
        (await LastAsync("scope_texts")).Should().Be("delete scope_texts values:read en: text: \"See values\"");
    }

    [Test, Behaviour(36)]
    public async Task A_secret_is_in_no_row_not_even_one_that_was_pasted_into_a_note()
    {
        var machine = await Server.MachineAsync();
        var alice = await Server.UserAsync();
        const string Pasted = "dGhpcy1pcy1hLXNlY3JldC1vZi00My1jaGFyYWN0ZXJz";
        var hash = TestServer.Hash("another");

        await Server.ExecuteAsync("update clients set note = @note where client_id = @Id",
            new { machine.Id, note = $"the secret is {Pasted} or {hash}" });
        await Server.ExecuteAsync("insert into client_secrets (client_id, hash, label) values (@Id, @hash, @Pasted)",
            new { machine.Id, hash, Pasted });
        await Server.ExecuteAsync("update users set password_hash = @hash where subject = @Subject", new { alice.Subject, hash });
        await Server.ExecuteAsync("delete from users where subject = @Subject", new { alice.Subject });
        await Server.ExecuteAsync("update signing_keys set retired_at = now()");

        (await Server.QueryAsync<string>("select detail from audit_events where event = 'edit'")).Should()
            .OnlyContain(detail => !detail.Contains("$2") && !detail.Contains(Pasted) && !detail.Contains("\\\\x"))
            .And.Contain(detail => detail.EndsWith("note: nothing → \"the secret is (hidden) or (hidden)\""))
            .And.Contain($"update users {alice.Username}: password changed");
    }

    [Test]
    public async Task Dates_are_said_in_UTC_whatever_the_session_has_set()
    {
        var machine = await Server.MachineAsync();

        await Server.ExecuteAsync("""
            begin;
            set local timezone = 'America/Lima';
            update client_secrets set expires_at = '2030-01-31T12:00Z' where client_id = @Id;
            commit
            """, new { machine.Id });

        (await LastAsync("client_secrets")).Should().EndWith(": expires_at: nothing → 2030-01-31T12:00:00+00:00");
    }
}
