namespace OAuthServer.Stores.Clients;

/// <summary>What an operator says about a new client; the database fills in what is null.</summary>
public sealed record NewClient
{
    public required string ClientId { get; init; }

    /// <summary>machine, user-facing or resource-server.</summary>
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public string[] RedirectUris { get; init; } = [];
    public string[] Scopes { get; init; } = [];
    public string[] DefaultScopes { get; init; } = [];
    public string[] Resources { get; init; } = [];
    public string? DefaultResource { get; init; }

    /// <summary>Null: what the kind uses.</summary>
    public string[]? GrantTypes { get; init; }

    /// <summary>Null: none for user-facing clients, client_secret_basic for the others.</summary>
    public string? AuthMethod { get; init; }
    public required int AccessTokenSeconds { get; init; }
    public required int RefreshTokenSeconds { get; init; }
    public required int RefreshIdleSeconds { get; init; }
    public string? Note { get; init; }

    /// <summary>It gets tokens with a DPoP proof only (RFC 9449).</summary>
    public bool DpopRequired { get; init; }

    /// <summary>What signs its id_tokens: RS256 or ES256.</summary>
    public string IdTokenAlg { get; init; } = "RS256";

    /// <summary>Seconds since the last sign-in that are good enough when its request has no max_age; null: any.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>It pushes every authorization request (RFC 9126), and no other is taken.</summary>
    public bool ParRequired { get; init; }

    /// <summary>Where people may be sent after they signed out.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Where it is told that a sign-in has ended; null: nowhere.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>Its public keys, a JWK set; null: none, or they are at <see cref="JwksUri"/>.</summary>
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>The one algorithm of its assertions; null: any that fits its keys.</summary>
    public string? AssertionAlg { get; init; }
}

/// <summary>What an operator says about a new secret; only its hash is ever stored.</summary>
public sealed record NewSecret
{
    public required string ClientId { get; init; }

    /// <summary>bcrypt, cost 10 to 14.</summary>
    public required string Hash { get; init; }
    public required string Label { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A secret as operators see it: all but the hash.</summary>
public sealed record SecretSummary
{
    public required long Id { get; init; }
    public required string ClientId { get; init; }
    public required string Label { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }
    public required DateTimeOffset? RevokedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
}
