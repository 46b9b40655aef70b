using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A live grant as an operator sees it: who allowed which client what.</summary>
public sealed record ListedGrant
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required string ClientName { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }

    /// <summary>code or device: how it began.</summary>
    public required string Kind { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }

    /// <summary>Whether refresh tokens are issued.</summary>
    public required bool Offline { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last got a token; null: its code has not been redeemed.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The key its tokens are bound to (RFC 7638); null: none.</summary>
    public string? Jkt { get; init; }
}

/// <summary>Which live grants; null fits all.</summary>
public sealed record GrantSearch
{
    public string? Client { get; init; }
    public Guid? Subject { get; init; }
    public string? Resource { get; init; }

    /// <summary>A list of them begins with the oldest.</summary>
    public bool Oldest { get; init; }
}

/// <summary>What would end with some grants.</summary>
public sealed record GrantImpact
{
    public required Figure Grants { get; init; }

    /// <summary>Whose they are.</summary>
    public required Figure People { get; init; }

    /// <summary>Whom they were given to.</summary>
    public required Figure Clients { get; init; }
}
