using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(5)]
public sealed class ClientCredentialsTest : ServerFixture
{
    [Test, Rfc(6749, "4.4.3"), Case("CAUTH-001", "CC-003")]
    public async Task A_machine_gets_a_token_and_never_a_refresh_token()
    {
        var reply = await (await Server.MachineAsync()).CredentialsAsync();

        reply.Should().HaveIssuedTokens("notes:read");
        reply.RefreshToken.Should().BeNull();
        reply.Json.EnumerateObject().Select(member => member.Name)
            .Should().BeEquivalentTo("access_token", "token_type", "expires_in", "scope");
    }

    [Test, Rfc(6749, "2.3.1"), Case("CAUTH-002")]
    public async Task A_machine_may_send_its_secret_in_the_body() =>
        (await (await Server.MachineAsync("client_secret_post")).CredentialsAsync()).Should().HaveIssuedTokens("notes:read");

    [Test, Rfc(6749, "5.1")]
    public async Task The_reply_and_the_token_agree_on_life_and_scope()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("update clients set access_token_seconds = 123 where client_id = @Id", new { machine.Id });

        Reply reply = null!;
        await Eventually.BecomesTrueAsync(async () =>
            (reply = await machine.CredentialsAsync(("scope", "notes:read"))).Json.GetProperty("expires_in").GetInt32() == 123);

        var token = Jwt.Read(reply.AccessToken);
        (long.Parse(token["exp"]) - long.Parse(token["iat"])).Should().Be(123);
        token["scope"].Should().Be("notes:read");
        reply.Json.GetProperty("expires_in").ValueKind.Should().Be(System.Text.Json.JsonValueKind.Number);
    }

    [Test, Rfc(9068, "2.2")]
    public async Task The_subject_of_a_machines_token_is_the_machine_itself()
    {
        var machine = await Server.MachineAsync();

        var token = Jwt.Read((await machine.CredentialsAsync()).AccessToken);

        token["sub"].Should().Be(machine.Id);
        token["client_id"].Should().Be(machine.Id);
        token.Payload.ContainsKey("grant").Should().BeFalse();
    }

    [Test, Rfc(6749, "3.3"), Behaviour(34), Case("CC-002")]
    public async Task A_scope_beyond_the_machines_own_is_refused_and_none_of_it_granted()
    {
        var machine = await Server.MachineAsync(scopes: "notes:read");

        (await machine.CredentialsAsync(("scope", "notes:read notes:delete")))
            .Should().BeRefusedWith("invalid_scope", description: "The requested scope is not allowed for this client");
        (await machine.CredentialsAsync(("scope", "notes:read"))).Should().HaveIssuedTokens("notes:read");
    }

    [TestCase("offline_access", TestName = "A_machine_cannot_ask_to_stay_connected")]
    [TestCase("notes:write", TestName = "An_open_scope_is_not_open_to_machines")]
    [TestCase("no:such", TestName = "A_scope_nobody_knows_is_refused")]
    [TestCase("a\"b", TestName = "A_scope_outside_the_grammar_is_refused")]
    [Rfc(6749, "3.3"), Case("CC-003")]
    public async Task A_scope_is_refused(string scope) =>
        (await (await Server.MachineAsync(scopes: "notes:read")).CredentialsAsync(("scope", scope)))
            .Should().BeRefusedWith("invalid_scope");

    [Test, Rfc(6749, "3.3")]
    public async Task Without_a_scope_the_machine_gets_of_its_default_set_what_belongs_to_its_resource()
    {
        var machine = await Server.MachineAsync(scopes: "notes:read notes:write read_sensors", defaultScopes: "notes:write read_sensors");

        (await machine.CredentialsAsync()).Should().HaveIssuedTokens("notes:write");
        (await machine.CredentialsAsync(("resource", Cast.Sensors))).Should().HaveIssuedTokens("read_sensors");
    }

    [Test, Rfc(6749, "3.1")]
    public async Task An_empty_scope_is_an_absent_one() =>
        (await (await Server.MachineAsync()).CredentialsAsync(("scope", ""))).Should().HaveIssuedTokens("notes:read");

    [Test, Rfc(8707, "2"), Behaviour(19), Case("CC-007")]
    public async Task A_resource_the_machine_may_not_use_is_refused()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'Another')",
            new { uri = $"https://{machine.Id}.example.test/" });

        (await machine.CredentialsAsync(("resource", $"https://{machine.Id}.example.test/"))).Should().BeRefusedWith("invalid_target");
        (await machine.CredentialsAsync(("resource", "https://nobody.example.test/"))).Should().BeRefusedWith("invalid_target");
        (await machine.CredentialsAsync(("resource", "https://closed.example.test/"))).Should().BeRefusedWith("invalid_target");
        (await machine.CredentialsAsync(("resource", Cast.Notes + "#part"))).Should().BeRefusedWith("invalid_target");
    }

    [Test, Rfc(8707, "2.2"), Behaviour(19)]
    public async Task One_token_is_for_one_resource() =>
        (await (await Server.MachineAsync()).CredentialsAsync(("resource", Cast.Notes), ("resource", Cast.Sensors)))
            .Should().BeRefusedWith("invalid_target");

    [TestCase("https://sensors.example.test/")]
    [TestCase("https://sensors.example.test")]
    [TestCase("HTTPS://Sensors.Example.TEST/")]
    [Rfc(8707, "2"), Behaviour(19)]
    public async Task The_registered_spelling_of_a_resource_goes_into_aud(string spelling)
    {
        var reply = await (await Server.MachineAsync()).CredentialsAsync(("scope", "read_sensors"), ("resource", spelling));

        Jwt.Read(reply.AccessToken)["aud"].Should().Be("https://sensors.example.test/");
    }

    [Test, Rfc(6749, "5.2"), Behaviour(6, 12)]
    public async Task A_client_without_the_grant_is_told_so_only_after_its_secret_was_proven()
    {
        var web = await Server.ConfidentialClientAsync();

        (await web.CredentialsAsync()).Should().BeRefusedWith("unauthorized_client");
        (await web.With("wrong").CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        (await (await Server.ResourceServerAsync()).CredentialsAsync()).Should().BeRefusedWith("unauthorized_client");
        (await (await Server.PublicClientAsync()).CredentialsAsync()).Should().BeRefusedWith("unauthorized_client");
    }

    [Test, Behaviour(12), Rfc(6749, "5.2")]
    public async Task A_machine_cannot_use_the_grants_of_people()
    {
        var machine = await Server.MachineAsync();

        (await machine.RefreshAsync("anything")).Should().BeRefusedWith("unauthorized_client");
        (await machine.RedeemAsync(new Code("anything", TestClient.NewVerifier(), Cast.Redirect)))
            .Should().BeRefusedWith("unauthorized_client");
    }
}
