using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthServer.Test.Support;

/// <summary>
/// What a proxy sees of a server that dies at the worst moment: it is ready, takes a request whole, and ends the connection without a
/// word. Nobody knows then whether the request was carried out.
/// </summary>
public sealed class SilentServer : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly Task running;

    public SilentServer(int port)
    {
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        running = RunAsync();
    }

    /// <summary>The bodies of the requests it took, and the lines of those that have none.</summary>
    public ConcurrentBag<string> Taken { get; } = [];

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await running;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            try { _ = TakeAsync(await listener.AcceptTcpClientAsync()); }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException) { return; }
        }
    }

    private async Task TakeAsync(TcpClient client)
    {
        using (client)
        {
            var (text, buffer) = (new StringBuilder(), new byte[16_384]);
            while (!IsWhole(text.ToString()))
            {
                var read = await client.GetStream().ReadAsync(buffer);
                if (read == 0) return;
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            var request = text.ToString();
            if (request.StartsWith("GET /readyz", StringComparison.Ordinal))
                await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
            else
                Taken.Add(request.Split("\r\n\r\n", 2)[1] is { Length: > 0 } body ? body : request.Split("\r\n")[0]);
        }
    }

    private static bool IsWhole(string request)
    {
        if (request.Split("\r\n\r\n", 2) is not [var head, var body]) return false;
        var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        return length is null || body.Length >= int.Parse(length.Split(':')[1]);
    }
}
