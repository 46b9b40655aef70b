using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>
/// What a client without a good token is told to request: MCP clients that are told nothing request all that the metadata list.
/// </summary>
[Rfc(6750, "3"), Behaviour(38)]
public sealed class FirstChallengeTest : ServerFixture
{
    [TestCase("/read", "notes:read")]
    [TestCase("/delete", "notes:write notes:delete")]
    [TestCase("/auth?scope=notes:read%20notes:write", "notes:read notes:write")]
    [TestCase("/auth?scope=notes:read&scope=notes:write", "notes:read notes:write")]
    public async Task The_endpoints_own_scopes_are_named(string path, string scopes)
    {
        await using var api = await ProtectedApi.StartAsync(Server);

        foreach (var token in new[] { null, "expired" })
        {
            var reply = await api.GetAsync(path, token);
            reply.Status.Should().Be(401);
            reply.Header("WWW-Authenticate").Should().Contain($", scope=\"{scopes}\", DPoP algs=");
        }
    }

    [TestCase("/any"), TestCase("/auth")]
    public async Task An_endpoint_that_demands_no_scope_names_none(string path)
    {
        await using var api = await ProtectedApi.StartAsync(Server);
        (await api.GetAsync(path)).Header("WWW-Authenticate").Should().NotContain("scope=");
    }

    [TestCase("/read"), TestCase("/write"), TestCase("/any"), TestCase("/auth?scope=notes:write")]
    public async Task Scopes_to_begin_with_are_named_instead_where_they_are_set(string path)
    {
        await using var api = await ProtectedApi.StartAsync(Server, change: options => options.ScopesToBeginWith.Add("notes:read"));
        (await api.GetAsync(path)).Header("WWW-Authenticate").Should().Contain(", scope=\"notes:read\", DPoP algs=");
    }

    [Test, Rfc(6750, "2")]
    public async Task A_request_with_a_token_too_many_is_told_no_scope()
    {
        await using var api = await ProtectedApi.StartAsync(Server);
        var reply = await api.GetAsync("/read?access_token=x");
        reply.Status.Should().Be(400);
        reply.Header("WWW-Authenticate").Should().NotContain("scope=");
    }
}
