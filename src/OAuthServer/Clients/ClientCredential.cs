using OAuthServer.Protocol;
using OAuthServer.Tokens;

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

    /// <summary>A signed assertion (RFC 7523 §2.2); nothing of it is verified yet.</summary>
    /// <param name="Id">Who it says it is from.</param>
    /// <param name="Jwt">Null: it is none that could be of any client.</param>
    public sealed record Assertion(string? Id, ForeignJwt? Jwt) : ClientCredential(Id)
    {
        /// <summary>Why it is none; null: it may be one.</summary>
        public string? Flaw { get; init; }

        /// <summary>Whether it redeems a code or a refresh token at /token, where clients of documents may name that URL as aud.</summary>
        public bool Redeems { get; init; }
    }
}
