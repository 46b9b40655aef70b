using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(19), Parallelizable(ParallelScope.All)]
public sealed class ResourceTest
{
    [TestCase("https://api.example/")]
    [TestCase("https://api.example/mcp?tenant=1")]
    [TestCase("http://localhost:9000/mcp")]
    [Rfc(8707, "2")]
    public void An_absolute_uri_is_a_resource(string resource) => Resource.IsWellFormed(resource).Should().BeTrue();

    [TestCase("")]
    [TestCase("/mcp")]
    [TestCase("api.example")]
    [TestCase("urn:example:api")]
    [TestCase("https://")]
    [TestCase("https://api.example/#part")]
    [TestCase("https://api.example/#")]
    [TestCase("not a uri://x")]
    [Rfc(8707, "2")]
    public void Anything_else_is_none(string resource) => Resource.IsWellFormed(resource).Should().BeFalse();

    [Test, Rfc(8707, "2")]
    public void A_resource_has_at_most_2048_characters()
    {
        Resource.IsWellFormed("https://a.example/" + new string('x', 2030)).Should().BeTrue();
        Resource.IsWellFormed("https://a.example/" + new string('x', 2031)).Should().BeFalse();
    }

    [TestCase("https://api.example/", "https://api.example", true)]
    [TestCase("HTTPS://API.Example/", "https://api.example/", true)]
    [TestCase("https://api.example/mcp", "https://api.example/mcp/", true)]
    [TestCase("https://api.example/mcp", "https://api.example/MCP", false)]
    [TestCase("https://api.example/mcp", "https://api.example/mcp//", false)]
    [TestCase("https://api.example/a", "https://api.example/b", false)]
    [TestCase("https://api.example/", "http://api.example/", false)]
    [TestCase("https://api.example/", "https://api.example:443/", false)]
    [TestCase("https://api.example/?A", "https://api.example/?a", false)]
    [TestCase("https://api.example", "https://api.example.evil.example", false)]
    [TestCase("https://api.example/%61", "https://api.example/a", false)]
    [Rfc(8707, "2"), Rfc(3986, "6.2.2.1")]
    public void Scheme_host_and_one_trailing_slash_are_forgiven_and_nothing_else(string one, string other, bool same)
    {
        Resource.Same(one, other).Should().Be(same);
        Resource.Same(other, one).Should().Be(same);
    }
}
