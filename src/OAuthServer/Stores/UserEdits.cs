namespace OAuthServer.Stores;

/// <summary>A person as operators see one: all but the password's hash.</summary>
public sealed record UserSummary
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Role { get; init; }
    public required bool Enabled { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>users, as operators edit them. The table's trigger ends sessions and grants when a person is disabled or a password changes.</summary>
public sealed class UserEdits(Database database)
{
    public const string AddSql = """
        insert into users (username, password_hash, role) values (@username, @hash, @role)
        on conflict (username) do nothing
        returning subject
        """;

    /// <summary>The new subject, or null when the name is taken.</summary>
    public Task<Guid?> AddAsync(string username, string hash, string role, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit => edit.FindAsync<Guid?>(AddSql, new { username, hash, role }), cancel);

    public const string PasswordSql = "update users set password_hash = @hash where username = @username";

    /// <summary>False: no such person.</summary>
    public async Task<bool> PasswordAsync(string username, string hash, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, PasswordSql, new { username, hash }, cancel) == 1;

    public const string ChangePasswordSql = "update users set password_hash = @hash where subject = @subject and password_hash = @proven and enabled";

    /// <summary>A person's own new password. False: another one was set, or the person disabled, since the old one was proven.</summary>
    /// <param name="proven">The stored hash the old password was proven against.</param>
    public async Task<bool> ChangePasswordAsync(Guid subject, string proven, string hash, Author author) =>
        await Edit.ByAsync(database, author, ChangePasswordSql, new { subject, proven, hash }, CancellationToken.None) == 1;

    public const string RoleSql = "update users set role = @role where username = @username and role <> @role";

    /// <summary>False: no such person, or the role is theirs already.</summary>
    public async Task<bool> RoleAsync(string username, string role, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, RoleSql, new { username, role }, cancel) == 1;

    public const string EnableSql = "update users set enabled = @enabled where username = @username and enabled <> @enabled";

    /// <summary>False: no such person, or in that state already.</summary>
    public async Task<bool> EnableAsync(string username, bool enabled, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableSql, new { username, enabled }, cancel) == 1;

    public const string ListSql = "select subject, username, role, enabled, created_at from users order by username";

    /// <summary>Everybody.</summary>
    public Task<List<UserSummary>> ListAsync(CancellationToken cancel) => database.ListAsync<UserSummary>(ListSql, null, cancel);

    public const string FindSql = "select subject, username, role, enabled, created_at from users where username = @username";

    /// <summary>By name, or null.</summary>
    public Task<UserSummary?> FindAsync(string username, CancellationToken cancel) => database.FindAsync<UserSummary>(FindSql, new { username }, cancel);

    public const string NameSql = "select username from users where subject = @subject";

    /// <summary>Whose subject it is, or null.</summary>
    public Task<string?> NameAsync(Guid subject, CancellationToken cancel) => database.FindAsync<string>(NameSql, new { subject }, cancel);
}
