namespace OAuthServer.Stores.Grants;

/// <summary>
/// The grant a code or refresh token stands for, read before anything is done with it: what never changes once it was made. All
/// else is for the deciding statement, which holds the row's lock.
/// </summary>
public sealed record PresentedGrant
{
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }
    public required string[] Scope { get; init; }
    public required string[] Resources { get; init; }
    public required bool Offline { get; init; }

    /// <summary>Whether the client requested offline_access by name.</summary>
    public required bool OfflineRequested { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Whether a resource was named when it was requested.</summary>
    public required bool ResourceNamed { get; init; }

    /// <summary>What the person was told APIs see of them: the resource, a blank, the claim.</summary>
    public required string[] Disclosed { get; init; }

    /// <summary>OpenID Connect: the sign-in it was allowed in; null: it has no id_tokens, nor what follows.</summary>
    public required Guid? Sid { get; init; }
    public required DateTimeOffset? AuthTime { get; init; }
    public required string? Acr { get; init; }
    public required string[]? Amr { get; init; }

    /// <summary>Null: the request had none.</summary>
    public required string? Nonce { get; init; }

    /// <summary>
    /// It was a code not redeemed yet, or the newest refresh token. Says which statement is likely to have the answer, and never
    /// what the answer is.
    /// </summary>
    public required bool IsCurrent { get; init; }

    /// <summary>A code that had been redeemed when codes began to begin with their grant, beside which there may be others.</summary>
    public bool IsSpent { get; init; }
}

/// <summary>An access token that is issued if the statement does what it is asked to: what its audit row says.</summary>
public sealed record TokenFacts
{
    public required string Jti { get; init; }
    public required string Resource { get; init; }

    /// <summary>As it is sent: separated by spaces.</summary>
    public required string Scope { get; init; }
}
