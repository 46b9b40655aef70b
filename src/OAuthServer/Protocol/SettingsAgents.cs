using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Clients that prove themselves by key.</content>
public sealed partial record Settings
{
    /// <summary>Seconds that the assertion of a client (RFC 7523) may live; 30 more for clocks that differ.</summary>
    [Range(60, 300)] public int AssertionSeconds { get; init; } = 300;

    /// <summary>
    /// The aud of such an assertion: issuer, this server's issuer alone (RFC 10070); issuer+token, of clients with a client id document
    /// also the URL of /token, there, for codes and refresh tokens.
    /// </summary>
    [AllowedValues("issuer+token", "issuer")] public string AssertionAudience { get; init; } = "issuer+token";

    /// <summary>
    /// Names, addresses and networks (keys.internal 10.0.0.0/8), separated by spaces, that URLs in rows of an operator may reach although
    /// they are private: of keys, of issuers. Never those that clients name themselves.
    /// </summary>
    public string PrivateHosts { get; init; } = "";

    /// <summary>How many clients may act for one another in a chain of exchanged tokens (RFC 8693), 1 to 8.</summary>
    [Range(1, 8)] public int ExchangeDepth { get; init; } = 3;
}
