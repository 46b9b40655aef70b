namespace OAuthServer.Protocol;

/// <summary>
/// A way for a client to authenticate (RFC 7591 §2, token_endpoint_auth_method). Metadata, registration, client documents and the
/// table auth_methods, which the triggers of clients read, follow from this record.
/// </summary>
public sealed record AuthMethod
{
    private static readonly string[] WithSecret = ["machine", "user-facing", "resource-server"];

    public static readonly AuthMethod ClientSecretBasic = new()
    {
        Name = "client_secret_basic",
        Kinds = WithSecret,
        DefaultFor = ["machine", "resource-server"],
        NeedsSecret = true,
    };

    public static readonly AuthMethod ClientSecretPost = new() { Name = "client_secret_post", Kinds = WithSecret, NeedsSecret = true };

    /// <summary>The name of <see cref="None"/>, for statements of SQL.</summary>
    public const string NoneName = "none";

    public static readonly AuthMethod None = new() { Name = NoneName, Kinds = ["user-facing"], DefaultFor = ["user-facing"] };

    /// <summary>The name of the method of signed assertions (RFC 7523 §2.2), for statements of SQL.</summary>
    public const string PrivateKeyJwtName = "private_key_jwt";

    /// <summary>
    /// The assertion of its platform, which is the grant (RFC 7523 §2.1): a machine that a rule makes of a workload. Written by operators
    /// only, and no method of RFC 8414.
    /// </summary>
    public static readonly AuthMethod Federated = new() { Name = "federated", Kinds = ["machine"], ByOperators = true };

    /// <summary>In the order of the metadata: some clients take the first without looking (the C# MCP SDK among them).</summary>
    public static readonly IReadOnlyList<AuthMethod> All = [ClientSecretBasic, ClientSecretPost, None, Federated];

    public required string Name { get; init; }

    /// <summary>The kinds of client that may use it.</summary>
    public required string[] Kinds { get; init; }

    /// <summary>The kinds of client that get it when they name none.</summary>
    public string[] DefaultFor { get; init; } = [];

    /// <summary>Whether it stands on a secret this server has the hash of.</summary>
    public bool NeedsSecret { get; init; }

    /// <summary>Whether only an operator gives it to a client: neither announced nor registered.</summary>
    public bool ByOperators { get; init; }

    public bool IsFor(string kind) => Kinds.Contains(kind, StringComparer.Ordinal);
}
