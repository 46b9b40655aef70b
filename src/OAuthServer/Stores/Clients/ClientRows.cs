using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>A client in a list of its kind.</summary>
public sealed record ListedClient
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required string AuthMethod { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Secrets that are not revoked.</summary>
    public required int Secrets { get; init; }

    /// <summary>When the last of them expires; null: one of them never does.</summary>
    public required DateTimeOffset? SecretsEndAt { get; init; }
}

/// <summary>What a client that is no operator's claimed of itself beyond its row, and where that is kept.</summary>
public sealed record ClaimedMetadata
{
    /// <summary>The open scopes it registered with; empty: any open one. Null: it did not register itself.</summary>
    public required string[]? Scope { get; init; }
    public required string? ClientUri { get; init; }
    public required string? LogoUri { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }

    /// <summary>When it last came back to its registration.</summary>
    public required DateTimeOffset? SeenAt { get; init; }

    /// <summary>When it deleted itself.</summary>
    public required DateTimeOffset? DeletedAt { get; init; }

    /// <summary>When its document was last fetched.</summary>
    public required DateTimeOffset? FetchedAt { get; init; }

    /// <summary>When its document was found gone.</summary>
    public required DateTimeOffset? GoneAt { get; init; }
}

/// <summary>Who and what still stands on a client.</summary>
public sealed record ClientImpact
{
    /// <summary>Grants that have been used and are not over.</summary>
    public required Figure Grants { get; init; }

    /// <summary>Whose they are.</summary>
    public required Figure People { get; init; }

    /// <summary>Access tokens issued within their life: at most so many are live.</summary>
    public required Figure Tokens { get; init; }
}

/// <summary>Which clients of a kind to list; null fits all.</summary>
public sealed record ClientSearch
{
    public required string Kind { get; init; }

    /// <summary>Part of the name or id, in any case; empty fits all.</summary>
    public required string Text { get; init; }

    /// <summary>operator, self-registered or document.</summary>
    public string? Origin { get; init; }
    public bool? Enabled { get; init; }

    /// <summary>The last added first, in place of by id. What has a text is sorted by id.</summary>
    public bool Newest { get; init; }
}
