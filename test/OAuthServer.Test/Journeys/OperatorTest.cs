using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>An operator with psql: rows take effect, bad ones are refused, everything leaves a line, and why tells the reason.</summary>
public sealed class OperatorTest : ServerFixture
{
    [Test, Behaviour(7, 25, 26)]
    public async Task A_client_is_born_edited_disabled_and_deleted_in_SQL()
    {
        await Server.ExecuteAsync("""
            insert into clients (client_id, kind, name, scopes, default_resource)
                values ('report-bot', 'machine', 'Reports', '{notes:read}', 'http://localhost:9000/mcp');
            insert into client_secrets (client_id, hash) values ('report-bot', crypt('report-bot-secret', gen_salt('bf', 10)));
            """);
        var bot = new TestClient(Server, "report-bot", "report-bot-secret", "client_secret_basic", "");
        (await bot.CredentialsAsync()).Should().HaveIssuedTokens("notes:read");

        await Server.ExecuteAsync("update clients set scopes = '{notes:read,notes:write}' where client_id = 'report-bot'");
        await Eventually.BecomesTrueAsync(async () => (await bot.CredentialsAsync(("scope", "notes:write"))).Status == 200);

        await Server.ExecuteAsync("update clients set enabled = false where client_id = 'report-bot'");
        await Eventually.BecomesTrueAsync(async () => (await bot.CredentialsAsync()).Description == "The client has been revoked");

        await Server.ExecuteAsync("delete from clients where client_id = 'report-bot'");
        await Eventually.BecomesTrueAsync(async () => (await bot.CredentialsAsync()).Description == "Client authentication failed");

        var edits =
            await Server.QueryAsync<string>(
                "select detail from audit_events where event = 'edit' and client_id = 'report-bot' and actor like 'sql:%' order by at");
        edits.Should().HaveCount(6, "a row each: client, secret, two edits, and both leave");
        edits[0].Should().StartWith("insert clients");
        edits[2].Should().Contain("scopes");
        edits[3].Should().Contain("enabled");
    }

    [Test, Rfc(6750, "3"), Rfc(9728, "5.1"), Behaviour(25, 38)]
    public async Task The_reason_of_a_refusal_is_found_by_its_request_id_and_never_on_the_wire()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values (@Issuer, 'This server') on conflict do nothing",
            new { Server.Issuer });
        await Server.ExecuteAsync("insert into scopes (name, resource, open) values ('audit:read', @Issuer, false) on conflict do nothing",
            new { Server.Issuer });
        var tool =
            await Server.AddClientAsync("ops", "machine", "client_secret_basic", [], "audit:read", "operator", Server.Issuer, Cast.Secret);
        var machine = await Server.MachineAsync();
        var refused = await machine.CredentialsAsync(("scope", "notes:write"));
        refused.Should().BeRefusedWith("invalid_scope");

        var token = (await tool.CredentialsAsync()).AccessToken;
        var why = await Server.GetAsync($"{Paths.Why}/{refused.RequestId}", ("Authorization", $"bearer {token}"));

        var decision = why.Json.GetProperty("decisions").EnumerateArray().Single();
        decision.GetProperty("rule").GetString().Should().Be("RFC 6749 §3.3");
        decision.GetProperty("got").GetString().Should().Be("notes:write");
        refused.Body.Should().NotContain(decision.GetProperty("reason").GetString());
        (await Server.GetAsync($"{Paths.Why}/{refused.RequestId}",
            ("Authorization", $"Bearer {(await machine.CredentialsAsync()).AccessToken}"))).Status
            .Should().Be(401, "a token for another resource");
        Scope.ReadAudit.Should().Be("audit:read");
    }

    [Test, Rfc(6749, "4.1.2.1"), Behaviour(20, 25, 26)]
    public async Task Why_on_the_command_line_tells_rule_expected_and_got()
    {
        var (app, browser) = (await Server.PublicClientAsync(), Server.NewBrowser());
        var refused =
            await browser.GetAsync("/authorize?"
            + app.AuthorizeQuery(TestClient.NewVerifier(), ("redirect_uri", "https://evil.example/cb")));
        refused.Should().BeAnErrorPage("invalid_request");
        refused.Body.Should().NotContain("evil.example").And.NotContain(Cast.Redirect);

        var (exit, said) = await OAuthProgram.RunAsync(Server.Settings, "why", refused.RequestId);
        var (unknown, nothing) = await OAuthProgram.RunAsync(Server.Settings, "why", TimedId.NewRequestId(TimeProvider.System.GetUtcNow()));

        exit.Should().Be(0, said);
        said.Should().ContainAll(app.Id, "OAuth 2.1 §2.3.1", Cast.Redirect, "https://evil.example/cb",
            "redirect_uri matches none that is registered");
        unknown.Should().Be(1);
        nothing.Should().Contain("429", "what is not kept is said");
    }

    [Test, Behaviour(7, 25, 26, 35)]
    public async Task The_command_line_switches_people_and_clients_off_under_its_users_name()
    {
        var (alice, app, machine, browser) =
            (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.MachineAsync(), Server.NewBrowser());
        var tokens = await app.TokensAsync(alice, browser);
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        var switched = await Task.WhenAll(
            OAuthProgram.RunAsync(Server.Settings, "users", "disable", alice.Username, "--yes", "--json"),
                OAuthProgram.RunAsync(Server.Settings, "clients", "disable", machine.Id, "--json"));

        switched.Should().OnlyContain(one => one.Exit == 0);
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await browser.IsSignedInAsync()).Should().BeFalse();
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Description == "The client has been revoked");
        (
            await Server.QueryAsync<string>(
                "select distinct actor from audit_events "
                    + "where event = 'edit' and detail like 'update % %: enabled: true → false' and (subject = @subject or client_id = @Id)",
            new { subject = alice.Subject.ToString(), machine.Id })).Should().Equal($"cli:{Environment.UserName}");
    }
}
