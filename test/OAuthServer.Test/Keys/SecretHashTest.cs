using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Keys;

[Behaviour(7), Parallelizable(ParallelScope.All)]
public sealed class SecretHashTest
{
    // The first by pgcrypto, the others by libxcrypt through Perl: the same salt, the same hash.
    [TestCase("$2a$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", "correct horse")]
    [TestCase("$2b$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", "correct horse")]
    [TestCase("$2y$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", "correct horse")]
    public void All_three_spellings_of_bcrypt_are_read(string hash, string secret)
    {
        SecretHash.Verify(secret, hash).Should().BeTrue();
        SecretHash.Verify(secret + "s", hash).Should().BeFalse();
        SecretHash.Verify(hash, hash).Should().BeFalse();
    }

    [Test]
    public void A_hash_of_ours_is_a_2a_hash_with_a_salt_of_its_own()
    {
        var (one, other) = (SecretHash.Make("secret", 10), SecretHash.Make("secret", 10));

        one.Should().MatchRegex(@"^\$2a\$10\$[./A-Za-z0-9]{53}$").And.NotBe(other);
        SecretHash.Verify("secret", one).Should().BeTrue();
        SecretHash.Verify("Secret", one).Should().BeFalse();
    }

    [Test]
    public void Exactly_72_octets_count_and_more_is_refused()
    {
        var longest = new string('ä', 36);
        var hash = SecretHash.Make(longest, 10);

        SecretHash.Verify(longest, hash).Should().BeTrue();
        SecretHash.Verify(longest[..35] + "a", hash).Should().BeFalse();
        SecretHash.Verify(longest + "x", hash).Should().BeFalse("bcrypt itself would cut it and say yes");
        SecretHash.CanHash(longest + "x").Should().BeFalse();
        FluentActions.Invoking(() => SecretHash.Make(longest + "x", 10)).Should().Throw<ArgumentException>();
    }

    [TestCase("")]
    [TestCase("a\0b")]
    [TestCase("\0")]
    public void A_secret_bcrypt_would_truncate_is_refused(string secret)
    {
        SecretHash.CanHash(secret).Should().BeFalse();
        SecretHash.Verify(secret, SecretHash.Make("a", 10)).Should().BeFalse();
        FluentActions.Invoking(() => SecretHash.Make(secret, 10)).Should().Throw<ArgumentException>();
    }

    [TestCase("$2a$09$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", null)]
    [TestCase("$2a$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", 10)]
    [TestCase("$2y$14$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", 14)]
    [TestCase("$2a$15$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", null)]
    [TestCase("$2x$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu", null)]
    [TestCase("$1$abcdefgh$abcdefghijklmnopqrstuv", null)]
    [TestCase("plaintext", null)]
    [TestCase("", null)]
    [TestCase("*0", null)]
    [TestCase("$2a$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3X", null)]
    public void Only_a_bcrypt_hash_of_cost_10_to_14_is_one(string hash, int? cost)
    {
        SecretHash.Cost(hash).Should().Be(cost);
        if (cost is null) SecretHash.Verify("correct horse", hash).Should().BeFalse();
    }

    [Test]
    public void A_new_secret_is_256_bits_that_need_no_encoding()
    {
        var secrets = Enumerable.Range(0, 1000).Select(_ => SecretHash.NewSecret()).ToList();

        secrets.Should().OnlyHaveUniqueItems().And.OnlyContain(secret => secret.Length == 43
            && secret.All(character => char.IsAsciiLetterOrDigit(character) || character == '-' || character == '_'));
    }

    [Test]
    public async Task Hashes_of_pgcrypto_are_read_and_pgcrypto_reads_ours()
    {
        await using var server = await TestServer.StartAsync();

        SecretHash.Verify("the secret", await server.ScalarAsync<string>("select crypt('the secret', gen_salt('bf', 10))"))
            .Should().BeTrue();
        (await server.ScalarAsync<bool>("select crypt('the secret', @hash) = @hash", new { hash = SecretHash.Make("the secret", 10) }))
            .Should().BeTrue();
    }
}
