using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Trust;

/// <summary>Clients that are known by their documents, and come with an assertion of a company.</summary>
[Behaviour(18, 47)]
public sealed class TrustDocumentTest : TrustFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test]
    public async Task A_document_nobody_has_read_is_fetched_only_after_an_assertion_that_names_it_holds()
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(Documents.Of(host.Url()).Replace(
            "\"refresh_token\"", $"\"refresh_token\",\"{GrantType.JwtBearerName}\"", StringComparison.Ordinal));
        var app = new TestClient(Server, host.Url(), null, "none", "");
        var (company, alice) = (await PeopleAsync(), await Server.UserAsync());
        await LinkSqlAsync(Server, company, "ext-doc", alice);

        (await BringAsync(app, Jag(company, app, "ext-doc"))).Should().BeRefusedWith("unauthorized_client");
        await Server.ExecuteAsync("update trusted_issuers set clients = array[@Id]", new { app.Id });
        await HeardAsync();
        await Eventually.BecomesTrueAsync(async () =>
            (await BringAsync(app, Jag(new AssertionIssuer(company.Issuer), app, "ext-doc"))).Error
            == "invalid_grant");
        (await BringAsync(app, Jag(company, app, "ext-doc", new() { ["client_id"] = "https://other.example/client.json" })))
            .Should().BeRefusedWith("invalid_grant");
        host.Requests.Should().BeEmpty("no assertion that holds has named it");

        await Eventually.BecomesTrueAsync(async () => (await BringAsync(app, Jag(company, app, "ext-doc"))).Status == 200);
        host.Requests.Should().ContainSingle();
        (await Server.QueryAsync<string>("select unnest(grant_types) from clients where client_id = @Id", new { app.Id }))
            .Should().Contain(GrantType.JwtBearerName);
        (await BringAsync(app, Jag(company, app, "ext-doc"))).Status.Should().Be(200);
        host.Requests.Should().ContainSingle();
    }
}
