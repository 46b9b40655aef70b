using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>A client with its unrevoked secrets, as the server knows it at this moment.</summary>
public sealed record Client
{
    public required ClientRow Row { get; init; }

    public required IReadOnlyList<SecretRow> Secrets { get; init; }

    public string Id => Row.ClientId;

    /// <summary>RFC 6749 §2.1: has no secret.</summary>
    public bool IsPublic => Row.AuthMethod == AuthMethod.None.Name;

    public bool IsUserFacing => Row.Kind == "user-facing";

    public bool IsResourceServer => Row.Kind == "resource-server";

    /// <summary>Registered by an operator, who vouches for its redirect URIs (RFC 9700 §4.11).</summary>
    public bool IsVouchedFor => Row.Origin == "operator";

    public bool MayUse(GrantType type) => Row.GrantTypes.Contains(type.Name);
}
