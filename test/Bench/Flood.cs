using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>
/// A flood of requests, 200 a second from many addresses, each sent on the beat whether or not those before were answered. Told on its
/// input how many milliseconds to flood; prints a line of status and count once all are answered.
/// </summary>
internal sealed class Flood
{
    /// <summary>What the flood of wrong secrets is called.</summary>
    public const string WrongSecrets = "wrong_secrets";

    /// <summary>Its status when the connection ended before: a sender that gets no time is cut off after ten seconds.</summary>
    public const int Unanswered = 0;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(5);

    private readonly HttpClient[] senders;
    private readonly Func<int, HttpRequestMessage> request;

    private Flood(Uri server, string host, int addresses, Func<int, HttpRequestMessage> request)
    {
        senders = [.. Enumerable.Range(2, addresses).Select(last => From(IPAddress.Parse($"127.0.0.{last}"), server, host))];
        this.request = request;
    }

    /// <summary>Registrations from sixteen addresses.</summary>
    /// <param name="server">Where the server listens, on a loopback address.</param>
    /// <param name="host">The issuer's host and port.</param>
    /// <param name="method">How the clients it registers authenticate.</param>
    public static Flood OfRegistrations(Uri server, string host, string method)
    {
        var body = $$"""{"redirect_uris":["https://flood.example/cb"],"token_endpoint_auth_method":"{{method}}"}""";
        return new(server, host, 16, _ => new(HttpMethod.Post, "/register")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        });
    }

    /// <summary>
    /// Secrets that are wrong, each another one, from forty addresses, so that each stays below the limit of one address: half of them
    /// of the client that has the good traffic, half of clients that are none.
    /// </summary>
    public static Flood OfWrongSecrets(Uri server, string host) => new(server, host, 40, number =>
    {
        var client = number % 2 == 0 ? "nightly-etl" : $"nobody-{number}";
        var credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{client}:wrong-{number}-{Guid.NewGuid():N}"));
        return new(HttpMethod.Post, "/token")
        {
            Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]),
            Headers = { Authorization = new("Basic", credentials) },
        };
    });

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
                while (sent.Count < due) sent.Add(SendAsync(sent.Count));
                await tick.WaitForNextTickAsync();
            }

            var statuses = await Task.WhenAll(sent);
            await report.WriteLineAsync(
                string.Join(' ', statuses.GroupBy(status => status).Select(group => $"{group.Key}:{group.Count()}")));
            await report.FlushAsync();
        }
    }

    private async Task<int> SendAsync(int number)
    {
        using var message = request(number);
        try
        {
            using var answer = await senders[number % senders.Length].SendAsync(message);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return Unanswered;
        }
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
