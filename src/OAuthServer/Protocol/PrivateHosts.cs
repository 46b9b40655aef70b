using System.Net;

namespace OAuthServer.Protocol;

/// <summary>The private hosts that URLs of an operator may name (OAuth__PrivateHosts): names, addresses and networks.</summary>
public sealed class PrivateHosts
{
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IPNetwork> networks = [];

    /// <summary>Reads the setting; null when something in it is neither, or a network of all addresses there are.</summary>
    public static PrivateHosts? Read(string text)
    {
        var read = new PrivateHosts();
        foreach (var one in text.Split([' ', ',', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (ProxyNetworks.Read(one) is { } found) read.networks.AddRange(found);
            // A name ends in a label that is no number, or it would be an address.
            else if (Uri.CheckHostName(one) == UriHostNameType.Dns && !char.IsAsciiDigit(one[(one.LastIndexOf('.') + 1)..][0]))
                read.names.Add(one);
            else return null;
        }

        return read;
    }

    /// <summary>Whether this host may be reached at this address although it is private.</summary>
    public bool Has(string host, IPAddress address) => names.Contains(host) || networks.Exists(network => network.Contains(address));
}
