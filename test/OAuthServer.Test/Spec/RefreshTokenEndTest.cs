using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>draft-ietf-oauth-refresh-token-expiration-03: when a refresh token ends, beside it.</summary>
[Behaviour(59)]
public sealed class RefreshTokenEndTest : ServerFixture
{
    private const int Idle = 14 * 24 * 3600;
    private const int Days30 = 30 * 24 * 3600;

    private TestClient client = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync() => (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

    private static (int Authorization, int Timeout, int Access) EndsOf(Reply reply)
    {
        reply.Should().HaveIssuedTokens();
        var json = reply.Json;
        return (json.GetProperty("authorization_expires_in").GetInt32(), json.GetProperty("refresh_token_timeout").GetInt32(),
            json.GetProperty("expires_in").GetInt32());
    }

    [Test]
    public async Task The_consents_end_and_the_tokens_own_come_with_it()
    {
        var first = await Server.TokensAsync(client, alice);
        EndsOf(first).Authorization.Should().BeInRange(Days30 - 10, Days30);
        EndsOf(first).Timeout.Should().Be(Idle);

        Server.Clock.Travel(TimeSpan.FromDays(1));
        var (authorization, timeout, _) = EndsOf(await client.RefreshAsync(first.RefreshToken!));

        authorization.Should().BeInRange(Days30 - (24 * 3600) - 30, Days30 - (24 * 3600), "the consent goes on ageing");
        timeout.Should().Be(Idle, "a new token has its whole time");
    }

    [Test, Case("RTX-101")]
    public async Task Nothing_promises_more_than_a_short_consent()
    {
        var first = await Server.TokensAsync(client, alice, life: TimeSpan.FromHours(1));
        EndsOf(first).Authorization.Should().BeInRange(3590, 3600);
        EndsOf(first).Timeout.Should().Be(EndsOf(first).Authorization);
        EndsOf(first).Access.Should().Be(600);

        Server.Clock.Travel(TimeSpan.FromMinutes(55));
        var (authorization, timeout, access) = EndsOf(await client.RefreshAsync(first.RefreshToken!));

        authorization.Should().BeInRange(1, 300);
        timeout.Should().Be(authorization);
        access.Should().BeLessThanOrEqualTo(authorization);
    }

    [Test]
    public async Task A_retry_promises_what_is_stored_and_no_more()
    {
        var parent = (await Server.TokensAsync(client, alice)).RefreshToken!;
        await client.RefreshAsync(parent);
        Server.Clock.Travel(TimeSpan.FromSeconds(20));

        var retried = await client.RefreshAsync(parent);

        var (_, timeout, _) = EndsOf(retried);
        var stored = await Server.ScalarAsync<DateTime>("select idle_until from grants where id = @id",
            new { id = Granted.GrantId(retried.RefreshToken!) });
        timeout.Should().BeLessThanOrEqualTo(Idle - 20).And.BeGreaterThan(Idle - 40);
        timeout.Should().BeLessThanOrEqualTo((int)Math.Ceiling((stored - Server.Clock.GetUtcNow().UtcDateTime).TotalSeconds) + 5);
        // Used a moment before that end it works, and after it no more.
        Server.Clock.Travel(TimeSpan.FromSeconds(timeout + 1));
        (await client.RefreshAsync(retried.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Case("RTX-103")]
    public async Task Only_beside_a_refresh_token_and_metadata_says_so()
    {
        var machine = await Server.MachineAsync();
        var once = await client.RedeemAsync(await Server.GrantAsync(client, alice, offline: false));

        foreach (var reply in new[] { once, await machine.CredentialsAsync() })
        {
            reply.Should().HaveIssuedTokens();
            reply.RefreshToken.Should().BeNull();
            reply.Json.TryGetProperty("authorization_expires_in", out _).Should().BeFalse();
            reply.Json.TryGetProperty("refresh_token_timeout", out _).Should().BeFalse();
        }

        var metadata = (await Server.GetAsync(Paths.ServerMetadata)).Json;
        metadata.GetProperty("refresh_token_expiration_types_supported").EnumerateArray().Select(type => type.GetString())
            .Should().Equal("authorization", "token_timeout");
    }
}
