namespace OAuthServer.Stores.Users;

/// <summary>A one-time link that works, as its row has it. The form that spends it decides none of this.</summary>
public sealed record AccountLinkRow
{
    public required Guid Id { get; init; }

    /// <summary>invitation, reset, mailed_reset or address.</summary>
    public required string Kind { get; init; }

    /// <summary>Whose it is; null: an invitation's person is not here yet.</summary>
    public required Guid? Subject { get; init; }

    /// <summary>Their user name, which an invitation's person will have.</summary>
    public required string Username { get; init; }
    public required string? Role { get; init; }

    /// <summary>The sign-in provider an invitation is accepted with; null: by choosing a password.</summary>
    public required string? Provider { get; init; }
    public required string? Email { get; init; }
    public required string? Locale { get; init; }
    public required string? Name { get; init; }
    public required bool Mailed { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>users.second_factor, whatever the settings say.</summary>
    public required bool IsFactorRequired { get; init; }
}

/// <summary>A one-time link that is made.</summary>
public sealed record NewAccountLink
{
    public required string Kind { get; init; }

    /// <summary>SHA-256 of what the link carries.</summary>
    public byte[] TokenHash { get; init; } = [];

    /// <summary>Of everybody but who is invited.</summary>
    public Guid? Subject { get; init; }

    /// <summary>Of an invitation.</summary>
    public string? Username { get; init; }
    public string? Role { get; init; }
    public string? Provider { get; init; }
    public string? Email { get; init; }
    public string? Locale { get; init; }
    public bool Mailed { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
}
