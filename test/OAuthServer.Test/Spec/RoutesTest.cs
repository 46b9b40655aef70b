using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What a path answers follows from the line that maps it, also where no endpoint answers.</summary>
public sealed class RoutesTest
{
    private TestServer server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => server = await TestServer.StartAsync(
        settings => settings with { Issuer = settings.Issuer + "/~tenant/a.b" });

    [OneTimeTearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    [Test]
    public void Every_endpoint_stands_in_the_table_of_routes() =>
        server.Get<EndpointDataSource>().Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<MappedRoute>() is null)
            .Select(endpoint => endpoint.DisplayName).Should().BeEmpty();

    [TestCase("/authorize/a/b", "text/html"), TestCase("/consent/nothing", "text/html"), TestCase("/token/nothing", "application/json")]
    [TestCase("/register/a/b", "application/json"), TestCase("/nothing", "application/json")]
    public async Task A_path_without_an_endpoint_is_refused_as_the_nearest_path_refuses(string path, string type)
    {
        var reply = await server.GetAsync(server.Settings.IssuerPath + path);

        (reply.Status, reply.ContentHeaders.ContentType?.MediaType).Should().Be((404, type));
    }

    [TestCase("/token", "GET", true), TestCase("/token/nothing", "POST", true), TestCase("/jwks", "DELETE", true)]
    [TestCase("/introspect", "POST", false), TestCase("/authorize", "GET", false), TestCase("/consent", "POST", false)]
    public async Task A_preflight_is_answered_where_the_path_allows_other_origins(string path, string method, bool allowed)
    {
        var reply = await server.SendAsync(HttpMethod.Options, server.Settings.IssuerPath + path, null,
            ("Origin", "https://app.example"), ("Access-Control-Request-Method", method));

        (reply.Header("Access-Control-Allow-Origin") == "*").Should().Be(allowed);
    }

    [TestCase(Paths.Health, 200), TestCase(Paths.Ready, 200), TestCase(Paths.ServerMetadata, 400)]
    public async Task Only_probes_answer_under_any_host(string path, int status)
    {
        using var http = server.NewHttp();
        http.DefaultRequestHeaders.Host = "10.0.0.7";

        (await http.ReplyAsync(HttpMethod.Get, path == Paths.ServerMetadata ? path + server.Settings.IssuerPath : path)).Status
            .Should().Be(status);
    }

    [TestCase(Paths.Health), TestCase(Paths.Ready)]
    public async Task Probes_are_read_and_nothing_else(string path)
    {
        (await server.SendAsync(HttpMethod.Head, path, null)).Status.Should().Be(200);
        (await server.SendAsync(HttpMethod.Post, path, null)).Status.Should().Be(405);
    }

    [Test]
    public async Task The_redirect_to_the_page_for_a_new_password_is_for_people_and_not_for_other_origins()
    {
        (await server.SendAsync(HttpMethod.Post, Paths.ChangePassword, null)).Should().BeAnErrorPage("invalid_request", 405);
        (await server.GetAsync(Paths.ChangePassword, ("Origin", "https://app.example"))).Header("Access-Control-Allow-Origin")
            .Should().BeNull();
    }

    [Test]
    public async Task A_head_request_stores_no_authorization_request()
    {
        var reply = await server.SendAsync(HttpMethod.Head, server.Settings.IssuerPath + Paths.Authorize + "?client_id=claude-desktop");

        reply.Status.Should().Be(200);
        (await server.ScalarAsync<long>("select count(*) from authorization_requests")).Should().Be(0);
    }
}
