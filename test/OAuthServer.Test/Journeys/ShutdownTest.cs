using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>A server that is told to stop: the program itself, by SIGTERM, as service managers do.</summary>
[Behaviour(9), Parallelizable]
public sealed class ShutdownTest
{
    private const int Grace = 4;

    [Test, Rfc(9110, "15.6.4")]
    public async Task A_server_that_stops_is_first_unready_then_closes_its_port_and_finishes_requests_in_flight()
    {
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
            ShutdownGraceSeconds = Grace,
        });
        await using var program = await OAuthProgram.ServeAsync(server);
        var (api, machine, http) = (await server.ResourceServerAsync(), await server.MachineAsync(), server.NewHttp());
        await machine.CredentialsAsync();
        using var poll =
            new HttpRequestMessage(HttpMethod.Get,
                $"{Paths.Revocations}?wait=50")
            {
                Headers =
                { Authorization = AuthenticationHeaderValue.Parse(Requests.BasicOf($"{api.Id}:{Cast.Secret}")) }
            };
        var waiting = http.SendAsync(poll);

        var began = Stopwatch.GetTimestamp();
        var exit = program.StopAsync();
        await Eventually.BecomesTrueAsync(async () => (await http.ReplyAsync(HttpMethod.Get, Paths.Ready)).Status == 503);

        var notReady = await http.ReplyAsync(HttpMethod.Get, Paths.Ready);
        notReady.Header("Retry-After").Should().NotBeNull();
        notReady.Body.Should().Contain("shutting down");
        (await http.ReplyAsync(HttpMethod.Get, Paths.Health)).Status.Should().Be(200);
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        waiting.IsCompleted.Should().BeFalse("who waits for news is not sent away to come right back");

        using var slow = new TcpClient();
        await slow.ConnectAsync("127.0.0.1", new Uri(server.Issuer).Port);
        var form = $"grant_type=client_credentials&client_id={machine.Id}&client_secret={Cast.Secret}";
        await slow.GetStream()
            .WriteAsync(Encoding.ASCII
            .GetBytes(
                $"POST /token HTTP/1.1\r\nHost: {server.Settings.IssuerAuthority}\r\nContent-Type: "
                    + $"application/x-www-form-urlencoded\r\nContent-Length: {form.Length}\r\n\r\n{form[..^5]}"));
        await PortClosesAsync(server);
        Stopwatch.GetElapsedTime(began).TotalSeconds.Should().BeInRange(Grace - 1, Grace + 10);

        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(form[^5..]));
        (await new StreamReader(slow.GetStream()).ReadLineAsync()).Should().Be("HTTP/1.1 200 OK");
        ((int)(await waiting).StatusCode).Should().Be(200);
        (await exit).Should().Be(0);
        program.Said.Should().NotContain("   at ");
    }

    [Test]
    public async Task Requests_in_flight_have_their_time_after_the_longest_grace()
    {
        var settings = new Settings
        {
            Database = "Host=/nowhere",
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            ShutdownGraceSeconds = 300,
        };
        await using var app = global::Server.Build(settings, TimeProvider.System);

        app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout
            .Should().Be(TimeSpan.FromSeconds(300) + Shutdown.InFlight);
    }

    private static async Task PortClosesAsync(TestServer server)
    {
        for (var i = 0; i < 300; i++)
        {
            using var socket = new TcpClient();
            try { await socket.ConnectAsync("127.0.0.1", new Uri(server.Issuer).Port); }
            catch (SocketException) { return; }
            await Task.Delay(50);
        }

        throw new TimeoutException("the port is still open");
    }
}
