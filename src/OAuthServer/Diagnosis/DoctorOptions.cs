using System.Security.Cryptography.X509Certificates;

namespace OAuthServer.Diagnosis;

/// <summary>What is examined, and with what.</summary>
internal sealed record DoctorOptions
{
    /// <summary>The issuer's URL as clients are configured with it.</summary>
    public required Uri Issuer { get; init; }

    /// <summary>Who signs in for the code flow; null: the flow is left out.</summary>
    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>A public client for the flow; null: a throwaway client is registered and deleted afterwards.</summary>
    public string? ClientId { get; init; }

    /// <summary>Where that client is answered. Nothing is ever sent there.</summary>
    public string RedirectUri { get; init; } = "http://127.0.0.1:53682/callback";

    /// <summary>The resource to request a token for (RFC 8707), whose metadata is examined, too.</summary>
    public string? Resource { get; init; }

    public string? Scope { get; init; }

    /// <summary>Certificates to trust in place of the system's; null: the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }

    /// <summary>How long one request may take.</summary>
    public TimeSpan PerRequest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long everything may take.</summary>
    public TimeSpan InAll { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The port on which plain HTTP would be answered beside HTTPS; null: 80 beside 443, none beside another one.</summary>
    public int? PlainPort { get; init; }

    /// <summary>The issuer as text, as it must stand in the metadata: without the slash of a URL that has no path.</summary>
    public string IssuerText => Issuer.AbsolutePath == "/" ? Issuer.GetLeftPart(UriPartial.Authority) : Issuer.AbsoluteUri;

    /// <summary>What is wrong with a text that was given for the issuer, or null.</summary>
    public static string? ProblemOf(string text, out Uri? issuer) =>
        !Uri.TryCreate(text, UriKind.Absolute, out issuer) || issuer.Scheme is not ("https" or "http") || issuer.Host.Length == 0
            ? "URL: write the issuer, such as https://auth.example.com"
        : issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0
            ? "URL: write the issuer without query, fragment or user information"
        : issuer.AbsolutePath.Contains(Protocol.Paths.WellKnown + "/", StringComparison.Ordinal)
            ? "URL: write the issuer, not the address of its metadata"
        : null;
}
