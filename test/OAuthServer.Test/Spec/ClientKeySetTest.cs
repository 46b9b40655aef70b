using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Keys of clients at a URL: fetched once for all, fresh, and never waited for long.</summary>
[Behaviour(43)]
public sealed class ClientKeySetTest : ServerFixture
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(4);
    private readonly FakeInternet outside = new();

    protected override Settings Change(Settings settings) => settings with { PrivateHosts = "keys.internal 10.9.0.0/16" };

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test, Case("PKJ-131", "PKJ-033")]
    public async Task A_set_is_fetched_at_its_first_use_and_once_for_a_new_key_by_two_servers()
    {
        await using var second = await Server.StartSecondInstanceAsync(services: Register);
        var (first, next) = (SigningPair.Ec("first"), SigningPair.Rsa("next"));
        var host = await outside.HostAsync(Documents.Answer(SigningPair.Jwks(first), "max-age=600"));
        var client = await Server.KeyClientAsync(first, jwksUri: host.Url("/jwks"), id: host.Url());
        host.Requests.Should().BeEmpty();

        foreach (var server in new[] { Server, second, Server })
            (await client.At(server).CredentialsAsync()).Should().HaveIssuedTokens();
        host.Requests.Should().HaveCount(1);
        var token = await client.CredentialsAsync();
        Jwt.Read(token.AccessToken)["sub"].Should().Be(client.Id);
        token.RefreshToken.Should().BeNull();

        host.Answer = Documents.Answer(SigningPair.Jwks(first, next), "max-age=600");
        (await client.With(next).CredentialsAsync()).Should().HaveIssuedTokens();
        (await client.With(next).At(second).CredentialsAsync()).Should().HaveIssuedTokens();
        host.Requests.Should().HaveCount(2);

        // Made-up keys fetch nothing more in this minute, and one in each that follows.
        for (var (minute, number) = (0, 0); minute < 4; minute++)
        {
            foreach (var _ in Enumerable.Range(0, 10))
            {
                var replies = await Task.WhenAll(Enumerable.Range(0, 25).Select(i =>
                    client.With(SigningPair.Ec($"made-up-{number++}")).At(i % 2 == 0 ? Server : second).CredentialsAsync()));
                replies.Should().AllSatisfy(reply => reply.Should().BeRefusedWith("invalid_client"));
                Server.Clock.Travel(TimeSpan.FromSeconds(2));
            }

            host.Requests.Should().HaveCount(2 + minute, "a thousand kids, and a fetch a minute");
            Server.Clock.Travel(TimeSpan.FromSeconds(41));
        }

        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task The_database_is_asked_about_made_up_keys_once_a_second()
    {
        var host = await outside.HostAsync(Documents.Answer(SigningPair.Jwks(SigningPair.Ec()), "max-age=600"));
        var (client, number) = (await Server.KeyClientAsync(jwksUri: host.Url("/jwks")), 0);
        await Server.CountLooksAsync();
        (await client.With(SigningPair.Ec("the-first")).CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        var (before, began) = (await Server.LooksAsync(), TimeProvider.System.GetTimestamp());

        // One after the other: two at the same instant may both look.
        while (number < 60) await client.With(SigningPair.Ec($"made-up-{number++}")).CredentialsAsync();

        before.Should().Be(1, "the trigger counts");
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        seconds.Should().BeLessThan(40);
        ((double)(await Server.LooksAsync() - before)).Should().BeLessThanOrEqualTo(seconds + 1, "of 60 requests");
    }

    [Test, Case("PKJ-034")]
    public async Task While_its_host_fails_a_set_serves_on()
    {
        var host = await outside.HostAsync(Documents.Answer(SigningPair.Jwks(SigningPair.Ec("another")), "max-age=60"));
        var key = SigningPair.Ec();
        host.Answer = Documents.Answer(SigningPair.Jwks(key), "max-age=60");
        var client = await Server.KeyClientAsync(key, jwksUri: host.Url("/jwks"));
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();

        host.Answer = Documents.Answer("{}", status: 500);
        await Server.ExecuteAsync("update key_sets set fresh_until = now() - interval '1 hour' where uri = @uri",
            new { uri = host.Url("/jwks") });
        await using var fresh = await Server.StartSecondInstanceAsync(services: Register);
        (await client.At(fresh).CredentialsAsync()).Should().HaveIssuedTokens();

        await Server.ExecuteAsync("delete from key_sets where uri = @uri", new { uri = host.Url("/jwks") });
        await Eventually.BecomesTrueAsync(async () => (await client.CredentialsAsync()).Status == 503, because: "it is dropped at once");
    }

    private static IEnumerable<TestCaseData> Bad()
    {
        yield return Case("endless", async http =>
        {
            http.Response.ContentType = "application/json";
            while (!http.RequestAborted.IsCancellationRequested) await http.Response.WriteAsync(new string(' ', 4096));
        });
        yield return Case("silent", http => Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted));
        yield return Case("HTML", Documents.Answer("<html></html>", type: "text/html"));
        yield return Case("too_long", Documents.Answer("{\"keys\":[], \"pad\":\"" + new string('x', 70_000) + "\"}"));
        yield return Case("many_keys_of_no_use", Documents.Answer(
            "{\"keys\":[" + string.Join(',', Enumerable.Repeat("{\"kty\":\"x\"}", 5000)) + "]}"));
        yield return Case("ten_thousand_keys", Documents.Answer(
            "{\"keys\":[" + string.Join(',', Enumerable.Repeat(SigningPair.Ec().Jwk().ToJsonString(), 10_000)) + "]}"));
        yield return Case("a_private_key", Documents.Answer(
            new JsonObject { ["keys"] = new JsonArray(SigningPair.Ec().Jwk(withPrivate: true)) }.ToJsonString()));
        yield return Case("moved", Documents.Answer("", status: 302, headers: ("Location", "https://elsewhere.example/")));

        static TestCaseData Case(string name, RequestDelegate answer) => new TestCaseData(answer).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Bad)), Case("PKJ-122", "PKJ-034")]
    public async Task Where_no_set_can_be_had_the_answer_comes_soon_and_says_to_try_again(RequestDelegate answer)
    {
        var slowest = TimeSpan.MaxValue;
        // A busy machine has three tries.
        for (var i = 0; i < 3 && slowest >= Soon; i++) slowest = await SlowestAsync(answer);

        slowest.Should().BeLessThan(Soon);
    }

    private async Task<TimeSpan> SlowestAsync(RequestDelegate answer)
    {
        var host = await outside.HostAsync(answer);
        var (client, other) = (await Server.KeyClientAsync(jwksUri: host.Url("/jwks")), await Server.KeyClientAsync());
        var slowest = TimeSpan.Zero;

        var waiting = Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var began = TimeProvider.System.GetTimestamp();
            var reply = await client.CredentialsAsync();
            var took = TimeProvider.System.GetElapsedTime(began);
            lock (host) slowest = took > slowest ? took : slowest;
            return reply;
        }));
        (await other.CredentialsAsync()).Should().HaveIssuedTokens();

        foreach (var reply in await waiting)
        {
            reply.Should().BeRefusedWith("temporarily_unavailable");
            reply.Header("Retry-After").Should().NotBeNull();
        }

        host.Requests.Count.Should().BeLessThan(3);
        return slowest;
    }

    [Test]
    public async Task Private_hosts_are_for_operators_that_were_allowed_them()
    {
        var key = SigningPair.Ec();
        outside.Name("keys.internal", "10.1.2.3");
        outside.Name("by-network.internal", "10.9.1.1");
        outside.Name("other.internal", "10.1.2.4");
        async Task<bool> IsReachedAsync(string name, string origin)
        {
            var client = await Server.KeyClientAsync(key, kind: "user-facing", jwksUri: $"https://{name}/{Guid.NewGuid():N}");
            await Server.ExecuteAsync("update clients set origin = @origin where client_id = @id", new { origin, id = client.Id });
            await Server.HearsOfAsync(client.Bare, row => row.Origin == origin);
            outside.Connections.Clear();
            (await client.Bare.RefreshAsync("x", client.Proof())).Should().BeRefusedWith("temporarily_unavailable");
            return !outside.Connections.IsEmpty;
        }

        (await IsReachedAsync("keys.internal", "operator")).Should().BeTrue();
        (await IsReachedAsync("by-network.internal", "operator")).Should().BeTrue();
        (await IsReachedAsync("other.internal", "operator")).Should().BeFalse();
        (await IsReachedAsync("keys.internal", "self-registered")).Should().BeFalse();
        (await IsReachedAsync("by-network.internal", "document")).Should().BeFalse();
    }

    [TestCase("10.0.0.0/0"), TestCase("*.internal"), TestCase("https://x"), TestCase("10.1"), TestCase("::/0")]
    public void The_setting_names_hosts_or_networks_and_never_all(string text) => PrivateHosts.Read(text).Should().BeNull();
}
