using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(24)]
public sealed class SilentConnectionTest : ServerFixture
{
    [Test]
    public async Task A_connection_that_sends_nothing_is_closed_and_one_that_rests_between_requests_is_kept()
    {
        using var silent = await ConnectAsync();
        using var used = await ConnectAsync();
        await AskAsync(used);

        using var patience = new CancellationTokenSource(3 * FirstByte.Patience);
        (await silent.GetStream().ReadAsync(new byte[1], patience.Token)).Should().Be(0, "it was closed");
        await AskAsync(used);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(Server.Issuer).Port);
        return socket;
    }

    private async Task AskAsync(TcpClient socket)
    {
        await socket.GetStream()
            .WriteAsync(Encoding.ASCII.GetBytes($"GET {Paths.Health} HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\n\r\n"));
        var buffer = new byte[4096];
        var read = await socket.GetStream().ReadAsync(buffer);
        Encoding.ASCII.GetString(buffer, 0, read).Should().StartWith("HTTP/1.1 200");
    }
}
