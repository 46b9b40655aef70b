using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>A client with its unrevoked secrets, as the server knows it at this moment.</summary>
public sealed record Client
{
    public required ClientRow Row { get; init; }

    public required IReadOnlyList<SecretRow> Secrets { get; init; }

    /// <summary>Those of its row; null: it has none, or they are at a URL.</summary>
    public VerificationKeySet? Keys { get; init; }

    public string Id => Row.ClientId;

    /// <summary>RFC 6749 §2.1: has no secret, and need not prove itself.</summary>
    public bool IsPublic => Row.AuthMethod == AuthMethod.None.Name || Row.PublicToo;

    /// <summary>Whether it proves itself by key (RFC 7523 §2.2); one of a document may be public too.</summary>
    public bool HasKeys => Row.AuthMethod == AuthMethod.PrivateKeyJwtName;

    /// <summary>Where its keys are; null: not at a URL.</summary>
    public KeySource? KeysAt => Row.JwksUri is { } uri ? new KeySource(new Uri(uri), IsVouchedFor) : null;

    public bool IsUserFacing => Row.Kind == "user-facing";

    public bool IsResourceServer => Row.Kind == "resource-server";

    /// <summary>Registered by an operator, who vouches for its redirect URIs (RFC 9700 §4.11).</summary>
    public bool IsVouchedFor => Row.Origin == "operator";

    public bool MayUse(GrantType type) => Row.GrantTypes.Contains(type.Name);
}
