using Microsoft.AspNetCore.Authentication;

namespace OAuthServer.ResourceServer;

/// <summary>When to ask the server about a token (RFC 7662) beside validating it here.</summary>
public enum IntrospectionUse
{
    /// <summary>Never: signature, claims and the revocation feed decide.</summary>
    Never,

    /// <summary>While the revocation feed is stale, in place of refusing.</summary>
    WhenStale,

    /// <summary>For every request: one more round trip each, and no feed is needed.</summary>
    Always,
}

/// <summary>How an API is protected. <see cref="Issuer"/> and <see cref="Resource"/> are required, the rest has defaults.</summary>
public sealed class OAuthResourceOptions : AuthenticationSchemeOptions
{
    /// <summary>The authorization server, byte for byte as it names itself (iss): <c>https://auth.example.com</c>.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>
    /// This API, as it is registered there (RFC 8707): <c>https://api.example.com/mcp</c>. Tokens must carry exactly this spelling
    /// as aud.
    /// </summary>
    public string Resource { get; set; } = "";

    /// <summary>This API's name in the metadata document.</summary>
    public string? ResourceName { get; set; }

    /// <summary>
    /// Scopes the metadata document lists (RFC 9728 §2). Without offline_access, which is between clients and the server.
    /// </summary>
    public IList<string> ScopesSupported { get; } = [];

    /// <summary>Scopes to suggest to who comes without a good token; empty: those that the endpoint demands.</summary>
    public IList<string> ScopesToBeginWith { get; } = [];

    /// <summary>
    /// This API's client of kind resource-server, for the revocation feed and introspection. Null: tokens live until they expire.
    /// </summary>
    public string? ClientId { get; set; }

    /// <summary>Its secret.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>
    /// In place of a secret the private key of <see cref="ClientId"/> (private_key_jwt, RFC 7523): PKCS #8 in PEM, of P-256 or RSA. The
    /// server has the public half.
    /// </summary>
    public string? ClientKey { get; set; }

    /// <summary>The kid of that key; null: the server tries each key of this client.</summary>
    public string? ClientKeyId { get; set; }

    /// <summary>Whether to follow the revocation feed; needs <see cref="ClientId"/>. A revoked token is refused within a second.</summary>
    public bool FollowRevocations { get; set; } = true;

    /// <summary>The feed is stale when it has not answered for so long. Longer than the 25 s one question waits.</summary>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// True: while the feed is stale, tokens are taken by signature and claims alone. False: 503, as nobody can say whether they
    /// still hold.
    /// </summary>
    public bool FailOpen { get; set; }

    /// <summary>When to introspect; needs <see cref="ClientId"/>.</summary>
    public IntrospectionUse Introspection { get; set; }

    /// <summary>How far our clock may be ahead of the server's: exp is believed so much longer.</summary>
    public TimeSpan Leeway { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long metadata and keys are remembered.</summary>
    public TimeSpan KeysLiveFor { get; set; } = TimeSpan.FromMinutes(60);

    /// <summary>An unknown key id makes us ask for the keys again, but not more often than this.</summary>
    public TimeSpan KeysAskedAgainAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Algorithms taken; anything else, none and HMAC above all, is refused.</summary>
    public IList<string> Algorithms { get; } = ["ES256", "RS256"];

    /// <summary>
    /// Whether tokens must be bound to a key and come with a DPoP proof (RFC 9449). False: those that are bound must, others need not.
    /// </summary>
    public bool RequireDpop { get; set; }

    /// <summary>Seconds the iat of a DPoP proof may be from our clock, before or after it.</summary>
    public int DpopSeconds { get; set; } = 300;

    /// <summary>
    /// How many used DPoP proofs are remembered, each until it is too old; about 50 octets each. From four fifths on proofs need a nonce,
    /// and when it is full requests with a bound token get 503.
    /// </summary>
    public int MostProofs { get; set; } = 262_144;

    /// <summary>What requests to the server go through; null: an ordinary connection.</summary>
    public HttpMessageHandler? Backchannel { get; set; }

    /// <summary>RFC 9728 §3.1: the metadata document, between host and path of <see cref="Resource"/>.</summary>
    public string MetadataUrl => Resource.Length == 0 ? "" : $"{Origin}{MetadataPath}{new Uri(Resource).Query}";

    internal const string WellKnown = "/.well-known/oauth-protected-resource";

    internal string MetadataPath => WellKnown + (new Uri(Resource).AbsolutePath is var path && path == "/" ? "" : path);

    internal bool Follows => FollowRevocations && ClientId is not null && Introspection != IntrospectionUse.Always;

    internal string Origin => new Uri(Resource).GetLeftPart(UriPartial.Authority);

    /// <summary>Throws with what to write when a setting cannot work.</summary>
    public override void Validate()
    {
        base.Validate();
        if (!IsSafe(Issuer) || Issuer.EndsWith('/'))
            throw new ArgumentException(
                "Issuer: write the https URL of the authorization server without a trailing slash (http on loopback only)");
        if (!Uri.TryCreate(Resource, UriKind.Absolute, out var own) || own.Scheme is not ("https" or "http") || Resource.Contains('#'))
            throw new ArgumentException(
                "Resource: write this API's http or https URL as it is registered with the server, without a fragment");
        if (ClientId is not null && string.IsNullOrEmpty(ClientSecret) == string.IsNullOrEmpty(ClientKey))
            throw new ArgumentException("ClientSecret: a resource server proves itself with a secret, or with ClientKey");
        if (!string.IsNullOrEmpty(ClientKey)) using (ClientAssertion.Read(ClientKey)) { }
        if (Introspection != IntrospectionUse.Never && ClientId is null)
            throw new ArgumentException("ClientId: introspection needs a client of kind resource-server");
        if (StaleAfter <= RevocationFollower.Wait)
            throw new ArgumentException(
                $"StaleAfter: longer than the {RevocationFollower.Wait.TotalSeconds:0} s one question to the feed waits");
        if (ScopesSupported.Concat(ScopesToBeginWith).Contains("offline_access"))
            throw new ArgumentException(
                "ScopesSupported, ScopesToBeginWith: leave offline_access out; it is between clients and the server, and no API takes it");
        if (DpopSeconds is < 10 or > 600) throw new ArgumentException("DpopSeconds: 10 to 600");
        if (MostProofs < 10) throw new ArgumentException("MostProofs: 10 at least");
        if (Algorithms.Any(alg => alg is not ("ES256" or "RS256"))) throw new ArgumentException("Algorithms: ES256 and RS256");
    }

    // RFC 8414 §2: keys and secrets travel over https, but on this computer.
    internal static bool IsSafe(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
