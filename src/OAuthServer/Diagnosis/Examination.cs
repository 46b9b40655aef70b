using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>What is known so far of the server that is examined. Each family of checks reads what the ones before found.</summary>
internal sealed class Examination(DoctorOptions options, TimeProvider time) : IDisposable
{
    public DoctorOptions Options { get; } = options;

    public TimeProvider Time { get; } = time;

    /// <summary>For everything without a secret in it: takes any certificate, <see cref="TlsChecks"/> has its say about that.</summary>
    public Remote Remote { get; } = new(options, time, verifies: false);

    /// <summary>Null: none was found, and nothing beyond discovery can be examined.</summary>
    public ServerDocument? Metadata { get; set; }

    /// <summary>The document with the metadata; where there is none, the first answer that came.</summary>
    public RemoteAnswer? First { get; set; }

    /// <summary>The keys of the JWKS, as JSON; null: it could not be read.</summary>
    public string? Jwks { get; set; }

    /// <summary>Whether a password may be sent: HTTPS with a certificate that is trusted, or this very computer.</summary>
    public bool IsTrusted { get; set; }

    /// <summary>Whether the connections are TLS at all.</summary>
    public bool IsHttps => Options.Issuer.Scheme == Uri.UriSchemeHttps;

    /// <summary>A URL on the issuer's host: RFC 8414 §3 puts the well-known part between host and path.</summary>
    public Uri Inserted(string wellKnown) =>
        new(Options.Issuer.GetLeftPart(UriPartial.Authority) + wellKnown + Options.Issuer.AbsolutePath.TrimEnd('/'));

    /// <summary>OpenID Connect Discovery 1.0 §4 appends it.</summary>
    public Uri Appended(string wellKnown) =>
        new(Options.Issuer.GetLeftPart(UriPartial.Authority) + Options.Issuer.AbsolutePath.TrimEnd('/') + wellKnown);

    /// <summary>
    /// Whether an endpoint may be called: over HTTPS, or as the issuer is; and not on this computer, unless the issuer is there, too:
    /// a server elsewhere must not choose what is called here.
    /// </summary>
    public bool MayCall(Uri endpoint) =>
        (endpoint.Scheme == Uri.UriSchemeHttps
            || (endpoint.Scheme == Uri.UriSchemeHttp && !IsHttps && (endpoint.IsLoopback || endpoint.Host == Options.Issuer.Host)))
        && (!endpoint.IsLoopback || Options.Issuer.IsLoopback);

    /// <summary>An endpoint of the metadata that may be called, or null.</summary>
    public Uri? Callable(Uri? endpoint) => endpoint is not null && MayCall(endpoint) ? endpoint : null;

    /// <summary>The URL with parameters added to its query (RFC 6749 §3.1 keeps what is there).</summary>
    public static Uri WithQuery(Uri url, IEnumerable<(string Name, string Value)> parameters)
    {
        var added = string.Join('&', parameters.Select(one => $"{Uri.EscapeDataString(one.Name)}={Uri.EscapeDataString(one.Value)}"));
        return new Uri($"{url.GetLeftPart(UriPartial.Path)}{(url.Query.Length > 1 ? url.Query + "&" : "?")}{added}");
    }

    /// <summary>A URL of nobody's: .invalid never resolves (RFC 2606).</summary>
    public const string Nowhere = "https://doctor.invalid/";

    /// <summary>The paths at which clients look for metadata, in their order.</summary>
    public IEnumerable<(string Check, Uri Url)> ProbePaths()
    {
        yield return ("discovery.oauth", Inserted(Paths.ServerMetadata));
        yield return ("discovery.openid", Appended(Paths.OpenIdConfiguration));
        if (Options.Issuer.AbsolutePath != "/") yield return ("discovery.openid-inserted", Inserted(Paths.OpenIdConfiguration));
    }

    public void Dispose() => Remote.Dispose();
}
