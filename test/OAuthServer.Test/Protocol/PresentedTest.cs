using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(25)]
public sealed class PresentedTest
{
    [TestCase("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln")]
    [TestCase("before AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA after")]
    [TestCase("https://host.example/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/cb")]
    public void Text_that_looks_like_a_credential_is_replaced_by_a_note(string text) =>
        Presented.Redact(text).Should().Contain(" characters, sha256 ").And.NotContain("AAAAAAAA").And.NotContain("eyJhb");

    [TestCase("notes:read notes:write")]
    [TestCase("urn:ietf:params:oauth:grant-type:device_code")]
    [TestCase("https://client.example/oauth/callback?state=1")]
    [TestCase("the grant 0198c7b4-3d5f-7c11-8a3e-1f2d3c4b5a69 has ended")]
    [TestCase("scope nightly-etl is unknown")]
    public void Plain_text_stays_as_it_is(string text) => Presented.Redact(text).Should().Be(text);

    [Test]
    public void The_same_text_gets_the_same_note_and_another_another()
    {
        Presented.Unknown("one").Should().Be(Presented.Unknown("one")).And.NotBe(Presented.Unknown("two"));
        Presented.Unknown("one").Should().Be("unknown (3 characters, sha256 7692c3ad…)");
    }
}
