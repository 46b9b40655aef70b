using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>
/// A flood of registrations, 200 a second from sixteen addresses, each sent on the beat whether or not those before were
/// answered. Told on its input how many milliseconds to flood; prints a line of status and count once all are answered.
/// </summary>
internal sealed class Flood
{
    private const int Addresses = 16;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(5);

    private readonly HttpClient[] senders;
    private readonly string body;

    /// <param name="server">Where the server listens, on a loopback address.</param>
    /// <param name="host">The issuer's host and port.</param>
    /// <param name="method">How the clients it registers authenticate.</param>
    public Flood(Uri server, string host, string method)
    {
        senders = [.. Enumerable.Range(2, Addresses).Select(last => From(IPAddress.Parse($"127.0.0.{last}"), server, host))];
        body = $$"""{"redirect_uris":["https://flood.example/cb"],"token_endpoint_auth_method":"{{method}}"}""";
    }

    /// <summary>Floods as often as it is told to, until its input ends.</summary>
    public async Task RunAsync(TextReader orders, TextWriter report)
    {
        while (await orders.ReadLineAsync() is { } order)
        {
            var beats = (int)(TimeSpan.FromMilliseconds(int.Parse(order, CultureInfo.InvariantCulture)) / Beat);
            var began = TimeProvider.System.GetTimestamp();
            var sent = new List<Task<int>>(beats);
            using var tick = new PeriodicTimer(Beat);
            while (sent.Count < beats)
            {
                // Whatever the timer missed is made up for: never fewer than were ordered.
                var due = Math.Min(beats, (int)(TimeProvider.System.GetElapsedTime(began) / Beat) + 1);
                while (sent.Count < due) sent.Add(RegisterAsync(senders[sent.Count % Addresses]));
                await tick.WaitForNextTickAsync();
            }

            var statuses = await Task.WhenAll(sent);
            await report.WriteLineAsync(
                string.Join(' ', statuses.GroupBy(status => status).Select(group => $"{group.Key}:{group.Count()}")));
            await report.FlushAsync();
        }
    }

    private async Task<int> RegisterAsync(HttpClient sender)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await sender.PostAsync("/register", content);
        return (int)answer.StatusCode;
    }

    private static HttpClient From(IPAddress address, Uri server, string host)
    {
        var at = new IPEndPoint(IPAddress.Loopback, server.Port);
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(address, 0));
                await socket.ConnectAsync(at, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = server, DefaultRequestHeaders = { Host = host } };
    }
}
