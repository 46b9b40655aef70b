using System.Net;

namespace OAuthServer.Protocol;

/// <summary>The proxies whose X-Forwarded-For is believed: addresses and networks (RFC 4632 §3.1).</summary>
public static class ProxyNetworks
{
    /// <summary>Reads OAuth__TrustedProxies; null when one is neither, or a network of all addresses there are.</summary>
    public static IReadOnlyList<IPNetwork>? Read(string text)
    {
        var networks = new List<IPNetwork>();
        foreach (var one in text.Split([' ', ',', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            // 10 and 10.1 are addresses to IPAddress: 0.0.0.10 and 10.0.0.1.
            if (!one.Contains(':') && one.Count(character => character == '.') != 3) return null;
            if (one.Contains('/'))
            {
                if (!IPNetwork.TryParse(one, out var network) || network.PrefixLength == 0) return null;
                networks.Add(network);
            }
            else
            {
                if (!IPAddress.TryParse(one, out var address)) return null;
                networks.Add(new IPNetwork(address, 8 * address.GetAddressBytes().Length));
            }
        }

        return networks;
    }
}
