using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Admin;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>The privacy policy and the terms of service that a client id document names.</summary>
[Behaviour(18)]
public sealed class ClientDocumentPagesTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test]
    public async Task Their_hosts_are_shown_at_consent_and_lead_nowhere()
    {
        var host = await HostAsync("https://privacy.app.example/policy", "https://terms.app.example/tos");

        var page = await ConsentAsync(host);

        page.Should().Contain("<dt>Its privacy policy is at</dt><dd><bdi>privacy.app.example</bdi></dd>")
            .And.Contain("<dt>Its terms are at</dt><dd><bdi>terms.app.example</bdi></dd>")
            .And.NotContain("href=\"https://privacy").And.NotContain("href=\"https://terms");
        (await (await Server.OliviaAsync()).GetAsync(ClientPages.Of(host.Url()))).Body.Should()
            .Contain("https://privacy.app.example/policy").And.Contain("https://terms.app.example/tos");
    }

    [Test]
    public async Task One_that_is_unusable_is_not_shown_and_is_no_reason_to_refuse_the_client()
    {
        var page = await ConsentAsync(await HostAsync("http://privacy.app.example/policy", "https://terms.app.example/tos"));

        page.Should().Contain("<bdi>terms.app.example</bdi>").And.NotContain("Its privacy policy is at");
    }

    [Test]
    public async Task They_follow_the_document_without_asking_people_again()
    {
        var host = await HostAsync("https://old.app.example/policy", null);
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var client = new TestClient(Server, host.Url(), null, "none", Cast.Redirect);
        await client.TokensAsync(alice, browser);
        Answer(host, "https://new.app.example/policy", null);
        await Server.ExecuteAsync("update client_documents set fresh_until = fetched_at where client_id = @id", new { id = host.Url() });

        var again = await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);

        again.Url.Should().StartWith(Cast.Redirect, "what a person allowed does not rest on it");
        (await ConsentAsync(host)).Should().Contain("<bdi>new.app.example</bdi>").And.NotContain("old.app.example");
        host.Requests.Should().HaveCount(2);
    }

    private async Task<DocumentHost> HostAsync(string? policy, string? terms)
    {
        var host = await outside.GoodHostAsync();
        Answer(host, policy, terms);
        return host;
    }

    private static void Answer(DocumentHost host, string? policy, string? terms) => host.Answer = Documents.Answer(
        $$"""{"policy_uri":{{Text(policy)}},"tos_uri":{{Text(terms)}},{{Documents.Of(host.Url(), "Notes app", Cast.Redirect)[1..]}}""");

    private static string Text(string? uri) => uri is null ? "null" : $"\"{uri}\"";

    private async Task<string> ConsentAsync(DocumentHost host)
    {
        var client = new TestClient(Server, host.Url(), null, "none", Cast.Redirect);
        var page = await Server.NewBrowser().ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync());
        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        return page.Reply.Body;
    }
}
