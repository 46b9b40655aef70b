using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The public keys of a client on its page, and how they are fetched anew.</summary>
[Behaviour(43)]
public sealed class ClientKeysPageTest : AdminFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test]
    public async Task Keys_are_shown_with_their_use_and_fetched_anew_on_demand()
    {
        var ((olivia, browser), first, second) = (await OliviaAsync(), SigningPair.Ec("kid-of-march"), SigningPair.Rsa("kid-of-april"));
        var host = await outside.HostAsync(Documents.Answer(SigningPair.Jwks(first), "max-age=3600"));
        var client = await Server.KeyClientAsync(first, jwksUri: host.Url("/jwks"));
        var page = $"{Paths.AdminClient}?id={Uri.EscapeDataString(client.Id)}";
        (await browser.GetAsync(page)).Body.Should().Contain("Not fetched yet from");
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
        (await browser.GetAsync(page)).Body.Should().Contain("kid-of-march").And.Contain("ES256").And.Contain("Fetched from")
            .And.NotContain("kid-of-april");
        host.Answer = Documents.Answer(SigningPair.Jwks(second), "max-age=3600");

        var done = await ChangeAsync(browser, page, Paths.AdminClientKeys);

        done.Status.Should().Be(303, done.Body);
        (await browser.GetAsync(done.Location!)).Body.Should().Contain("The fetched keys are forgotten on every server.");
        await Eventually.BecomesTrueAsync(async () => (await client.CredentialsAsync()).Status == 401);
        (await client.With(second).CredentialsAsync()).Should().HaveIssuedTokens();
        (await Server.QueryAsync<string>("select actor from audit_events where event = 'key-set' and client_id = @id",
            new { id = client.Id })).Should().Equal($"admin:{olivia.Username}");
        var machine = await Server.MachineAsync();
        (await browser.GetAsync($"{Paths.AdminClient}?id={machine.Id}")).Body.Should().NotContain("Refresh the keys");
    }

    [TestCase("""{"keys": [{"kty": "EC", "crv": "P-256", "d": "PRIVATE-PART"}]}""")]
    [TestCase("""{"keys": [{"kty": "oct", "k": "PRIVATE-PART"}]}""")]
    [TestCase("{\"keys\": [{\"d\" : \"PRIVATE-PART\"")]
    [TestCase("-----BEGIN PRIVATE KEY-----\nPRIVATE-PART")]
    public async Task A_private_key_that_was_pasted_does_not_come_back(string pasted)
    {
        var ((olivia, browser), client) = (await OliviaAsync(), await Server.KeyClientAsync());
        var page = $"{Paths.AdminClient}?id={Uri.EscapeDataString(client.Id)}";
        (string, string?)[] issuer =
            [("issuer", $"https://{Guid.NewGuid():N}.example"), ("kind", "people"), ("name", "x"), ("jwks", pasted)];
        var open = await browser.GetAsync(page);

        var atClient = await SendAsync(browser, open, Paths.AdminClient, ("jwks", pasted));
        var atIssuer = await ChangeAsync(browser, Paths.AdminTrustIssuer, Paths.AdminTrustIssuer, issuer);
        await Server.ExecuteAsync("update clients set name = 'Other' where client_id = @id", new { id = client.Id });
        var second = await SendAsync(browser, open, Paths.AdminClient, ("jwks", pasted));
        var openIssuer = await browser.GetAsync(Paths.AdminTrustIssuer);
        await Server.ExecuteAsync(
            "update sessions set authenticated_at = authenticated_at - interval '16 minutes' where subject = @Subject", olivia);
        var inBetween = await SendAsync(browser, openIssuer, Paths.AdminTrustIssuer, issuer);

        atClient.Should().BeAPage(400);
        atIssuer.Should().BeAPage(400);
        foreach (var reply in new[] { atClient, atIssuer })
            reply.Body.Should().Contain("A private or symmetric key was pasted").And.Contain("(a private key was here)");
        second.Status.Should().BeOneOf(400, 409);
        inBetween.Body.Should().Contain("type=\"password\"");
        foreach (var reply in new[] { atClient, atIssuer, second, inBetween }) reply.Body.Should().NotContain("PRIVATE-PART");
    }
}
