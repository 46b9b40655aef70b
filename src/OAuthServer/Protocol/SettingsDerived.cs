namespace OAuthServer.Protocol;

/// <content>What follows from the settings.</content>
public sealed partial record Settings
{
    /// <summary>The issuer's host and port, as a Host header names them.</summary>
    public string IssuerAuthority => new Uri(Issuer).Authority;

    /// <summary>The issuer's path, empty at the root.</summary>
    public string IssuerPath => new Uri(Issuer).AbsolutePath.TrimEnd('/');

    /// <summary>Whether browsers speak https to us: cookies are Secure, HSTS is sent.</summary>
    public bool IsHttps => Issuer.StartsWith("https://", StringComparison.Ordinal);

    /// <summary>What keys are made for, that of access tokens first.</summary>
    public IReadOnlyList<string> SigningAlgorithms =>
        OpenId ? [Algorithm, Algorithm == "ES256" ? "RS256" : "ES256"] : [Algorithm];

    /// <summary>
    /// Whether the playground is there: in Development only, on an issuer at which claude-desktop of the demo world may end
    /// (http://localhost or http://127.0.0.1, any port).
    /// </summary>
    public bool HasPlayground => Development && IsHere(Issuer) && (Listen.Length == 0 || IsHere(Listen));

    private static bool IsHere(string url) => new Uri(url) is { Scheme: "http", Host: "localhost" or "127.0.0.1" };
}
