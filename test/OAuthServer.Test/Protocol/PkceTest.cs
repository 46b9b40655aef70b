using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(1), Parallelizable(ParallelScope.All)]
public sealed class PkceTest
{
    [Test, Rfc(7636, "B")]
    public void The_example_of_the_standard_holds() =>
        Pkce.Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").Should().Be("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");

    [TestCase(42, false)]
    [TestCase(43, true)]
    [TestCase(128, true)]
    [TestCase(129, false)]
    [TestCase(0, false)]
    [Rfc(7636, "4.1")]
    public void A_verifier_has_43_to_128_characters(int length, bool valid) => Pkce.IsVerifier(new string('a', length)).Should().Be(valid);

    [TestCase('~', true)]
    [TestCase('.', true)]
    [TestCase('_', true)]
    [TestCase('-', true)]
    [TestCase('9', true)]
    [TestCase('+', false)]
    [TestCase('/', false)]
    [TestCase('=', false)]
    [TestCase(' ', false)]
    [TestCase('%', false)]
    [TestCase('\0', false)]
    [TestCase('ä', false)]
    [TestCase('\n', false)]
    [Rfc(7636, "4.1")]
    public void A_verifier_has_unreserved_characters_only(char character, bool valid)
    {
        Pkce.IsVerifier(new string('a', 42) + character).Should().Be(valid);
        Pkce.IsVerifier(character + new string('a', 42)).Should().Be(valid);
    }

    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", true)]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", false, Description = "42 characters")]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", false, Description = "padding")]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", false, Description = "plain base64")]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM", false, Description = "unreserved, but no base64url")]
    [TestCase("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c\n", false)]
    [TestCase("", false)]
    [Rfc(7636, "4.2")]
    public void A_challenge_is_43_base64url_characters(string challenge, bool valid) => Pkce.IsChallenge(challenge).Should().Be(valid);
}
