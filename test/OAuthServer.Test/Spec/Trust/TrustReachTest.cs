using System.Net;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Where the keys of an issuer are not looked for, and how often for one that they lack.</summary>
[Behaviour(18, 43, 46)]
public sealed class TrustReachTest : TrustFixture
{
    private const string Rule = """{"sub": "system:serviceaccount:prod:etl"}""";
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test, Case("JWTB-124")]
    public async Task A_document_that_names_another_issuer_leads_nowhere()
    {
        var (issuer, host) = await PublishAsync((id, host) => Document("https://other.example", host.Url("/jwks")));

        IsRefused(await ShowAsync(Pod(issuer)));

        host.Requests.Should().NotBeEmpty().And.NotContain("/jwks");
    }

    [TestCase("https://keys.internal/jwks"), TestCase("https://metadata.internal/jwks"), TestCase("https://10.1.2.3/jwks")]
    [TestCase("https://169.254.169.254/jwks"), TestCase("https://[fd00::1]/jwks"), TestCase("https://[::ffff:10.1.2.3]/jwks")]
    [TestCase("http://10.1.2.3/jwks")]
    [Case("JWTB-124")]
    public async Task Keys_on_a_private_address_are_not_fetched(string place)
    {
        outside.Name("keys.internal", "10.1.2.3");
        outside.Name("metadata.internal", "169.254.169.254");
        var (issuer, host) = await PublishAsync((id, host) => Document(id, place));
        outside.Connections.Clear();

        IsRefused(await ShowAsync(Pod(issuer)));

        host.Requests.Should().NotBeEmpty("the document was read, which leads there");
        outside.Connections.Should().OnlyContain(at => at.Port == host.Port && at.Address.Equals(IPAddress.Loopback));
    }

    [TestCase("keys.internal", "10.1.2.3"), TestCase("metadata.internal", "169.254.169.254"), TestCase("six.internal", "fd00::1")]
    [Case("JWTB-124")]
    public async Task An_issuer_on_a_private_address_is_not_asked(string name, string address)
    {
        outside.Name(name, address);
        foreach (var jwksUri in new[] { null, $"https://{name}/jwks" })
        {
            var issuer = new AssertionIssuer(jwksUri is null ? $"https://{name}" : $"https://at-{name}.example", "RS256");
            await AddAsync(issuer, jwksUri);
            outside.Connections.Clear();

            IsRefused(await ShowAsync(Pod(issuer)));

            outside.Connections.Should().BeEmpty();
        }
    }

    [Test]
    public async Task An_honest_document_of_the_same_kind_is_followed()
    {
        var (issuer, host) = await PublishAsync((id, host) => Document(id, host.Url("/jwks")));

        (await ShowAsync(Pod(issuer))).Should().HaveIssuedTokens("notes:read");

        host.Requests.Should().Contain("/jwks");
    }

    [Test]
    public async Task The_database_is_asked_about_made_up_keys_once_a_second()
    {
        var (issuer, _) = await PublishAsync((id, host) => Document(id, host.Url("/jwks")));
        (await ShowAsync(Pod(issuer))).Should().HaveIssuedTokens("notes:read");
        var forger = new AssertionIssuer(issuer.Issuer, "RS256");
        await Server.CountLooksAsync();
        IsRefused(await ShowAsync(Pod(forger)));
        var (before, began) = (await Server.LooksAsync(), TimeProvider.System.GetTimestamp());

        // One after the other: two at the same instant may both look.
        for (var i = 0; i < 60; i++) await ShowAsync(Pod(forger));

        before.Should().Be(1, "the trigger counts");
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        seconds.Should().BeLessThan(40);
        ((double)(await Server.LooksAsync() - before)).Should().BeLessThanOrEqualTo(seconds + 1, "of 60 requests");
    }

    private string Pod(AssertionIssuer issuer) =>
        issuer.Sign(new() { ["sub"] = "system:serviceaccount:prod:etl", ["aud"] = Server.Issuer });

    private static void IsRefused(Reply reply)
    {
        reply.Status.Should().BeOneOf(400, 503);
        reply.Error.Should().BeOneOf("invalid_grant", "temporarily_unavailable");
        reply.Body.Should().NotContain("access_token");
    }

    private static string Document(string issuer, string jwksUri) =>
        JsonSerializer.Serialize(new Dictionary<string, string> { ["issuer"] = issuer, ["jwks_uri"] = jwksUri });

    private async Task<(AssertionIssuer Issuer, DocumentHost Host)> PublishAsync(Func<string, DocumentHost, string> documentOf)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        var issuer = new AssertionIssuer(host.Url(""), "RS256");
        var document = documentOf(issuer.Issuer, host);
        host.Answer = http => Documents.Answer(http.Request.Path == "/jwks" ? issuer.Jwks.ToJsonString() : document)(http);
        await AddAsync(issuer, null);
        return (issuer, host);
    }

    private async Task AddAsync(AssertionIssuer issuer, string? jwksUri)
    {
        await Server.ExecuteAsync(
            "insert into trusted_issuers (issuer, kind, name, jwks_uri) values (@Issuer, 'workload', 'Cluster', @jwksUri)",
            new { issuer.Issuer, jwksUri });
        await RuleAsync(issuer, await FederatedAsync(), Rule);
    }
}
