using FluentAssertions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>Three servers, each a process of its own, behind a real HAProxy with deploy/haproxy.cfg.</summary>
[Behaviour(2, 8, 9, 26), Parallelizable]
public sealed class HaProxyTest
{
    private const int Grace = 5;
    private static readonly string[] Names = ["one", "two", "three"];

    private readonly string folder = Directory.CreateTempSubdirectory("oauth-three-").FullName;
    private readonly TestServer[] each = new TestServer[3];
    private readonly OAuthProgram[] programs = new OAuthProgram[3];
    private TestServer server = null!;
    private TestServer maker = null!;
    private HaProxy proxy = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Tools.Need("haproxy");
        var port = TestServer.FreePort();
        var settings = new Settings
        {
            Issuer = $"https://localhost:{port}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
            ShutdownGraceSeconds = Grace,
            TrustedProxies = "127.0.0.1",
        };
        server = TestServer.ExternalServer(settings);
        // Writes codes into the database, and answers nobody.
        var own = settings with { Listen = $"http://127.0.0.1:{TestServer.FreePort()}", Development = true };
        maker = await TestServer.StartAsync(_ => own);
        for (var i = 0; i < 3; i++)
        {
            each[i] = TestServer.ExternalServer(settings with { Listen = $"http://127.0.0.1:{TestServer.FreePort()}" });
            programs[i] = await ServeAsync(i);
        }

