using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using OAuthServer.Protocol;

namespace OAuthServer.Limits;

/// <summary>
/// How often one address, IPv6 by its /64, may make us write a row without saying who it is. Addresses that rest are forgotten.
/// </summary>
/// <param name="what">What is counted, for the log.</param>
public sealed class AddressLimit(int perMinute, string what) : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter = Bucket.PerKey(Bucket.Of(perMinute, TimeSpan.FromMinutes(1)));

    /// <summary>Counts one; the refusal when there were too many, else null.</summary>
    public OAuthError? Refusal(string address)
    {
        using var lease = limiter.AttemptAcquire(Subscriber(address));
        return lease.IsAcquired
            ? null
            : OAuthError.SlowDown($"more than {perMinute} {what} a minute from this address",
                Math.Max(1, (int)Math.Ceiling(60.0 / perMinute)));
    }

    /// <summary>The address to count by: IPv6 by its /64, which is what one subscriber has.</summary>
    public static string Subscriber(string address) =>
        address.Contains(':') && IPAddress.TryParse(address, out var parsed)
            && parsed.AddressFamily == AddressFamily.InterNetworkV6 && !parsed.IsIPv4MappedToIPv6
            ? Convert.ToHexStringLower(parsed.GetAddressBytes().AsSpan(0, 8))
            : address;

    public void Dispose() => limiter.Dispose();
}
