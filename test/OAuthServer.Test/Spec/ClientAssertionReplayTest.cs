using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>An assertion works once, on all servers of the database, and a second use consumes nothing else.</summary>
[Behaviour(42)]
public sealed class ClientAssertionReplayTest : ServerFixture
{
    private const string Used = "The client assertion was used before";
    private const int Many = 64;
    private TestServer second = null!;

    [OneTimeSetUp]
    public async Task StartSecondServerAsync() => second = await Server.StartSecondInstanceAsync();

    [OneTimeTearDown]
    public ValueTask StopSecondServerAsync() => second.DisposeAsync();

    [Test, Rfc(7523, "3"), Case("PKJ-016", "PKJ-018")]
    public async Task A_used_assertion_is_refused_by_every_server_and_after_a_restart()
    {
        var client = await Server.KeyClientAsync();
        var assertion = client.Assertion();

        (await client.CredentialsAsync(assertion)).Should().HaveIssuedTokens();

        await using var later = await Server.StartSecondInstanceAsync();
        foreach (var server in new[] { Server, second, later })
            (await client.At(server).CredentialsAsync(assertion)).Should().BeRefusedWith("invalid_client", description: Used);
    }

    [Test, Rfc(6585, "4")]
    public async Task Who_is_told_to_come_again_comes_again_with_the_same_assertion()
    {
        await using var strict = await TestServer.StartAsync(
            settings => settings with { ClientRequestsPerSecond = 1, ClientBurst = 1 }, Server.Settings.Database);
        var client = (await Server.KeyClientAsync()).At(strict);
        var replies = new List<(string Assertion, Reply Reply)>();
        while (replies.Count < 8 && replies.TrueForAll(one => one.Reply.Status != 429))
        {
            var assertion = client.Assertion((_, claims) => claims["aud"] = strict.Issuer);
            replies.Add((assertion, await client.CredentialsAsync(assertion)));
        }

        var (again, tooMany) = replies[^1];
        tooMany.Status.Should().Be(429);
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        (await client.CredentialsAsync(again)).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-017")]
    public async Task Of_many_uses_at_once_on_two_servers_one_wins()
    {
        var client = await Server.KeyClientAsync();
        var assertion = client.Assertion();

        var replies = await AtOnceAsync(server => client.At(server).CredentialsAsync(assertion));

        replies.Count(reply => reply.Status == 200).Should().Be(1);
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(
            reply => reply.Should().BeRefusedWith("invalid_client", description: Used));
        (await Server.QueryAsync<string>("select event from audit_events where client_id = @id and outcome = 'ok' and event = 'token'",
            new { id = client.Id })).Should().HaveCount(1);
    }

    [Test, Case("PKJ-017", "PKJ-114")]
    public async Task Of_many_codes_with_one_assertion_one_is_redeemed_and_the_others_work_later()
    {
        var (client, person) = (await Server.KeyClientAsync(kind: "user-facing"), await Server.UserAsync());
        var codes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Server.GrantAsync(client.Bare, person)));
        var assertion = client.Assertion();

        var replies = await Task.WhenAll(codes.Select((code, i) =>
            client.At(i % 2 == 0 ? Server : second).Bare.RedeemAsync(code, KeyClient.Proof(assertion))));

