using OAuthServer.Stores.Users;

namespace OAuthServer.Users;

/// <summary>A person who has just proven who they are, and how: what a session begins with.</summary>
public sealed record Authenticated
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }

    /// <summary>The stored hash that their password was compared with; null: none was asked.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>What the audit log says of it.</summary>
    public required string How { get; init; }

    /// <summary>aal1: one factor; aal2: two (NIST SP 800-63B).</summary>
    public string Acr { get; init; } = "aal1";

    /// <summary>How, for apps (RFC 8176).</summary>
    public required string[] Amr { get; init; }

    /// <summary>The sign-in provider that says so; null: we do.</summary>
    public string? Idp { get; init; }

    /// <summary>When they proved it, where that was before now: at a provider, or in a session that becomes surer; null: now.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>Whether a session of theirs goes on, which must still be there.</summary>
    public bool Continues { get; init; }

    /// <summary>Whether that is because they gave their password again: good for changes here, nothing that apps are told.</summary>
    public bool Confirms { get; init; }

    /// <summary>Whether they asked to stay signed in on this device.</summary>
    public bool Remember { get; init; }

    /// <summary>
    /// By their password, in a session of theirs, which stays as sure as it was. One of two factors does not become younger by one of them.
    /// </summary>
    public static Authenticated Again(UserRow user, SessionRow session) => ByPassword(user) with
    {
        Acr = session.Acr,
        Amr = session.Amr,
        Idp = session.Idp,
        AuthenticatedAt = session.Acr == "aal2" ? session.AuthenticatedAt : null,
        Continues = true,
        Confirms = true,
        Remember = session.Remembered,
    };

    /// <summary>By their password.</summary>
    public static Authenticated ByPassword(UserRow user) => new()
    {
        Subject = user.Subject,
        Username = user.Username,
        PasswordHash = user.PasswordHash,
        How = "password",
        Amr = ["pwd"],
    };
}
