namespace OAuthServer.Stores.Users;

/// <summary>A person as operators see one: all but the password's hash.</summary>
public sealed record UserSummary
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Role { get; init; }
    public required bool Enabled { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A person in the list of all, with what they have going on.</summary>
public sealed record UserOverview
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Role { get; init; }
    public required bool Enabled { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Grants that have been used and are not over.</summary>
    public required int LiveGrants { get; init; }

    /// <summary>As far back as the audit log goes.</summary>
    public required DateTimeOffset? LastSignIn { get; init; }

    /// <summary>Changes with every edit of the row.</summary>
    public required string Version { get; init; }
}

/// <summary>Which people; null fits all.</summary>
public sealed record UserSearch
{
    /// <summary>Part of the name, in any case; empty fits all.</summary>
    public required string Text { get; init; }

    /// <summary>user or admin.</summary>
    public string? Role { get; init; }
    public bool? Enabled { get; init; }

    /// <summary>The last added first, in place of by name.</summary>
    public bool Newest { get; init; }
}

/// <summary>What an administrator changes about a person; null stays as it is.</summary>
public sealed record UserChange
{
    public required Guid Subject { get; init; }

    /// <summary>Of the row as it was shown; null: whatever it is by now.</summary>
    public required string? Version { get; init; }
    public string? Role { get; init; }
    public bool? Enabled { get; init; }

    /// <summary>bcrypt, cost 10 to 14.</summary>
    public string? Hash { get; init; }
}

/// <summary>Whether a change to a person was made.</summary>
public enum UserOutcome
{
    Done,

    /// <summary>Somebody else changed the row since it was shown; nothing was written.</summary>
    Stale,

    /// <summary>There is no such person.</summary>
    Gone,

    /// <summary>Nobody would be left who could enter the administration.</summary>
    LastAdministrator,
}
