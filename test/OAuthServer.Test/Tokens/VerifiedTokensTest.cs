using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;
using OAuthServer.Tokens;

namespace OAuthServer.Test.Tokens;

[Behaviour(22, 39), Parallelizable(ParallelScope.All)]
public sealed class VerifiedTokensTest
{
    private static readonly Verified Anything = new(
        new AccessTokenClaims
        {
            Subject = "nightly-etl",
            ClientId = "nightly-etl",
            Audience = Cast.Notes,
            Scope = "notes:read",
            Jti = "jti",
            IssuedAt = DateTimeOffset.UnixEpoch,
            ExpiresAt = DateTimeOffset.UnixEpoch,
        },
        "kid");

    [Test]
    public void A_token_nobody_asks_about_is_forgotten_and_one_in_use_is_kept()
    {
        var clock = new Clock();
        var tokens = new VerifiedTokens(clock);
        tokens.Remember("idle", Anything);
        tokens.Remember("in use", Anything);
        for (var i = 0; i < 4; i++)
        {
            clock.Travel(VerifiedTokens.Idle / 2);
            tokens.Find("in use").Should().NotBeNull();
            tokens.Remember($"new {i}", Anything);
        }

        tokens.Find("idle").Should().BeNull();
        tokens.Find("in use").Should().NotBeNull();
        tokens.Count.Should().BeLessThan(6, "else memory rises with every token there ever was");
    }

    [Test]
    public void A_flood_of_tokens_at_one_moment_stays_bounded()
    {
        var tokens = new VerifiedTokens(new Clock());
        for (var i = 0; i < 3 * VerifiedTokens.Most; i++) tokens.Remember($"token {i}", Anything);

        tokens.Count.Should().Be(VerifiedTokens.Most);
        tokens.Find($"token {3 * VerifiedTokens.Most - 1}").Should().NotBeNull();
    }
}
