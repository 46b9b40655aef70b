using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What a token is for when a client that registered itself names no resource, and no scope either.</summary>
[Behaviour(19), Parallelizable(ParallelScope.All)]
public sealed class UnnamedResourceTest
{
    [Test, Rfc(8707, "2"), Rfc(6749, "3.3")]
    public async Task Where_one_resource_only_is_enabled_it_is_meant_with_its_open_scopes()
    {
        await using var server = await TestServer.StartAsync();
        // The server is a resource, too, but never meant.
        await server.ExecuteAsync("insert into resources (uri, name) values (@Issuer, 'This server')", new { server.Issuer });
        await server.ExecuteAsync("update resources set enabled = false where uri = @Sensors", new { Cast.Sensors });

        var landed = await AllowAsync(server);

        // notes:delete is asked for, too, but what is sensitive is not ticked beforehand.
        landed.Tokens!.Should().HaveIssuedTokens("notes:read notes:write");
        Jwt.Read(landed.Tokens!.AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(8707, "2")]
    public async Task A_client_an_operator_made_gets_no_resource_its_row_does_not_name()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("update resources set enabled = false where uri = @Sensors", new { Cast.Sensors });
        var machine = await server.MachineAsync();
        await server.ExecuteAsync(
            "update clients set resources = '{}', default_resource = null, default_scopes = '{}', scopes = '{}' where client_id = @Id",
            new { machine.Id });

        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Error == "invalid_target");
    }

    [Test, Rfc(8707, "2")]
    public async Task Where_there_are_several_the_default_of_the_server_is_meant()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { DefaultResource = Cast.Notes });

        Jwt.Read((await AllowAsync(server)).Tokens!.AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(8707, "2"), Case("RES-003")]
    public async Task Where_there_are_several_and_no_default_nothing_is_meant()
    {
        await using var server = await TestServer.StartAsync();

        (await AllowAsync(server)).Page.Body.Should().Contain("invalid_target");
    }

    // A client that walks in by itself, asks for nothing in particular and is allowed it, or refused on a page.
    private static async Task<(Reply Page, Reply? Tokens)> AllowAsync(TestServer server)
    {
        var client =
            server.ClientOf(await server
            .RegisterAsync(new { redirect_uris = new[] { Cast.Redirect }, scope = "", token_endpoint_auth_method = "none" }));
        var verifier = TestClient.NewVerifier();
        var landed = await server.NewBrowser()
            .AllowAsync(client.AuthorizeQuery(verifier, ("resource", null), ("scope", null)), await server.UserAsync());
        return landed.Parameters["code"] is { } code ? (landed.Reply, await client.RedeemAsync(new Code(code, verifier, Cast.Redirect)))
            : (landed.Reply, null);
    }
}
