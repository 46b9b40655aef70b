using System.Diagnostics;
using System.Net;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>What an API does while it cannot follow the revocation feed.</summary>
[Behaviour(23)]
public sealed class StaleFeedTest : ServerFixture
{
    [Test]
    public async Task An_API_that_cannot_follow_the_feed_refuses_with_503_or_goes_on_if_told_to()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        await using var closed =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.ClientSecret = "wrong");
        var reply = await closed.GetAsync("/read", token);
        reply.Status.Should().Be(503);
        reply.Error.Should().Be("temporarily_unavailable");
        reply.Header("Retry-After").Should().NotBeNull();
        (await closed.GetAsync("/read", token[..^4])).Status.Should().Be(401, "a bad token is bad whatever the feed says");
        (await closed.GetAsync("/read")).Status.Should().Be(401);

        await using var open =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options =>
            (options.ClientSecret, options.FailOpen) = ("wrong", true));
        (await open.GetAsync("/read", token)).Status.Should().Be(200);
    }

    [Test]
    public async Task A_feed_that_falls_silent_is_stale_after_a_while_and_fresh_again_when_it_answers()
    {
        var clock = new TravellingTime();
        await using var server = await TestServer.StartAsync();
        await using var api = await ProtectedApi.StartAsync(server, await server.ResourceServerAsync(), time: clock);
        var token = (await (await server.MachineAsync()).CredentialsAsync()).AccessToken;
        (await api.GetAsync("/read", token)).Status.Should().Be(200);

        await using var open =
            await ProtectedApi.StartAsync(server, await server.ResourceServerAsync(), options => options.FailOpen = true, clock);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(open.Revocations.Age is not null));

        clock.Travel(TimeSpan.FromSeconds(61));
        (await api.GetAsync("/read", token)).Status.Should().Be(503);
        (await open.GetAsync("/read", token)).Status.Should().Be(200);
        await server.ExecuteAsync(
            "update clients set enabled = false where client_id = 'nobody'; insert into revoked_tokens "
                + "values ('other', 'c', 'http://localhost:9000/mcp', now(), now() + interval '1 minute')");
        await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/read", token)).Status == 200, TimeSpan.FromSeconds(5));
    }

    [Test, Rfc(7662, "2.2")]
    public async Task While_the_feed_is_cut_off_introspection_decides_if_it_may()
    {
        var way = new WayToServer { Cut = [Paths.Revocations] };
        await using var api =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options =>
            (options.Backchannel, options.Introspection) = (way, IntrospectionUse.WhenStale));
        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        (await api.GetAsync("/read", token)).Status.Should().Be(200);
        await machine.RevokeAsync(token);
        (await api.GetAsync("/read", token)).Status.Should().Be(401);

        var other = (await machine.CredentialsAsync()).AccessToken;
        (await api.GetAsync("/read", other)).Status.Should().Be(200);
        way.Cut = [Paths.Revocations, Paths.Introspect];
        (await api.GetAsync("/read", other)).Status.Should().Be(503);

        var same = new WayToServer { Cut = way.Cut };
        await using var open =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options =>
            (options.Backchannel, options.Introspection, options.FailOpen) = (same, IntrospectionUse.WhenStale, true));
        (await open.GetAsync("/read", other)).Status.Should().Be(200);
        same.Cut = [Paths.Revocations];
        (await open.GetAsync("/read", token)).Status.Should().Be(401, "while introspection answers, it has the last word");
    }

    [TestCase("""{"cursor":"c","entries":[{"jti":"a","exp":99999999999999999}]}""")]
    [TestCase("""{"cursor":"c","entries":[{"jti":"a","exp":1.5}]}""")]
    [TestCase("""{"cursor":"c","entries":[{"jti":"a","exp":"1"}]}""")]
    [TestCase("""{"cursor":"c","entries":[{"jti":"a"}]}""")]
    [TestCase("""{"cursor":"c","entries":[5]}""")]
    [TestCase("""{"cursor":"c","entries":5}""")]
    [TestCase("""{"cursor":null,"entries":[]}""")]
    [TestCase("""{"entries":[]}""")]
    [TestCase("[]")]
    [TestCase("")]
    public async Task An_answer_that_cannot_be_read_is_no_answer_and_asked_for_again(string answer)
    {
        var way = new WayToServer { Feed = answer };
        await using var api =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.Backchannel = way);
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        await Eventually.BecomesTrueAsync(() => Task.FromResult(way.Asked > 2), TimeSpan.FromSeconds(30));
        (await api.GetAsync("/read", token)).Status.Should().Be(503);
        way.Feed = null;
        await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/read", token)).Status == 200, TimeSpan.FromSeconds(30));
    }

    [Test]
    public async Task A_cursor_the_server_does_not_know_begins_the_feed_anew_without_haste()
    {
        var way = new WayToServer { ForgetsCursors = true };
        await using var api =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.Backchannel = way);
        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/read", token)).Status == 200);

        var (before, since) = (way.Asked, Stopwatch.StartNew());
        await machine.RevokeAsync(token);
        await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/read", token)).Status == 401);
        await Task.Delay(500);
        (way.Asked - before).Should().BeLessThan(10 + (int)(40 * since.Elapsed.TotalSeconds));
    }

    [Test]
    public async Task Until_the_last_page_nobody_knows_whether_a_token_still_holds()
    {
        var way = new WayToServer
        {
            Feed =
            $$"""{"cursor":"c","entries":[{"jti":"a","exp":{{DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds()}}}]}"""
        };
        await using var api =
            await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.Backchannel = way);
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;

        await Eventually.BecomesTrueAsync(() => Task.FromResult(way.Asked > 2), TimeSpan.FromSeconds(30));
        (await api.GetAsync("/read", token)).Status.Should().Be(503);
        way.Feed = null;
        await Eventually.BecomesTrueAsync(async () => (await api.GetAsync("/read", token)).Status == 200);
    }

    [Test]
    public async Task A_feed_full_of_the_longest_names_comes_in_pages_a_reader_can_take()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync(
            "select count(revocation_feed_add('client_id', 'https://a.example/?' || repeat('&', 2020) "
                + "|| n, null, now() + interval '1 hour')) from generate_series(1000, 1600) n");

        await using var api = await ProtectedApi.StartAsync(server, await server.ResourceServerAsync());

        (await api.GetAsync("/read", (await (await server.MachineAsync()).CredentialsAsync()).AccessToken)).Status.Should().Be(200);
    }

    /// <summary>The real server, seen over a way on which some paths are cut and the feed's answers may be exchanged.</summary>
    private sealed class WayToServer() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        private int asked;

        public volatile string[] Cut = [];

        public volatile string? Feed;

        /// <summary>True: no cursor is known.</summary>
        public bool ForgetsCursors;

        /// <summary>How often the feed was.</summary>
        public int Asked => Volatile.Read(ref asked);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            if (Cut.Contains(path)) throw new HttpRequestException($"{path} is cut off");
            if (path != Paths.Revocations) return await base.SendAsync(request, cancellationToken);
            Interlocked.Increment(ref asked);
            if (ForgetsCursors && request.RequestUri.Query.Contains("after=")) return new HttpResponseMessage(HttpStatusCode.BadRequest);
            if (Feed is not null) await Task.Delay(20, cancellationToken);
            return Feed is { } answer ? new HttpResponseMessage { Content = new StringContent(answer) }
                : await base.SendAsync(request, cancellationToken);
        }
    }
}