        replies.Count(reply => reply.Status == 200).Should().Be(1);
        foreach (var (code, reply) in codes.Zip(replies).Where(pair => pair.Second.Status != 200))
        {
            reply.Should().BeRefusedWith("invalid_client", description: Used);
            (await client.Bare.RedeemAsync(code, client.Proof())).Should().HaveIssuedTokens();
        }
    }

    [Test, Case("PKJ-017")]
    public async Task Of_many_refreshes_with_one_assertion_one_rotates_and_the_token_is_not_spent_by_the_others()
    {
        var (client, person) = (await Server.KeyClientAsync(kind: "user-facing"), await Server.UserAsync());
        var first = await RefreshTokenAsync(client, person);
        var assertion = client.Assertion();
        (await client.Bare.PostAsync(Paths.Revoke, [("token", "x"), .. KeyClient.Proof(assertion)])).Status.Should().Be(200);

        var replies = await AtOnceAsync(server => client.At(server).Bare.RefreshAsync(first, KeyClient.Proof(assertion)));

        replies.Should().AllSatisfy(reply => reply.Should().BeRefusedWith("invalid_client", description: Used));
        (await client.Bare.RefreshAsync(first, client.Proof())).Should().HaveIssuedTokens();

        // One assertion for many families: one of them moves on.
        var tokens = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RefreshTokenAsync(client, person)));
        assertion = client.Assertion();
        var moved = await Task.WhenAll(tokens.Select((token, i) =>
            client.At(i % 2 == 0 ? Server : second).Bare.RefreshAsync(token, KeyClient.Proof(assertion))));
        moved.Count(reply => reply.Status == 200).Should().Be(1);
        foreach (var (token, reply) in tokens.Zip(moved).Where(pair => pair.Second.Status != 200))
            (await client.Bare.RefreshAsync(token, client.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-108")]
    public async Task One_assertion_opens_one_endpoint()
    {
        var (client, api) = (await Server.KeyClientAsync(), await Server.KeyClientAsync(kind: "resource-server"));
        var token = (await client.CredentialsAsync()).AccessToken;
        var (atRevoke, atIntrospect, atFeed) = (client.Assertion(), api.Assertion(), api.Assertion());

        (await api.Bare.PostAsync(Paths.Introspect, [("token", token), .. KeyClient.Proof(atIntrospect)]))
            .Json.GetProperty("active").GetBoolean().Should().BeTrue();
        (await api.Bare.PostAsync(Paths.Introspect, [("token", token), .. KeyClient.Proof(atIntrospect)]))
            .Should().BeRefusedWith("invalid_client", description: Used);
        (await client.Bare.PostAsync(Paths.Revoke, [("token", token), .. KeyClient.Proof(atRevoke)])).Status.Should().Be(200);
        (await client.CredentialsAsync(atRevoke)).Should().BeRefusedWith("invalid_client", description: Used);
        (await api.Bare.PostAsync(Paths.Introspect, [("token", token), .. api.Proof()])).Body.Should().Be("""{"active":false}""");

        var feed = await api.Bare.PostAsync(Paths.Revocations, KeyClient.Proof(atFeed));
        feed.Json.GetProperty("entries").GetArrayLength().Should().BePositive();
        (await api.Bare.PostAsync(Paths.Revocations, KeyClient.Proof(atFeed)))
            .Should().BeRefusedWith("invalid_client", description: Used);
        (await api.Bare.PostAsync(Paths.Revocations, [("after", feed.Json.GetProperty("cursor").GetString()), .. api.Proof()]))
            .Json.GetProperty("entries").GetArrayLength().Should().Be(0);
        (await client.Bare.PostAsync(Paths.Revocations, client.Proof())).Should().BeRefusedWith("invalid_client");
    }

    [Test]
    public async Task An_assertion_is_spent_whatever_else_is_refused()
    {
        var client = await Server.KeyClientAsync();
        var assertion = client.Assertion();

        (await client.Bare.TokenAsync([("grant_type", "authorization_code"), .. KeyClient.Proof(assertion)]))
            .Should().BeRefusedWith("unauthorized_client");
        (await client.CredentialsAsync(assertion)).Should().BeRefusedWith("invalid_client", description: Used);
    }

    [Test]
    public async Task What_is_kept_of_it_is_a_hash_that_leaves_by_itself()
    {
        var client = await Server.KeyClientAsync();
        var jti = Guid.NewGuid().ToString("N");
        (await client.CredentialsAsync((_, claims) => claims["jti"] = jti)).Should().HaveIssuedTokens();

        var expires = await Server.QueryAsync<DateTime>("select expires_at from used_proofs order by expires_at desc limit 1");
        expires.Should().ContainSingle().Which.Should().BeBefore(Server.Clock.GetUtcNow().UtcDateTime.AddSeconds(200));
        (await Server.QueryAsync<string>("select detail from audit_events where position(@jti in audit_events::text) > 0", new { jti }))
            .Should().BeEmpty();
    }

    private async Task<Reply[]> AtOnceAsync(Func<TestServer, Task<Reply>> use) =>
        await Task.WhenAll(Enumerable.Range(0, Many).Select(i => use(i % 2 == 0 ? Server : second)));

    private async Task<string> RefreshTokenAsync(KeyClient client, Person person)
    {
        var reply = await client.Bare.RedeemAsync(await Server.GrantAsync(client.Bare, person), client.Proof());
        reply.Should().HaveIssuedTokens();
        return reply.RefreshToken!;
    }
}
