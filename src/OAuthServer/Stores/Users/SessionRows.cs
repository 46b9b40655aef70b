namespace OAuthServer.Stores.Users;

/// <summary>A live session with the person it belongs to.</summary>
public sealed record SessionRow
{
    public required byte[] IdHash { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Role { get; init; }

    /// <summary>When the person proved who they are; at a company, that may have been long before.</summary>
    public required DateTimeOffset AuthenticatedAt { get; init; }

    /// <summary>When it began here.</summary>
    public required DateTimeOffset BeganAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the password was given again in it, for a change; null: not since the sign-in.</summary>
    public required DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>When the person last proved who they are to this server's pages; apps are told <see cref="AuthenticatedAt"/>.</summary>
    public DateTimeOffset ProvenAt => ConfirmedAt > AuthenticatedAt ? ConfirmedAt.Value : AuthenticatedAt;

    /// <summary>What its id_tokens call it; no key to the session.</summary>
    public required Guid Sid { get; init; }

    /// <summary>aal1 or aal2 (NIST SP 800-63B).</summary>
    public required string Acr { get; init; }

    /// <summary>How the person signed in (RFC 8176).</summary>
    public required string[] Amr { get; init; }

    /// <summary>The sign-in provider it began at; null: here.</summary>
    public required string? Idp { get; init; }

    /// <summary>Stays when the browser closes, and does not idle away.</summary>
    public required bool Remembered { get; init; }

    /// <summary>Whether the person can prove who they are by a password.</summary>
    public required bool HasPassword { get; init; }

    /// <summary>users.second_factor: whether they sign in with a second factor whatever the settings say.</summary>
    public required bool SecondFactorRequired { get; init; }

    /// <summary>
    /// Whom the audit log names for what is done here: admin:olivia, and of anybody else the subject: no name stays once they are gone.
    /// </summary>
    public string Actor => Role == "admin" ? $"admin:{Username}" : $"user:{Subject}";
}

/// <summary>A session that begins.</summary>
public sealed record NewSession
{
    /// <summary>SHA-256 of its id.</summary>
    public required byte[] Id { get; init; }

    /// <summary>SHA-256 of the id of the browser's session until now, which ends; or null.</summary>
    public required byte[]? Previous { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>The stored hash that a password was compared with: another by now, and no session begins. Null: no password was.</summary>
    public required string? PasswordHash { get; init; }
    public required string Acr { get; init; }
    public required string[] Amr { get; init; }
    public required string? Idp { get; init; }

    /// <summary>When the person proved who they are, where that was before now; null: now.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>Whether it is <see cref="Previous"/> that goes on under a new id: it must still be there, and be the person's.</summary>
    public bool Continues { get; init; }

    /// <summary>When the password was given again in it, for a change; null: not since the sign-in.</summary>
    public DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>When it ends at the latest.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it ends if it is remembered, which no administrator's is; null: it is not.</summary>
    public required DateTimeOffset? RememberedUntil { get; init; }
    public required string Agent { get; init; }

    /// <summary>What the audit log says of it: password, say.</summary>
    public required string How { get; init; }
}
