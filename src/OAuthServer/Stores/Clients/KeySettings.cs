namespace OAuthServer.Stores.Clients;

/// <summary>The public keys of a client that proves itself by key, as its row has them: a set, or where it is.</summary>
public sealed record KeySettings
{
    /// <summary>Of a client without.</summary>
    public static readonly KeySettings None = new();

    /// <summary>A JWK set (RFC 7517); null: it is at <see cref="JwksUri"/>.</summary>
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>The one algorithm of its assertions; null: any that fits its keys.</summary>
    public string? Alg { get; init; }
}
