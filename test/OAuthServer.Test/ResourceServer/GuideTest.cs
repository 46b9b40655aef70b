using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Guides;
using OAuthServer.Test.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>The registration that docs/resource-servers.md shows, in the demo world of `make run`.</summary>
[Behaviour(34, 38)]
public sealed class GuideTest : ServerFixture
{
    [OneTimeSetUp]
    public async Task RegisterAsync()
    {
        await PageTourFixture.SeedAsync(Server);
        await Guide.RegisterAsync(Server);
    }

    [Test]
    public async Task A_client_that_registers_itself_gets_a_token_for_the_API()
    {
        var client = Server.ClientOf(await Server.RegisterPublicAsync(Cast.Redirect));

        var tokens =
            await client.TokensAsync(await Server.UserAsync(), null, ("scope", "tasks:read tasks:write"), ("resource", Guide.Resource));

        tokens.Should().HaveIssuedTokens("tasks:read tasks:write");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Guide.Resource);
    }

    [Test]
    public async Task The_machine_it_names_gets_a_token_for_the_API()
    {
        var machine = new TestClient(Server, "nightly-etl", "nightly-etl-secret", "client_secret_basic", "");

        var reply = await machine.CredentialsAsync(("scope", "tasks:read"), ("resource", Guide.Resource));

        reply.Status.Should().Be(200, reply.ToString());
        Jwt.Read(reply.AccessToken)["aud"].Should().Be(Guide.Resource);
        (await machine.CredentialsAsync()).Status.Should().Be(200, "the demo world is as it was");
    }

    [TestCase("JwtBearerApi"), TestCase("McpServer"), TestCase("OpenIddictApi"), TestCase("OpenIdConnectApp")]
    public void The_page_shows_the_very_file_that_make_interop_runs(string project) =>
        Block.All.Where(block => block.Language == "cs").Select(block => block.Text).Should().Contain(File.ReadAllText(Path.Combine(TestDatabase.Root, $"test/Interop/{project}/Program.cs")));

    [Test]
    public void Every_endpoint_it_asks_nginx_to_protect_demands_a_scope() =>
        Guide.Snippet("nginx").Split('\n').Where(line => line.Contains("/auth")).Where(line => line.Contains("proxy_pass"))
            .Should().OnlyContain(line => line.Contains("/auth?scope=tasks:"));
}