        TestCertificate.Write(folder);
        proxy = await HaProxy.StartAsync("haproxy.cfg",
            ("bind :443", $"bind 127.0.0.1:{port}"), ("/etc/haproxy/auth.example.com.pem", $"{folder}/both.pem"),
            ("hdr Host auth.example.com", $"hdr Host localhost:{port}"), ("10.0.0.21:8080", At(0)), ("10.0.0.22:8080", At(1)),
            ("10.0.0.23:8080", At(2)));
        await ServesAsync(0, 1, 2);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (proxy is not null) await proxy.DisposeAsync();
        foreach (var program in programs.OfType<OAuthProgram>()) await program.DisposeAsync();
        if (maker is not null) await maker.DisposeAsync();
        if (server is not null) await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [TearDown]
    public async Task StartAgainAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            if (!programs[i].HasExited) continue;
            await programs[i].DisposeAsync();
            programs[i] = await ServeAsync(i);
        }

        await ServesAsync(0, 1, 2);
    }

    [Test, Behaviour(3, 21, 22)]
    public async Task Each_request_of_a_code_flow_is_answered_by_another_server()
    {
        var (alice, app, api) = (await server.UserAsync(), await server.PublicClientAsync(), await server.ResourceServerAsync());
        var before = Served().Length;

        var tokens = await app.TokensAsync(alice);
        var next = await app.RefreshAsync(tokens.RefreshToken!);
        next.Should().HaveIssuedTokens();
        (await api.SeesAsActiveAsync(next.AccessToken)).Should().BeTrue();
        (await app.RevokeAsync(next.RefreshToken!)).Status.Should().Be(200);
        (await api.SeesAsActiveAsync(next.AccessToken)).Should().BeFalse();
        (await app.RefreshAsync(next.RefreshToken!)).Should().BeRefusedWith("invalid_grant");

        var flow = await ServedSinceAsync(before, 10);
        flow.Should().OnlyContain(line => Names.Contains(line.Server));
        flow.Zip(flow.Skip(1)).Should().OnlyContain(pair => pair.First.Server != pair.Second.Server);
        TestContext.Out.WriteLine(string.Join('\n', flow.Select(line => $"{line.Method} {line.Path} by {line.Server}: {line.Status}")));
    }

    [Test]
    public async Task An_edit_in_SQL_is_in_effect_on_all_three_within_a_second()
    {
        var machine = await server.MachineAsync();
        for (var i = 0; i < 6; i++) (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        await server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { machine.Id });
        await Task.Delay(Eventually.Second);

        var before = Served().Length;
        for (var i = 0; i < 6; i++) (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        (await ServedSinceAsync(before, 6)).Select(line => line.Server).Distinct().Should().BeEquivalentTo(Names);
    }

    [Test, Rfc(9110, "15.6.4")]
    public async Task A_server_that_stops_under_load_costs_no_client_an_answer()
    {
        await using var load = await ProxyLoad.BeginAsync(server, maker);
        var (api, app, alice) = (await server.ResourceServerAsync(), await server.PublicClientAsync(), await server.UserAsync());
        var tokens = await maker.TokensAsync(app.At(maker), alice);
        // They wait for news, at one server or another.
        var readers = Enumerable.Range(0, 6).Select(_ => new FeedReader(server, api)).ToArray();
        foreach (var reader in readers)
            while ((await reader.ReadAsync()).Count > 0)
            {
            }

        var waiting = readers.Select(reader => reader.GetAsync(wait: 50)).ToArray();
        await Task.Delay(1000);
        waiting.Should().OnlyContain(one => !one.IsCompleted);

        (await programs[1].StopAsync()).Should().Be(0);
        await Task.Delay(1000);
        await load.StopAsync();
        await app.RevokeAsync(tokens.RefreshToken!);

        load.Faults.Should().BeEmpty();
        load.Answers.Values.Should().OnlyContain(count => count > 50);
        (await Task.WhenAll(waiting)).Should().OnlyContain(reply => reply.Status == 200);
        TestContext.Out.WriteLine($"stopped under load: {load}");
    }

    [Test, Rfc(9110, "9.2.2")]
    public async Task A_server_that_is_killed_under_load_costs_at_most_redemptions_that_it_had_already_taken()
    {
        await using var load = await ProxyLoad.BeginAsync(server, maker);
        await Task.Delay(1000);

        await Tools.SignalAsync("KILL", programs[2].Id);
        await Task.Delay(4000);
        await load.StopAsync();

        load.Faults.Where(fault => !fault.StartsWith("code 502", StringComparison.Ordinal)
            && !fault.StartsWith("code HttpRequestException", StringComparison.Ordinal)).Should().BeEmpty();
        load.Faults.Count.Should().BeLessThanOrEqualTo(ProxyLoad.Redeemers, "no more were under way");
        load.Answers.Values.Should().OnlyContain(count => count > 50);
        Served()[^20..].Should().OnlyContain(line => line.Server != "three", "its health check has taken it out");
        (await server.ScalarAsync<long>("select count(*) from audit_events where rule like '%replayed%' or detail = 'code_replayed'"))
            .Should().Be(0, "no request was sent again that must not be");
        TestContext.Out.WriteLine($"killed under load: {load}");
    }

    [Test, Rfc(9110, "9.2.2")]
    public async Task A_request_without_an_answer_is_sent_again_only_when_twice_is_the_same_as_once()
    {
        var (app, machine, alice) = (await server.PublicClientAsync(), await server.MachineAsync(), await server.UserAsync());
        var api = await server.ResourceServerAsync();
        (await programs[2].StopAsync()).Should().Be(0);
        await using var silent = new SilentServer(new Uri(each[2].Settings.Listen).Port);
        // Its health check finds it.
        await Eventually.BecomesTrueAsync(async () =>
        {
            await server.GetAsync(Paths.ServerMetadata);
            return !silent.Taken.IsEmpty;
        });

        for (var i = 0; i < 9; i++)
        {
            var tokens = await maker.TokensAsync(app.At(maker), alice);
            (await server.GetAsync(Paths.Jwks)).Status.Should().Be(200);
            (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
            (await app.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
            (await api.IntrospectAsync(tokens.AccessToken)).Status.Should().Be(200);
            (await app.RevokeAsync(tokens.RefreshToken!)).Status.Should().Be(200);
        }

        var lost = 0;
        for (var i = 0; i < 9; i++)
        {
            var code = await maker.GrantAsync(app, alice);
            // On a connection of its own: one that was used before HAProxy ends without a word, as HTTP wants it (RFC 9112, 9.3.1).
            var redeemed = await app.At(server).RedeemAsync(code);
            if (redeemed.Status == 200) continue;
            redeemed.Should().BeRefusedByProxy();
            lost++;
            silent.Taken.Count(taken => taken.Contains(code.Value, StringComparison.Ordinal)).Should().Be(1);
            var id = Granted.GrantId(code.Value);
            (await server.ScalarAsync<bool>("select activated_at is null from grants where id = @id", new { id }))
                .Should().BeTrue("no other server got it");
        }

        lost.Should().BeInRange(2, 4, "one in three went to the silent one");
        foreach (var kind in new[] { "client_credentials", "refresh_token&", "token=", "GET /" })
            silent.Taken.Should().Contain(taken => taken.Contains(kind, StringComparison.Ordinal));
    }

    private string At(int place) => $"127.0.0.1:{new Uri(each[place].Settings.Listen).Port}";

    private Task<OAuthProgram> ServeAsync(int place) => OAuthProgram.ServeAsync(each[place], LogLevel.Warning, new Dictionary<string,
        string>
    {
        ["OAuth__TrustedProxies"] = "127.0.0.1",
        ["OAuth__ClientRequestsPerSecond"] = "1000000",
        ["OAuth__ClientBurst"] = "1000000",
        ["OAuth__HashQueueMilliseconds"] = "60000",
    });

    // Until requests go to all of them.
    private Task ServesAsync(params int[] places) => Eventually.BecomesTrueAsync(async () =>
    {
        var before = Served().Length;
        try
        {
            for (var i = 0; i < 6; i++) await server.GetAsync(Paths.Health);
        }
        catch (HttpRequestException)
        {
            return false;
        }

        return places.All(place => Served()[before..].Any(line => line.Server == Names[place] && line.Status == 200));
    }, TimeSpan.FromSeconds(30));

    private Line[] Served() => [.. proxy.Said.Split('\n').Select(line => line.Split(' ')).Where(words => words is [_, "GET" or "POST", ..])
        .Select(words => new Line(words[1], words[2], int.Parse(words[3]), words[5]))];

    // Its log comes by a pipe, a moment later.
    private async Task<Line[]> ServedSinceAsync(int before, int least)
    {
        await Eventually.BecomesTrueAsync(() => Task.FromResult(Served().Length >= before + least));
        return Served()[before..];
    }

    private sealed record Line(string Method, string Path, int Status, string Server);
}
