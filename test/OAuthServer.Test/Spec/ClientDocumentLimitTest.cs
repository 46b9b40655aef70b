using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>How many documents strangers may have fetched: nobody can make this server ask all the world.</summary>
[Behaviour(18), Parallelizable(ParallelScope.All)]
public sealed class ClientDocumentLimitTest
{
    [Test, Case("CIMD-037")]
    public async Task One_address_has_ten_new_documents_fetched_a_minute_whatever_their_hosts_and_known_ones_as_ever()
    {
        await using var outside = new FakeInternet();
        await using var server = await StartAsync(outside, settings => settings with { RegistrationsPerMinute = 10 });
        var known = await outside.GoodHostAsync();
        (await AuthorizeAsync(server, known.Url())).Status.Should().Be(303);

        var replies =
            await Task.WhenAll(Enumerable.Range(0, 200).Select(i => AuthorizeAsync(server, $"https://nobody{i}.example/client.json")));

        outside.Lookups.Where(name => name != known.Name).Should().HaveCount(9, "the known one was the first of ten");
        replies.Count(reply => reply.Status == 400).Should().Be(9);
        replies.Where(reply => reply.Status == 429)
            .Should().HaveCount(191).And.OnlyContain(reply => reply.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        server.Clock.Travel(TimeSpan.FromMinutes(6));
        (await AuthorizeAsync(server, known.Url())).Status.Should().Be(303);
        known.Requests.Should().HaveCount(2, "it was stale");
        (await AuthorizeAsync(server, "https://nobody.example/client.json", "127.0.0.2")).Status.Should().Be(400);
        (await server.RegisterPublicAsync(Cast.Redirect)).ShouldBeRegistered();
    }

    [Test, Case("CIMD-037")]
    public async Task All_addresses_together_have_a_limit()
    {
        await using var outside = new FakeInternet();
        await using var server =
            await StartAsync(outside, settings => settings with { RegistrationsPerMinute = 10, RegistrationsPerMinuteInAll = 20 });

        var replies =
            await Task.WhenAll(Enumerable.Range(0, 60)
            .Select(i => AuthorizeAsync(server, $"https://nobody{i}.example/client.json", $"127.0.1.{1 + (i / 4)}")));

        outside.Lookups.Count.Should().BeInRange(20, 30, "twenty at once, one more every three seconds");
        replies.Where(reply => reply.Status != 400).Should().OnlyContain(reply => reply.Status == 429);
    }

    [Test]
    public async Task Sixty_four_silent_hosts_leave_no_place_and_cost_whoever_comes_next_no_wait()
    {
        await using var outside = new FakeInternet();
        await using var server = await StartAsync(outside, settings => settings);
        using var silent = Silent(outside, 65, out var urls);

        var waiting = urls.Take(64).Select(url => server.ResolveAsync(url)).ToArray();
        var sockets = await Task.WhenAll(waiting.Select(_ => silent.AcceptSocketAsync()));

        (await server.ResolveAsync(urls[64])).Refused(out var error, out _).Should().BeTrue();
        error!.Should().BeEquivalentTo(new { Status = 503, Reason = "too many documents are being fetched at once" }, it =>
            it.ExcludingMissingMembers());
        outside.Lookups.Should().NotContain("silent64.example");

        foreach (var socket in sockets) socket.Dispose();
        (await Task.WhenAll(waiting)).Count(result => result.Refused(out _, out _)).Should().Be(64);
        (await server.ResolveAsync((await outside.GoodHostAsync()).Url())).Refused(out error, out _)
            .Should().BeFalse("places are free again");
    }

    [Test]
    public async Task Silent_hosts_of_known_documents_leave_sixteen_places_for_new_ones()
    {
        await using var outside = new FakeInternet();
        await using var server = await StartAsync(outside, settings => settings);
        using var silent = Silent(outside, 64, out var urls);
        var fetcher = server.Get<Fetcher>();

        var fetches = urls.Select(url => fetcher.FetchAsync(new Uri(url), server.Clock.GetUtcNow())).ToArray();
        var sockets = await Task.WhenAll(Enumerable.Range(0, 48).Select(_ => silent.AcceptSocketAsync()));

        fetches.Count(fetch => fetch.IsCompleted).Should().Be(16);
        (await server.ResolveAsync((await outside.GoodHostAsync()).Url())).Refused(out _, out _).Should().BeFalse();
        foreach (var socket in sockets) socket.Dispose();
        await Task.WhenAll(fetches);
    }

    [Test]
    public async Task A_new_document_is_no_notification()
    {
        await using var outside = new FakeInternet();
        await using var server = await StartAsync(outside, settings => settings);
        var heard = new ConcurrentQueue<string?>();
        server.Get<Notifications>().Changed += heard.Enqueue;
        var host = await outside.GoodHostAsync();

        (await AuthorizeAsync(server, host.Url())).Status.Should().Be(303);
        await server.ExecuteAsync("update clients set note = 'seen' where client_id = @id", new { id = host.Url() });

        await Eventually.BecomesTrueAsync(() => Task.FromResult(heard.Contains($"clients:{host.Url()}")));
        heard.Count(what => what == $"clients:{host.Url()}").Should().Be(1, "the operator's edit alone is told");
    }

    private static Task<TestServer> StartAsync(FakeInternet outside, Func<Settings, Settings> change) =>
        TestServer.StartAsync(change, services: services => services.AddSingleton(outside.Network));

    // Hosts that take a connection and say nothing.
    private static TcpListener Silent(FakeInternet outside, int hosts, out string[] urls)
    {
        var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start(128);
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        urls = [.. Enumerable.Range(0, hosts).Select(i => $"https://silent{i}.example:{port}/c")];
        foreach (var url in urls) outside.Name(new Uri(url).Host, "127.0.0.1");
        return silent;
    }

    private static async Task<Reply> AuthorizeAsync(TestServer server, string client, string from = "127.0.0.1")
    {
        using var http = server.NewHttpFrom(from);
        return await http.ReplyAsync(HttpMethod.Get, "/authorize?"
            + new TestClient(server, client, null, "none", "http://localhost/callback").AuthorizeQuery(TestClient.NewVerifier()));
    }
}
