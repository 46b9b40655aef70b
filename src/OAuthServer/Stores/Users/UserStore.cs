using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>A row of users.</summary>
public sealed record UserRow
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    /// <summary>Null: no password opens it.</summary>
    public required string? PasswordHash { get; init; }
    public required string Role { get; init; }
    public required bool Enabled { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>users, as the running server reads them.</summary>
public sealed class UserStore(Database database)
{
    public const string FindSql = "select * from users where username = @username";

    /// <summary>By the name they typed, already lower case; null when unknown.</summary>
    public Task<UserRow?> FindAsync(string username, CancellationToken cancel) => database.FindAsync<UserRow>(
        FindSql, new { username }, cancel);

    public const string FindForSignInSql = """
        select * from users where username = @typed or (email_verified_at is not null and lower(email) = @typed)
         order by (username = @typed) desc limit 1
        """;

    /// <summary>By what they typed, already lower case: the name, else a verified address; null when unknown.</summary>
    public Task<UserRow?> FindForSignInAsync(string typed, CancellationToken cancel) =>
        database.FindAsync<UserRow>(FindForSignInSql, new { typed }, cancel);

    public const string ImportedHashSql = "select password_hash from users where password_hash !~ '^\\$2' limit 1";

    /// <summary>Somebody's slow hash that was imported; null when all are bcrypt.</summary>
    public Task<string?> ImportedHashAsync(CancellationToken cancel) => database.FindAsync<string>(ImportedHashSql, null, cancel);

    public const string IsEnabledSql = "select exists (select from users where subject = @subject and enabled)";

    /// <summary>Whether there is such a person, and enabled.</summary>
    public Task<bool> IsEnabledAsync(Guid subject, CancellationToken cancel) =>
        database.FindAsync<bool>(IsEnabledSql, new { subject }, cancel);

    /// <summary>Whoever holds this is alone with the person: grants and sessions begin under a shared lock of the row.</summary>
    internal const string LockSql = "select subject from users where subject = @subject for no key update";
}
