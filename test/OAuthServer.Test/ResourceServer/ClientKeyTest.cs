using System.Security.Cryptography;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>An API that proves itself by key follows the feed and introspects as one with a secret does.</summary>
[Behaviour(41)]
public sealed class ClientKeyTest : ServerFixture
{
    [Test, Rfc(7523, "2.2")]
    public async Task Feed_and_introspection_by_assertion()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        foreach (var (key, pem) in new[]
        {
            (SigningPair.Of(ec, "ES256", "k1"), ec.ExportPkcs8PrivateKeyPem()),
            (SigningPair.Of(rsa, "RS256", "k1"), rsa.ExportPkcs8PrivateKeyPem()),
        })
        {
            var (client, machine) = (await Server.KeyClientAsync(key, "resource-server"), await Server.MachineAsync());
            await using var follower = await StartAsync(client, pem, IntrospectionUse.Never);
            await using var asker = await StartAsync(client, pem, IntrospectionUse.Always);
            var token = (await machine.CredentialsAsync()).AccessToken;

            await Eventually.BecomesTrueAsync(async () => (await follower.GetAsync("/read", token)).Status == 200);
            (await asker.GetAsync("/read", token)).Status.Should().Be(200);

            await machine.RevokeAsync(token);
            await Eventually.BecomesTrueAsync(async () => (await follower.GetAsync("/read", token)).Status == 401);
            (await asker.GetAsync("/read", token)).Status.Should().Be(401);
        }
    }

    [TestCase("no key"), TestCase("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")]
    public void A_text_that_is_no_key_is_refused_at_start(string text) =>
        new OAuthResourceOptions { Issuer = "https://auth.example", Resource = Cast.Notes, ClientId = "x", ClientKey = text }
            .Invoking(options => options.Validate()).Should().Throw<ArgumentException>().WithMessage("ClientKey: *");

    [Test]
    public void A_key_beside_a_secret_is_refused_at_start()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        new OAuthResourceOptions
        {
            Issuer = "https://auth.example",
            Resource = Cast.Notes,
            ClientId = "x",
            ClientSecret = "y",
            ClientKey = ec.ExportPkcs8PrivateKeyPem(),
        }.Invoking(options => options.Validate()).Should().Throw<ArgumentException>().WithMessage("ClientSecret: *");
    }

    private Task<ProtectedApi> StartAsync(KeyClient client, string pem, IntrospectionUse introspection) =>
        ProtectedApi.StartAsync(Server, client.Bare, options =>
        {
            options.ClientKey = pem;
            options.ClientKeyId = "k1";
            options.Introspection = introspection;
        });
}
