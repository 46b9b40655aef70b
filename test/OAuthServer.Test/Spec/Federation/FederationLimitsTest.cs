using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>How often one address may be sent to companies and come back; and several servers on one database.</summary>
[Behaviour(74, 75)]
public sealed class FederationLimitsTest : FederationFixture
{
    protected override Settings Change(Settings settings) =>
        settings with { FederationStartsPerMinute = 4, FederationReturnsPerMinute = 3 };

    [Test]
    public async Task The_usual_limits_are_those_of_the_specification()
    {
        var usual = new Settings();
        (usual.FederationStartsPerMinute, usual.FederationReturnsPerMinute).Should().Be((10, 30));

        var (company, id) = await CompanyAsync();
        await OfferedAsync(id);
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Paths.Login);
        var replies = new List<Reply>();
        for (var i = 0; i < 6; i++) replies.Add(await browser.SubmitToAsync($"{Paths.Federation}/{id}", login));

        replies.Count(reply => reply.Status == 303).Should().BeInRange(4, 5, "one may be regained meanwhile");
        replies[^1].Status.Should().Be(429);
        replies[^1].Header("Retry-After").Should().NotBeNull();
        replies[^1].Page.Body!.TextContent.Should().Contain("Too many attempts.");
        (await Server.ScalarAsync<long>("select count(*) from federation_requests where provider = @id", new { id }))
            .Should().BeInRange(4, 5);

        var coming = new List<Reply>();
        for (var i = 0; i < 5; i++) coming.Add(await browser.GetAsync($"{Paths.Federation}/{id}/callback?state=made-up&code=x"));
        coming[0].Status.Should().Be(400);
        coming[^1].Status.Should().Be(429);
        company.Requests.Should().NotContain("/token");
    }

    [Test]
    public async Task Two_servers_share_document_and_keys_and_one_of_them_fetches_a_new_key()
    {
        var (company, id) = await CompanyAsync();
        company.MaxAge = 3600;
        await LinkAsync(company, await Server.UserAsync());
        await using var second = await Server.StartSecondInstanceAsync(
            settings => settings with { FederationStartsPerMinute = 1000, FederationReturnsPerMinute = 1000 });
        await OfferedAsync(id);

        var browsers = Enumerable.Range(0, 6).Select(_ => second.NewBrowser()).ToArray();
        var ways = new List<string>();
        foreach (var browser in browsers) ways.Add(company.SignIn(await StartAsync(browser, id)));
        var before = company.Requests.Count(path => path == "/jwks");
        company.Keys["k2"] = System.Security.Cryptography.RSA.Create(2048);
        company.Kid = "k2";
        var replies = await Task.WhenAll(browsers.Select((browser, place) => browser.GetAsync(ways[place])));

        replies.Should().Contain(reply => reply.Status == 303);
        company.Requests.Count(path => path == "/jwks").Should().Be(before + 1, "once for the new key, by one of them");
    }
}
