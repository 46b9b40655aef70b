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

    /// <summary>An assertion that the client signs (RFC 7523 §2.2).</summary>
    public static readonly AuthMethod PrivateKeyJwt = new() { Name = PrivateKeyJwtName, Kinds = WithSecret, NeedsKeys = true };

    /// <summary>None of its own: a machine that only what it runs on vouches for. An operator says so, nobody else.</summary>
    public static readonly AuthMethod Federated = new() { Name = "federated", Kinds = ["machine"], IsOffered = false };

    /// <summary>In the order of the metadata: some clients take the first without looking (the C# MCP SDK among them).</summary>
    public static readonly IReadOnlyList<AuthMethod> All = [ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt, Federated];

    public required string Name { get; init; }

    /// <summary>The kinds of client that may use it.</summary>
    public required string[] Kinds { get; init; }

    /// <summary>The kinds of client that get it when they name none.</summary>
    public string[] DefaultFor { get; init; } = [];

    /// <summary>Whether it stands on a secret this server has the hash of.</summary>
    public bool NeedsSecret { get; init; }

    /// <summary>Whether it stands on public keys of the client.</summary>
    public bool NeedsKeys { get; init; }

    /// <summary>Whether metadata lists it and a client may register with it.</summary>
    public bool IsOffered { get; init; } = true;

    public bool IsFor(string kind) => Kinds.Contains(kind, StringComparer.Ordinal);
}
