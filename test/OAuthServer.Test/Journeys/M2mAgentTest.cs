using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>An agent on a timer: discovers, gets tokens, has its secret rotated under it.</summary>
public sealed class M2mAgentTest : ServerFixture
{
    [Test, Rfc(8414, "3"), Rfc(6749, "4.4"), Rfc(9068, "4"), Behaviour(5, 13, 28, 32)]
    public async Task An_agent_discovers_the_server_and_gets_a_token_that_an_API_verifies()
    {
        var metadata = (await Server.GetAsync(Paths.ServerMetadata)).Json;
        var machine = await Server.MachineAsync();

        var token = (await machine.CredentialsAsync(("scope", "notes:read"))).AccessToken;

        var jwks = (await Server.GetAsync(new Uri(metadata.GetProperty("jwks_uri").GetString()!).AbsolutePath)).Json.GetProperty("keys")
            .EnumerateArray();
        Jwt.IsSignedBy(token, jwks.Single(key => key.GetProperty("kid").GetString() == Jwt.Read(token).Header["kid"]!.ToString()))
            .Should().BeTrue();
        Jwt.Read(token)["iss"].Should().Be(metadata.GetProperty("issuer").GetString());
        Jwt.Read(token)["sub"].Should().Be(machine.Id);
    }

    [Test, Behaviour(7), Case("CAUTH-027")]
    public async Task Its_secret_is_rotated_without_one_failed_request()
    {
        var machine = await Server.MachineAsync();
        var renewed = new TestClient(Server, machine.Id, "the-new-secret", "client_secret_basic", "");
        using var stop = new CancellationTokenSource();
        var failed = 0;
        var agent = machine;
        var busy = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                if ((await agent.CredentialsAsync()).Status != 200) Interlocked.Increment(ref failed);
                if (agent == machine && await Server.ScalarAsync<long>("select count(*) from client_secrets where client_id = @Id",
                    new { machine.Id }) == 2) Volatile.Write(ref agent, renewed);
            }
        });

        await Task.Delay(200);
        await Server.ExecuteAsync("insert into client_secrets (client_id, hash, label) values (@Id, @hash, 'next')",
            new { machine.Id, hash = TestServer.Hash("the-new-secret") });
        await Eventually.BecomesTrueAsync(() => Task.FromResult(Volatile.Read(ref agent) == renewed));
        await Server.ExecuteAsync("update client_secrets set expires_at = now() where client_id = @Id and label = ''", new { machine.Id });
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Description == "The client secret has expired");
        await Task.Delay(200);
        await stop.CancelAsync();
        await busy;

        failed.Should().Be(0);
        (await renewed.CredentialsAsync()).Should().HaveIssuedTokens();
    }
}
