using System.Net;
using System.Net.Sockets;

namespace OAuthServer.Fetch;

/// <summary>
/// RFC 6890 and the IANA special-purpose registries: addresses that are not a public host. Addresses that carry an IPv4 address
/// are judged by it, so that no disguise reaches what the plain form would not.
/// </summary>
public static class SpecialUse
{
    private static readonly IPNetwork[] V4 =
    [
        .. new[]
        {
            "0.0.0.0/8",        // this network
            "10.0.0.0/8",       // private
            "100.64.0.0/10",    // carrier-grade NAT
            "127.0.0.0/8",      // loopback
            "169.254.0.0/16",   // link-local: the metadata services of clouds
            "172.16.0.0/12",    // private
            "192.0.0.0/24",     // IETF protocol assignments
            "192.0.2.0/24",     // documentation
            "192.31.196.0/24",  // AS112
            "192.52.193.0/24",  // AMT
            "192.88.99.0/24",   // 6to4 relays
            "192.168.0.0/16",   // private
            "192.175.48.0/24",  // AS112
            "198.18.0.0/15",    // benchmarks
            "198.51.100.0/24",  // documentation
            "203.0.113.0/24",   // documentation
            "224.0.0.0/4",      // multicast
            "240.0.0.0/4",      // reserved, broadcast
        }.Select(IPNetwork.Parse),
    ];

    // Outside of it lie loopback, link-local, unique local, multicast, IPv4-compatible addresses, 64:ff9b:1::/48, 100::/64, 5f00::/16.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] V6 =
    [
        .. new[]
        {
            "2001::/23",         // IETF protocol assignments, Teredo and benchmarks among them
            "2001:db8::/32",     // documentation
            "2002::/16",         // 6to4
            "2620:4f:8000::/48", // AS112
            "3fff::/20",         // documentation
        }.Select(IPNetwork.Parse),
    ];

    // RFC 6052 §2.1: what an IPv6-only network calls an IPv4 host.
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether nothing may be fetched from there.</summary>
    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return V4.Any(network => network.Contains(address));
        var octets = address.GetAddressBytes();
        if (Nat64.Contains(address)) return Contains(new IPAddress(octets.AsSpan(12)));
        // RFC 5214 §6.1: ISATAP carries an IPv4 address under any prefix.
        if (octets is [_, _, _, _, _, _, _, _, 0 or 2, 0, 0x5e, 0xfe, ..] && Contains(new IPAddress(octets.AsSpan(12)))) return true;
        return !GlobalUnicast.Contains(address) || V6.Any(network => network.Contains(address));
    }
}
