using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>One assertion of an issuer, 64 uses at one moment over two processes, and a process killed after the first.</summary>
[Behaviour(42, 47, 48)]
public sealed class AssertionRaceTest : TrustFixture
{
    private SecondProcess second = null!;

    [OneTimeSetUp]
    public async Task StartAnotherProcessAsync() => second = await SecondProcess.StartAsync(Server);

    [OneTimeTearDown]
    public async Task StopItAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    [Test, Case("JWTB-107")]
    public async Task Of_64_uses_of_an_ID_JAG_one_is_a_token()
    {
        var (company, app, alice, sub) = await PeopleWorldAsync();
        for (var round = 1; round <= 3; round++)
        {
            var assertion = Jag(company, app, sub);

            HasOneWinner(await second.AtOnceAsync((on, _) => BringAsync(app.At(on), assertion)));

            (await Server.ScalarAsync<long>(
                "select count(*) from audit_events where event = 'token' and outcome = 'ok' and client_id = @Id and detail like '%' || @sub || '%'",
                new { app.Id, sub })).Should().Be(round + 1, "and one when the other process was ready");
        }

        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", new { alice.Subject })).Should().Be(1);
    }

    [Test]
    public async Task Of_64_uses_of_a_single_use_workload_token_one_is_a_token()
    {
        var (cluster, client) = (await PlatformAsync("single_use = true"), await FederatedAsync());
        await RuleAsync(cluster, client, """{"sub": "system:serviceaccount:prod:etl"}""");
        string Pod() => cluster.Sign(new() { ["sub"] = "system:serviceaccount:prod:etl", ["aud"] = Server.Issuer });
        Task<Reply> ShowAtAsync(TestServer on, string assertion) => new TestClient(on, client, null, "none", "").TokenAsync(
            ("grant_type", Grant), ("assertion", assertion));
        await Eventually.BecomesTrueAsync(async () => (await ShowAtAsync(second.Server, Pod())).Status == 200);

        var one = Pod();
        HasOneWinner(await second.AtOnceAsync((on, _) => ShowAtAsync(on, one)));
    }

    [Test, Case("PKJ-017"), Behaviour(42)]
    public async Task Of_64_ID_JAGs_with_one_client_assertion_one_is_a_token()
    {
        var (company, _, _, sub) = await PeopleWorldAsync();
        var app = await Server.KeyClientAsync(kind: "user-facing");
        await AppAsync(app.Bare);
        var brought = Enumerable.Range(0, SecondProcess.Many).Select(_ => Jag(company, app.Bare, sub)).ToArray();
        var proof = app.Proof();

        var replies = await second.AtOnceAsync((on, i) => BringAsync(app.Bare.At(on), brought[i], proof));

        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens();
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(
            reply => reply.Should().BeRefusedWith("invalid_client", 401, "The client assertion was used before"));
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", new { app.Id })).Should().Be(1);
        // What the company said of the person was not used with it.
        for (var i = 0; i < brought.Length; i++)
            if (replies[i].Status != 200) (await BringAsync(app.Bare, brought[i], app.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("JWTB-106")]
    public async Task What_a_killed_process_has_spent_is_spent()
    {
        var (company, app, _, sub) = await PeopleWorldAsync();
        var assertion = Jag(company, app, sub);

        var used = await BringAsync(app.At(second.Server), assertion);
        await second.KillAsync();

        used.Should().HaveIssuedTokens();
        ShouldBeUsed(await BringAsync(app, assertion));
        await second.ServeAsync();
        ShouldBeUsed(await BringAsync(app.At(second.Server), assertion));
        (await BringAsync(app.At(second.Server), Jag(company, app, sub))).Should().HaveIssuedTokens();
    }

    // Both processes have heard of it, and verified the client's secret.
    private async Task<(AssertionIssuer Company, TestClient App, Person Alice, string Sub)> PeopleWorldAsync()
    {
        var (company, app, alice) = (await PeopleAsync(), await AppAsync(), await Server.UserAsync());
        var sub = $"ext-{Guid.NewGuid():N}"[..16];
        await LinkSqlAsync(Server, company, sub, alice);
        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app.At(second.Server), Jag(company, app, sub))).Status == 200);
        return (company, app, alice, sub);
    }

    private static void HasOneWinner(Reply[] replies)
    {
        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens();
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(ShouldBeUsed);
    }

    private static void ShouldBeUsed(Reply reply) =>
        reply.Should().BeRefusedWith("invalid_grant", 400, "The assertion is not valid here");
}
