using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[TestFixture("ES256"), TestFixture("RS256"), Behaviour(28)]
public sealed class JwksTest(string algorithm) : ServerFixture
{
    private static readonly string[] Secret = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];

    protected override Settings Change(Settings settings) => settings with { Algorithm = algorithm, JwksMaxAgeSeconds = 1200 };

    [Test, Rfc(7517, "4"), Case("META-007")]
    public async Task The_JWKS_holds_public_members_only()
    {
        var reply = await Server.GetAsync(Paths.Jwks);

        reply.Status.Should().Be(200);
        reply.IsJson.Should().BeTrue();
        reply.Header("Cache-Control").Should().Be("public, max-age=1200");
        var keys = reply.Json.GetProperty("keys").EnumerateArray().ToList();
        keys.Select(key => key.GetProperty("alg").GetString()).Should().Contain(["ES256", "RS256"]).And.StartWith(algorithm);
        keys.Select(key => key.GetProperty("kid").GetString()).Should().NotBeEmpty().And.OnlyHaveUniqueItems();
        foreach (var key in keys)
        {
            key.EnumerateObject().Select(member => member.Name).Should().NotIntersectWith(Secret);
            key.GetProperty("use").GetString().Should().Be("sig");
            if (key.GetProperty("alg").GetString() == "RS256")
                Base64Url.DecodeFromChars(key.GetProperty("n").GetString()).Should().HaveCountGreaterOrEqualTo(256);
            else key.GetProperty("crv").GetString().Should().Be("P-256");
        }
    }

    [Test, Rfc(7638, "3")]
    public async Task A_key_is_named_by_its_thumbprint()
    {
        var key = (await Server.GetAsync(Paths.Jwks)).Json.GetProperty("keys")[0];
        string[] members = algorithm == "RS256" ? ["e", "kty", "n"] : ["crv", "kty", "x", "y"];

        var json = "{" + string.Join(',', members.Select(name => $"\"{name}\":\"{key.GetProperty(name).GetString()}\"")) + "}";

        key.GetProperty("kid").GetString().Should().Be(Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(json))));
    }

    [Test, Rfc(9110, "13.1.2")]
    public async Task An_asset_is_not_sent_again_to_a_browser_that_has_it()
    {
        var first = await Server.GetAsync(Paths.Jwks);

        var same = await Server.GetAsync(Paths.Jwks, ("If-None-Match", first.Header("ETag")!));
        var other = await Server.GetAsync(Paths.Jwks, ("If-None-Match", "\"other\""));

        same.Status.Should().Be(304);
        same.Body.Should().BeEmpty();
        same.Header("ETag").Should().Be(first.Header("ETag"));
        same.Header("Cache-Control").Should().Be("public, max-age=1200");
        other.Status.Should().Be(200);
    }

    [Test, Rfc(7517, "5")]
    public async Task A_new_key_brings_a_new_ETag()
    {
        var before = (await Server.GetAsync(Paths.Jwks)).Header("ETag")!;

        await Server.Get<KeyRing>().RotateAsync(CancellationToken.None);
        var after = await Server.GetAsync(Paths.Jwks, ("If-None-Match", before));

        after.Status.Should().Be(200);
        after.Json.GetProperty("keys").GetArrayLength().Should().Be(3);
        after.Header("ETag").Should().NotBe(before);
    }

    [Test, Rfc(9068, "2.1"), Behaviour(32)]
    public async Task A_token_verifies_with_the_published_key()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        var key = (await Server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray()
            .Single(key => key.GetProperty("kid").GetString() == Jwt.Read(token).Header["kid"]!.ToString());

        Jwt.IsSignedBy(token, key).Should().BeTrue();
        Jwt.IsSignedBy(token[..^4] + (token.EndsWith("AAAA") ? "BBBB" : "AAAA"), key).Should().BeFalse();
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(token)).Should().BeTrue();
    }
}

/// <summary>The database away: what needs it says so, what does not goes on.</summary>
[Behaviour(9, 28)]
public sealed class DatabaseUnavailableTest
{
    // A third of what a connection through the cable is waited for.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    [Test, Rfc(9110, "15.6.4")]
    public async Task At_the_start_metadata_is_served_JWKS_is_503_and_all_comes_by_itself()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        cable.Pull();
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through }, waitUntilReady: false);

        (await InTimeAsync(server, Paths.ServerMetadata)).Json.GetProperty("issuer").GetString().Should().Be(server.Issuer);
        (await InTimeAsync(server, Paths.ResourceMetadata)).Status.Should().Be(200);
        (await InTimeAsync(server, Paths.Health)).Status.Should().Be(200);
        (await server.GetAsync(Paths.Jwks)).Should().BeRefusedWith("temporarily_unavailable");
        (await server.GetAsync(Paths.Ready)).Status.Should().Be(503);
        (await server.PostTokenAsync("grant_type=client_credentials&client_id=x&client_secret=y"))
            .Should().BeRefusedWith("temporarily_unavailable");

        cable.PlugIn();
        await server.WaitUntilReadyAsync();
        (await server.GetAsync(Paths.Jwks)).Status.Should().Be(200);
        (await (await server.MachineAsync()).CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9110, "15.6.4"), Case("META-009")]
    public async Task Mid_flight_metadata_and_JWKS_come_from_memory_and_the_rest_is_503()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var (machine, client, resourceServer) =
            (await server.MachineAsync(), await server.PublicClientAsync(), await server.ResourceServerAsync());
        var code = await server.GrantAsync(client, await server.UserAsync());
        var token = (await machine.CredentialsAsync()).AccessToken;
        var (metadata, jwks) = ((await server.GetAsync(Paths.ServerMetadata)).Body, (await server.GetAsync(Paths.Jwks)).Body);
        await resourceServer.IntrospectAsync(token);

        cable.Pull();

        for (var i = 0; i < 3; i++)
        {
            (await InTimeAsync(server, Paths.ServerMetadata)).Body.Should().Be(metadata);
            (await InTimeAsync(server, Paths.Jwks)).Body.Should().Be(jwks);
        }

        (await machine.CredentialsAsync()).Should().BeRefusedWith("temporarily_unavailable");
        (await client.RedeemAsync(code)).Should().BeRefusedWith("temporarily_unavailable");
        (await client.RefreshAsync("x")).Should().BeRefusedWith("temporarily_unavailable");
        (await resourceServer.IntrospectAsync(token)).Should().BeRefusedWith("temporarily_unavailable");
        (await server.PostTokenAsync("grant_type=nope"))
            .Should().BeRefusedWith("temporarily_unavailable", description: "The server cannot answer right now; try again shortly");

        cable.PlugIn();
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 200,
            because: "the server recovers by itself");
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();
    }

    [Test, Behaviour(26)]
    public async Task An_edit_made_while_the_server_could_not_hear_it_holds_from_the_first_answer_on()
    {
        var database = await TestDatabase.CloneAsync();
        await using var cable = DatabaseProxy.To(database);
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var machine = await server.MachineAsync();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        cable.Pull();
        await TestDatabase.ExecuteAsync(database, "update clients set enabled = false");
        cable.PlugIn();

        Reply reply = null!;
        await Eventually.BecomesTrueAsync(async () => (reply = await machine.CredentialsAsync()).Status != 503);
        reply.Should().BeRefusedWith("invalid_client", description: "The client has been revoked");
    }

    private static async Task<Reply> InTimeAsync(TestServer server, string path)
    {
        var reply = server.GetAsync(path);
        (await Task.WhenAny(reply, Task.Delay(AtOnce))).Should().BeSameAs(reply, "{0} waits for no database", path);
        return await reply;
    }
}
