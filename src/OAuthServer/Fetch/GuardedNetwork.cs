using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OAuthServer.Protocol;

namespace OAuthServer.Fetch;

/// <summary>
/// Connections to hosts that others name: every address is checked before and after connecting, one bad answer refuses the whole name,
/// no redirect, no proxy, no cookie.
/// </summary>
/// <param name="loopback">Whether this computer may be reached.</param>
/// <param name="reachable">Private hosts that may be; null: none.</param>
internal sealed class GuardedNetwork(Network network, bool loopback, PrivateHosts? reachable = null)
{
    private const int MostAddresses = 4;
    private const int MostHeaderKilobytes = 16;
    private static readonly TimeSpan PerAddress = TimeSpan.FromSeconds(2);

    /// <summary>https; http where this computer may be reached, for it alone.</summary>
    public bool Takes(Uri url) => url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && loopback && url.IsLoopback);

    // One bad answer refuses the whole name: a host with a foot inside is no public host.
    public async Task<Result<IPAddress[]>> AddressesAsync(string host, CancellationToken cancel)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await network.ResolveAsync(host, cancel).WaitAsync(cancel);
        }
        catch (Exception fault) when (fault is System.Net.Sockets.SocketException or ArgumentException)
        {
            return Fetcher.Refuse("CIMD §5", "the name does not resolve", "a public address", host);
        }

        addresses = [.. addresses.Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)];
        if (addresses.Length == 0) return Fetcher.Refuse("CIMD §5", "the name has no address", "a public address", host);
        return Array.Find(addresses, address => !MayReach(host, address)) is { } special
            ? Fetcher.Refuse("CIMD §8.6, RFC 6890", "the host has a special-use address", "public addresses only", $"{host} at {special}")
            : addresses;
    }

    /// <summary>A handler of its own for every request: no connection outlives the check of its address.</summary>
    public SocketsHttpHandler Handler(string host, IPAddress[] addresses) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = MostHeaderKilobytes,
        MaxResponseDrainSize = 0,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust() },
        ConnectCallback = async (context, cancel) => await ConnectAsync(host, addresses, context.DnsEndPoint.Port, cancel),
    };

    private bool MayReach(string host, IPAddress address) =>
        !SpecialUse.Contains(address) || (loopback && IPAddress.IsLoopback(address)) || reachable?.Has(host, address) is true;

    // A certificate names places to ask for its issuer and its revocation: those are chosen by the host, so they are never asked.
    private X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (network.Roots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(network.Roots);
        return policy;
    }

    private async ValueTask<Stream> ConnectAsync(string host, IPAddress[] addresses, int port, CancellationToken cancel)
    {
        Exception? last = null;
        foreach (var address in addresses.Take(MostAddresses))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(PerAddress);
            try
            {
                var socket = await network.ConnectAsync(new IPEndPoint(address, port), patience.Token);
                var reached = (socket.RemoteEndPoint as IPEndPoint)?.Address;
                if (reached is not null && reached.Equals(address) && MayReach(host, reached))
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                socket.Dispose();
                throw new IOException($"asked for {address}, connected to {reached}");
            }
            catch (Exception fault) when (fault is System.Net.Sockets.SocketException
                || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                last = fault;
            }
        }

        throw new IOException(last?.Message ?? "no address", last);
    }
}
