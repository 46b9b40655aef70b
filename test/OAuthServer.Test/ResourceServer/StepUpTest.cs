using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>
/// The challenge to who has too little scope: a client that asks for exactly what it names gets further and loses nothing.
/// </summary>
[Rfc(6750, "3.1"), Behaviour(19, 38)]
public sealed class StepUpTest : ServerFixture
{
    [Test]
    public async Task Two_demands_of_one_endpoint_are_named_together()
    {
        await using var api = await ProtectedApi.StartAsync(Server);
        var machine = await Server.MachineAsync(scopes: "notes:read notes:write notes:delete");
        (await ChallengeAsync(api, machine, "notes:read")).Should().Contain("scope=\"notes:read notes:write notes:delete\"");
        (await ChallengeAsync(api, machine, "notes:write")).Should().Contain("scope=\"notes:write notes:delete\"");
        var all = (await machine.CredentialsAsync(("scope", "notes:write notes:delete"))).AccessToken;
        (await api.GetAsync("/delete", all)).Status.Should().Be(200);
    }

    [Test]
    public async Task Scopes_of_the_token_are_named_whether_or_not_the_metadata_list_them()
    {
        await using var api = await ProtectedApi.StartAsync(Server, change: options => options.ScopesSupported.Clear());
        (await ChallengeAsync(api, await Server.MachineAsync(scopes: "notes:read notes:write"), "notes:read"))
            .Should().Contain("scope=\"notes:read notes:write notes:delete\"");
    }

    [Test]
    public async Task An_API_that_lists_offline_access_does_not_start()
    {
        var start = () => ProtectedApi.StartAsync(Server, change: options => options.ScopesSupported.Add("offline_access"));
        await start.Should().ThrowAsync<ArgumentException>().WithMessage("ScopesSupported*offline_access*");
    }

    [TestCase("/mcp"), TestCase("urn:notes"), TestCase("https://api.example.com/#notes")]
    public async Task An_API_without_an_address_on_the_web_does_not_start(string resource)
    {
        var start = () => ProtectedApi.StartAsync(Server, change: options => options.Resource = resource);
        await start.Should().ThrowAsync<ArgumentException>().WithMessage("Resource:*");
    }

    private static async Task<string> ChallengeAsync(ProtectedApi api, TestClient client, string scope)
    {
        var reply = await api.GetAsync("/delete", (await client.CredentialsAsync(("scope", scope))).AccessToken);
        reply.Status.Should().Be(403);
        return reply.Header("WWW-Authenticate")!;
    }
}
