using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Exchange;

/// <summary>64 exchanges with one client assertion at one moment over two processes.</summary>
[Behaviour(42, 50)]
public sealed class ExchangeRaceTest : ExchangeFixture
{
    private SecondProcess second = null!;

    [OneTimeSetUp]
    public async Task StartAnotherProcessAsync() => second = await SecondProcess.StartAsync(Server);

    [OneTimeTearDown]
    public async Task StopItAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    [Test, Case("PKJ-017")]
    public async Task Of_64_exchanges_one_is_issued_and_the_assertion_survives_no_kill()
    {
        var (app, agent, alice) = (await AppAsync(), await Server.KeyClientAsync(), await Server.UserAsync());
        await Server.ExecuteAsync("update clients set grant_types = array[@Urn] where client_id = @Id", new { Urn, agent.Id });
        await RuleAsync(agent.Bare);
        var token = await AliceAsync(app, alice);
        await UntilAsync(() => SendAsync(second.Server, agent.Proof()), 200);
        await Server.ExecuteAsync("delete from delegations where actor = @Id", new { agent.Id });

        var proof = agent.Proof();
        var replies = await second.AtOnceAsync((on, _) => SendAsync(on, proof));

        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens("mcp:read");
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(ShouldBeUsed);
        (await Server.ScalarAsync<long>("select count(*) from delegations where actor = @Id", new { agent.Id })).Should().Be(1);
        (await SendAsync(Server, agent.Proof())).Should().HaveIssuedTokens("mcp:read");

        var last = agent.Proof();
        var used = await SendAsync(second.Server, last);
        await second.KillAsync();
        used.Should().HaveIssuedTokens("mcp:read");
        ShouldBeUsed(await SendAsync(Server, last));
        await second.ServeAsync();
        ShouldBeUsed(await SendAsync(second.Server, last));

        Task<Reply> SendAsync(TestServer on, (string Name, string? Value)[] by) => ExchangeAsync(agent.Bare.At(on), token, more: by);
    }

    private static void ShouldBeUsed(Reply reply) =>
        reply.Should().BeRefusedWith("invalid_client", 401, "The client assertion was used before");
}
