using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace OAuthServer.Fetch;

/// <summary>The two things a fetch wants of the network: the addresses of a name, and a connection to one address.</summary>
public sealed record Network
{
    /// <summary>All addresses of a name.</summary>
    public required Func<string, CancellationToken, Task<IPAddress[]>> ResolveAsync { get; init; }

    /// <summary>A connection to this very address; no name, no proxy.</summary>
    public required Func<IPEndPoint, CancellationToken, Task<Socket>> ConnectAsync { get; init; }

    /// <summary>The authorities of a test, in place of the system's; certificates are verified either way.</summary>
    internal X509Certificate2Collection? Roots { get; init; }

    /// <summary>The system's resolver, sockets and trusted authorities.</summary>
    public static Network OfTheSystem { get; } = new() { ResolveAsync = Dns.GetHostAddressesAsync, ConnectAsync = OpenAsync };

    internal static async Task<Socket> OpenAsync(IPEndPoint address, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
