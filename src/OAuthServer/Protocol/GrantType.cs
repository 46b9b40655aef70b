namespace OAuthServer.Protocol;

/// <summary>
/// What a grant type is (RFC 6749 §1.3). Its file in Token does it; metadata, registration, client documents and the table
/// grant_types, which the triggers of clients read, follow from this record.
/// </summary>
public sealed record GrantType
{
    public static readonly GrantType AuthorizationCode = new()
    {
        Name = "authorization_code",
        Kinds = ["user-facing"],
        DefaultFor = ["user-facing"],
        NeedsRedirectUris = true,
    };

    public static readonly GrantType RefreshToken = new()
    {
        Name = "refresh_token",
        Kinds = ["user-facing"],
        DefaultFor = ["user-facing"],
        Continues = true,
    };

    public static readonly GrantType ClientCredentials = new()
    {
        Name = "client_credentials",
        Kinds = ["machine"],
        DefaultFor = ["machine"],
    };

    /// <summary>RFC 8628 §3.4.</summary>
    public static readonly GrantType DeviceCode = new()
    {
        Name = "urn:ietf:params:oauth:grant-type:device_code",
        Kinds = ["user-facing"],
    };

    /// <summary>RFC 8693: a token of somebody else's becomes one to act for them.</summary>
    public static readonly GrantType TokenExchange = new()
    {
        Name = "urn:ietf:params:oauth:grant-type:token-exchange",
        Kinds = ["machine", "user-facing"],
        Continues = true,
    };

    /// <summary>The name of <see cref="JwtBearer"/>, for statements of SQL.</summary>
    public const string JwtBearerName = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    /// <summary>RFC 7523 §2.1: the assertion of an issuer that an operator trusts; listed only while there is one.</summary>
    public static readonly GrantType JwtBearer = new() { Name = JwtBearerName, Kinds = ["machine", "user-facing"], NeedsTrust = true };

    /// <summary>Those of this binary, in the order of the metadata. Each has its class in Token.</summary>
    public static readonly IReadOnlyList<GrantType> All =
        [AuthorizationCode, RefreshToken, ClientCredentials, JwtBearer, TokenExchange, DeviceCode];

    /// <summary>The value of grant_type: a name, or a URN for an extension (RFC 6749 §4.5).</summary>
    public required string Name { get; init; }

    /// <summary>The kinds of client that may use it.</summary>
    public required string[] Kinds { get; init; }

    /// <summary>The kinds of client that get it when they name none.</summary>
    public string[] DefaultFor { get; init; } = [];

    /// <summary>Whether a client that uses it needs redirect URIs.</summary>
    public bool NeedsRedirectUris { get; init; }

    /// <summary>Whether it only continues what another grant type began.</summary>
    public bool Continues { get; init; }

    /// <summary>Whether it works only where an issuer is trusted.</summary>
    public bool NeedsTrust { get; init; }

    public bool IsFor(string kind) => Kinds.Contains(kind, StringComparer.Ordinal);
}
