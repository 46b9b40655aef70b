using FluentAssertions;
using FluentAssertions.Execution;
using Microsoft.AspNetCore.Routing;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>HEAD and If-None-Match, wherever something can be read.</summary>
[Behaviour(13)]
public sealed class ReadingTest : ServerFixture
{
    // Different in each answer, or bound to what is in the body.
    private static readonly string[] OfOneAnswer = ["Date", "Request-Id", "Set-Cookie", "Content-Length", "Transfer-Encoding"];

    [Test, Rfc(9110, "9.3.2")]
    public async Task HEAD_answers_as_GET_does_without_a_body()
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync("olivia", "admin"));
        var cookies = ("Cookie", string.Join("; ", browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var paths = Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") is not false)
            .Where(route => route.Metadata.GetMetadata<MappedRoute>()?.Traits.HasFlag(RouteTraits.Spends) is not true)
            .Select(route => route.RoutePattern.RawText!.Replace("{id}", "x").Replace("{client}", "x").Replace("{ticket}", "x"))
            .Select(path => path.StartsWith('/') ? path : "/" + path).Distinct().ToList();

        paths.Should().HaveCountGreaterThan(30);
        using var scope = new AssertionScope();
        foreach (var path in paths)
        {
            var get = await Server.GetAsync(path, cookies);
            var head = await Server.SendAsync(HttpMethod.Head, path, null, cookies);

            head.Status.Should().Be(get.Status, path);
            head.Body.Should().BeEmpty(path);
            Headers(head).Should().BeEquivalentTo(Headers(get), path);
        }
    }

    [Test, Rfc(9110, "9.2.1")]
    public async Task HEAD_spends_and_stores_nothing()
    {
        var (alice, app, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var query = app.AuthorizeQuery(TestClient.NewVerifier());
        var consent = await browser.ReachConsentAsync(query, alice);
        var before = await RowsAsync();
        var cookies = ("Cookie", string.Join("; ", browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));

        foreach (var path in new[] { $"/authorize?{query}", $"/authorize/{consent.Parameters["request"]}",
            consent.Url.Replace(Server.Issuer, ""), "/callback?code=x&state=y" })
        {
            var head = await Server.SendAsync(HttpMethod.Head, path, null, cookies);
            (head.Status, head.Body, head.Location).Should().Be((200, "", null), path);
        }

        (await RowsAsync()).Should().Be(before);
        (await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url)).Parameters["code"]
            .Should().NotBeNull();
    }

    [Test, Rfc(9110, "9.3.2")]
    public async Task HEAD_of_the_feed_does_not_wait()
    {
        var api = await Server.ResourceServerAsync();
        var asked =
            Server.SendAsync(HttpMethod.Head, $"{Paths.Revocations}?wait=50", null,
                ("Authorization", Requests.BasicOf($"{api.Id}:{Cast.Secret}")));

        (await Task.WhenAny(asked, Task.Delay(TimeSpan.FromSeconds(20)))).Should().BeSameAs(asked);
        (await asked).Status.Should().Be(200);
    }

    private static IEnumerable<string> Tagged() =>
        ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource", "/jwks", "/style.css", "/revocations"];

    [TestCaseSource(nameof(Tagged)), Rfc(9110, "13.1.2")]
    public async Task If_None_Match_is_a_list_of_tags_compared_weakly_or_a_star(string path)
    {
        var api = await Server.ResourceServerAsync();
        var authorization = ("Authorization", Requests.BasicOf($"{api.Id}:{Cast.Secret}"));
        var first = await Server.GetAsync(path, authorization);
        var tag = first.Header("ETag")!;
        var opaque = tag.Replace("W/", "");

        foreach (var known in new[] { tag, opaque, $"W/{opaque}", $"\"other\", {opaque}", $"\"a,b\",W/{opaque} , \"c\"", "*", " * " })
        {
            var same = await Server.GetAsync(path, authorization, ("If-None-Match", known));
            (same.Status, same.Body, same.Header("ETag")).Should().Be((304, "", tag), known);
            same.Header("Cache-Control").Should().Be(first.Header("Cache-Control"));
        }

        foreach (var other in new[] { "\"other\"", opaque[..^1], opaque.Trim('"'), "W/", "\"*\"", "" })
            (await Server.GetAsync(path, authorization, ("If-None-Match", other))).Status.Should().Be(200, other);
    }

    [Test]
    public async Task Password_managers_find_the_page_for_a_new_password()
    {
        var reply = await Server.GetAsync("/.well-known/change-password");

        (reply.Status, reply.Location).Should().Be((303, Server.Issuer + Paths.Password));
        (await Server.GetAsync("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")).Status.Should().Be(404);
    }

    private static IEnumerable<string> Headers(Reply reply) =>
        reply.Headers.Concat(reply.ContentHeaders).Where(header => !OfOneAnswer.Contains(header.Key))
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");

    private Task<string> RowsAsync() => Server.ScalarAsync<string>(
        "select concat_ws(' ', (select count(*) from authorization_requests), "
            + "(select count(*) from grants), (select count(*) from audit_events))");
}
