using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// What a request says about its client (RFC 6749 §2.3): exactly one of these. A certificate (RFC 8705) would be another.
/// </summary>
public abstract record ClientCredential
{
    private ClientCredential(string? clientId) => ClientId = clientId;

    /// <summary>As it came; null when it did not.</summary>
    public string? ClientId { get; }

    /// <summary>Nothing that authenticates: of a public client, or of nobody. An empty secret is none.</summary>
    public sealed record None(string? Id) : ClientCredential(Id);

    /// <summary>A secret by HTTP Basic or in the body.</summary>
    public sealed record Secret(string? Id, string Text, AuthMethod Method) : ClientCredential(Id);

    /// <summary>A signed assertion (RFC 7521 §4.2): no method of this server, and refused.</summary>
    public sealed record Assertion(string? Id) : ClientCredential(Id);
}
