using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>A revocation reaches the APIs that follow the feed; what they do while they cannot.</summary>
[Behaviour(23)]
public sealed class RevocationReachTest : ServerFixture
{
    [Test]
    public Task It_arrives_in_under_a_second_through_another_server() => MeasureAsync(20);

    [Test, Category("Long")]
    public Task It_arrives_in_under_a_second_through_another_server_a_hundred_times() => MeasureAsync(100);

    [Test]
    public async Task Ended_grants_disabled_clients_and_retired_keys_arrive_too()
    {
        await using var api = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync());
        var (client, alice) = (await Server.PublicClientAsync(), await Server.PersonAsync());
        var tokens = await Server.TokensAsync(client, alice, "notes:read");
        (await api.GetAsync("/read", tokens.AccessToken)).Status.Should().Be(200);
        await client.RevokeAsync(tokens.RefreshToken!);
        (await RefusedAfterAsync(api, tokens.AccessToken)).Should().BeLessThan(1000);

        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", machine);
        (await RefusedAfterAsync(api, token)).Should().BeLessThan(1000);
        await Server.ExecuteAsync("update clients set enabled = true where client_id = @Id", machine);
        await EventuallyAsync(async () => (await api.GetAsync("/read", token)).Status == 200);

        var ring = Server.Get<KeyRing>();
        await ring.RetireNowAsync(ring.Active!.Kid, CancellationToken.None);
        (await RefusedAfterAsync(api, token)).Should().BeLessThan(1000);
        var fresh = (await machine.CredentialsAsync()).AccessToken;
        (await api.GetAsync("/read", fresh)).Status.Should().Be(200, "the new key is asked for at once");
    }

    [Test]
    public async Task Who_cannot_follow_refuses_with_503_or_goes_on_if_told_to()
    {
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        await using var closed = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.ClientSecret = "wrong");
        var reply = await closed.GetAsync("/read", token);
        reply.Status.Should().Be(503);
        reply.Error.Should().Be("temporarily_unavailable");
        reply.Header("Retry-After").Should().NotBeNull();
        (await closed.GetAsync("/read", token[..^4])).Status.Should().Be(401, "a bad token is bad whatever the feed says");
        (await closed.GetAsync("/read")).Status.Should().Be(401);

        await using var open = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => (options.ClientSecret, options.FailOpen) = ("wrong", true));
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

        clock.Travel(TimeSpan.FromSeconds(61));
        (await api.GetAsync("/read", token)).Status.Should().Be(503);
        await server.ExecuteAsync("update clients set enabled = false where client_id = 'nobody'; insert into revoked_tokens values ('other', 'c', 'http://localhost:9000/mcp', now(), now() + interval '1 minute')");
        await EventuallyAsync(async () => (await api.GetAsync("/read", token)).Status == 200);
    }

    [Test, Rfc(7662, "2.2")]
    public async Task Introspection_decides_where_it_is_asked_for()
    {
        var machine = await Server.MachineAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        await using var api = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => options.Introspection = IntrospectionUse.Always);
        (await api.GetAsync("/read", token)).Status.Should().Be(200);
        await machine.RevokeAsync(token);
        (await api.GetAsync("/read", token)).Status.Should().Be(401);

        var other = (await machine.CredentialsAsync()).AccessToken;
        await using var deaf = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync(), options => (options.ClientSecret, options.Introspection) = ("wrong", IntrospectionUse.WhenStale));
        (await deaf.GetAsync("/read", other)).Status.Should().Be(503);
    }

    [Test]
    public async Task An_unknown_key_is_asked_for_once_a_minute_and_no_more()
    {
        var asked = new CountingHandler();
        var clock = new TravellingTime();
        await using var api = await ProtectedApi.StartAsync(Server, change: options => options.Backchannel = asked, time: clock);
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        (await api.GetAsync("/read", token)).Status.Should().Be(200);
        var first = asked.Jwks;
        var unknown = Base64(token, "\"kid\":\"nobody\"");
        for (var i = 0; i < 10; i++) (await api.GetAsync("/read", unknown)).Status.Should().Be(401);
        asked.Jwks.Should().Be(first);

        clock.Travel(TimeSpan.FromSeconds(61));
        for (var i = 0; i < 10; i++) await api.GetAsync("/read", unknown);
        asked.Jwks.Should().Be(first + 1);
        clock.Travel(TimeSpan.FromMinutes(61));
        await api.GetAsync("/any", unknown);
        asked.Jwks.Should().Be(first + 2, "keys are remembered for an hour");
    }

    [Test]
    public async Task Before_the_keys_were_ever_read_it_is_503()
    {
        await using var api = await ProtectedApi.StartAsync(Server, change: options => options.Issuer = $"http://localhost:{TestServer.FreePort()}");
        (await api.GetAsync("/read", (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken)).Status.Should().Be(503);
    }

    private async Task MeasureAsync(int times)
    {
        await using var twin = await Server.StartTwinAsync();
        await using var api = await ProtectedApi.StartAsync(Server, await Server.ResourceServerAsync());
        var machine = await Server.MachineAsync();
        var took = new List<double>();
        for (var i = 0; i < times; i++)
        {
            var token = (await machine.CredentialsAsync()).AccessToken;
            (await api.GetAsync("/read", token)).Status.Should().Be(200);
            var before = Stopwatch.GetTimestamp();
            await machine.At(twin).RevokeAsync(token);
            while ((await api.GetAsync("/read", token)).Status == 200 && Stopwatch.GetElapsedTime(before).TotalSeconds < 10) await Task.Delay(2);
            took.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }

        took.Sort();
        var p99 = took[(int)Math.Ceiling(0.99 * took.Count) - 1];
        TestContext.Out.WriteLine($"{times} revocations, asked at one server, followed at another: median {took[took.Count / 2]:0} ms, p99 {p99:0} ms, worst {took[^1]:0} ms");
        p99.Should().BeLessThan(1000);
    }

    private static async Task<double> RefusedAfterAsync(ProtectedApi api, string token)
    {
        var before = Stopwatch.GetTimestamp();
        await EventuallyAsync(async () => (await api.GetAsync("/read", token)).Status == 401);
        return Stopwatch.GetElapsedTime(before).TotalMilliseconds;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 500; i++)
        {
            if (await holds()) return;
            await Task.Delay(10);
        }

        Assert.Fail("not within five seconds");
    }

    private static string Base64(string token, string kid)
    {
        var parts = token.Split('.');
        var header = System.Text.RegularExpressions.Regex.Replace(System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0])), "\"kid\":\"[^\"]*\"", kid);
        return string.Join('.', System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(header)), parts[1], parts[2]);
    }

    /// <summary>A clock whose timestamps travel as well as its time; the server's own goes on as ever.</summary>
    private sealed class TravellingTime : TimeProvider
    {
        private long ahead;

        public void Travel(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

        // The time of day stays, so that tokens do not expire meanwhile.
        public override long GetTimestamp() => System.GetTimestamp() + (long)(TimeSpan.FromTicks(Interlocked.Read(ref ahead)).TotalSeconds * System.TimestampFrequency);
    }

    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        private int jwks;

        public int Jwks => Volatile.Read(ref jwks);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath == Paths.Jwks) Interlocked.Increment(ref jwks);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
