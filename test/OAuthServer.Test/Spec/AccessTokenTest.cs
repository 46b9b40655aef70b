using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(32)]
public sealed class AccessTokenTest : ServerFixture
{
    [Test, Rfc(9068, "2.1"), Rfc(9068, "2.2")]
    public async Task A_machines_token_says_exactly_this()
    {
        var machine = await Server.MachineAsync();
        var before = Server.Clock.GetUtcNow().ToUnixTimeSeconds();

        var token = Jwt.Read((await machine.CredentialsAsync()).AccessToken);

        token.Header.Select(member => member.Key).Should().BeEquivalentTo("typ", "alg", "kid");
        token.Header["typ"]!.ToString().Should().Be("at+jwt");
        token.Header["alg"]!.ToString().Should().Be("ES256");
        token.Payload.Select(member => member.Key).Should().BeEquivalentTo("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti");
        token["iss"].Should().Be(Server.Issuer);
        token["sub"].Should().Be(machine.Id);
        token["client_id"].Should().Be(machine.Id);
        token.Payload["aud"]!.GetValueKind().Should().Be(JsonValueKind.String, "one resource, never a list");
        token["aud"].Should().Be(Cast.Notes);
        token["scope"].Should().Be("notes:read");
        long.Parse(token["iat"]).Should().BeInRange(before, before + 5);
        (long.Parse(token["exp"]) - long.Parse(token["iat"])).Should().Be(600);
        token["jti"].Should().MatchRegex("^[A-Za-z0-9_-]{22}$");
    }

    [Test, Rfc(9068, "2.2"), Rfc(9068, "6")]
    public async Task A_persons_token_names_them_by_an_opaque_id_and_says_nothing_else_about_them()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

        var token = Jwt.Read((await Server.TokensAsync(client, alice, "notes:read")).AccessToken);

        token.Payload.Select(member => member.Key)
            .Should().BeEquivalentTo("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "grant");
        token["sub"].Should().Be(alice.Subject.ToString());
        token.Payload.ToJsonString().Should().NotContain(alice.Username);
        (await Server.ScalarAsync<string>("select client_id from grants where id = @grant::uuid", new { grant = token["grant"] }))
            .Should().Be(client.Id);
    }

    [Test, Behaviour(33)]
    public async Task Offline_access_is_never_in_a_token()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

        Jwt.Read((await Server.TokensAsync(client, alice, "notes:read")).AccessToken)["scope"].Should().Be("notes:read");
    }

    [Test, Behaviour(5)]
    public async Task A_client_can_never_be_named_like_a_person()
    {
        var alice = await Server.UserAsync();

        await FluentActions.Awaiting(() =>
            Server.ExecuteAsync("insert into clients (client_id, kind, name) values (@id, 'machine', 'Mallory')",
                new { id = alice.Subject.ToString() }))
            .Should().ThrowAsync<Npgsql.PostgresException>().WithMessage("*may not look like the subject of a person*");
    }

    [Test, Behaviour(32)]
    public async Task A_token_never_grows_past_4_KiB()
    {
        var names = Enumerable.Range(0, 60).Select(i => $"big:{i:00}-{new string('x', 100)}").ToArray();
        await Server.ExecuteAsync("insert into scopes (name, resource) select unnest(@names), @resource",
            new { names, resource = Cast.Notes });
        var machine = await Server.MachineAsync(scopes: string.Join(' ', names), defaultScopes: names[0]);

        (await machine.CredentialsAsync(("scope", string.Join(' ', names)))).Should().BeRefusedWith("invalid_scope");
        (await machine.CredentialsAsync(("scope", string.Join(' ', names.Take(20))))).AccessToken.Length.Should().BeInRange(2000, 4096);
    }
}
