using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>What is known of a person, as an operator edits it. Null: not known.</summary>
public sealed record Profile
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string? Name { get; init; }
    public required string? GivenName { get; init; }
    public required string? FamilyName { get; init; }
    public required string? Locale { get; init; }
    public required string? Email { get; init; }

    /// <summary>Whether the address was shown to be theirs.</summary>
    public required bool EmailVerified { get; init; }
    public required string[] Groups { get; init; }

    /// <summary>Changes with every edit of the row.</summary>
    public required string Version { get; init; }

    /// <summary>What a password is not made of.</summary>
    public IEnumerable<string?> Words => [Username, Name, GivenName, FamilyName, Email];
}

/// <summary>A role of a person in one app.</summary>
public sealed record ClientRole
{
    public required string ClientId { get; init; }
    public required string Role { get; init; }
}

/// <summary>users and client_roles, as far as apps are told of them.</summary>
public sealed class ProfileEdits(Database database)
{
    private const string Columns = """
        u.subject, u.username, u.name, u.given_name, u.family_name, u.locale, u.email, u.email_verified_at is not null as email_verified,
               u.groups, md5(to_jsonb(u)::text) as version
        """;

    public const string FindSql = $"select {Columns} from users u where u.subject = @subject";

    /// <summary>What is known of a person, or null.</summary>
    public Task<Profile?> FindAsync(Guid subject, CancellationToken cancel) =>
        database.FindAsync<Profile>(FindSql, new { subject }, cancel);

    public const string SaveSql = """
        update users u set name = @Name, given_name = @GivenName, family_name = @FamilyName, locale = @Locale, email = @Email,
               email_verified_at = case when not @EmailVerified then null
                   when u.email is not distinct from @Email then coalesce(u.email_verified_at, @now) else @now end,
               groups = @Groups
         where u.subject = @Subject and md5(to_jsonb(u)::text) = @Version
        """;

    /// <summary>The whole of it, unless the row is another one than <see cref="Profile.Version"/> says.</summary>
    public Task<EditResult<EditOutcome>> SaveAsync(RowEdit<Profile> form, Author author, DateTimeOffset now, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, profile) =>
            await edit.ExecuteAsync(SaveSql, new
            {
                profile.Subject,
                profile.Name,
                profile.GivenName,
                profile.FamilyName,
                profile.Locale,
                profile.Email,
                profile.EmailVerified,
                profile.Groups,
                profile.Version,
                now = now.UtcDateTime,
            }) == 1 ? EditOutcome.Done : EditOutcome.Stale, cancel);

    public const string RolesSql = "select client_id, role from client_roles where subject = @subject order by client_id, role";

    /// <summary>A person's roles in all apps.</summary>
    public Task<List<ClientRole>> RolesAsync(Guid subject, CancellationToken cancel) =>
        database.ListAsync<ClientRole>(RolesSql, new { subject }, cancel);

    public const string ChangeRolesSql = """
        with gone as (
            delete from client_roles where client_id = @client and subject = @subject and role = any (@removed)
        )
        insert into client_roles (client_id, subject, role) select @client, @subject, role from unnest(@added::text[]) as one (role)
        on conflict do nothing
        """;

    /// <summary>Adds and takes away roles of a person in one app.</summary>
    public Task<EditResult<int>> ChangeRolesAsync(
        string client, Guid subject, string[] added, string[] removed, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, new RowEdit<string> { Row = client, Restore = (row, _) => row },
            (edit, row) => edit.ExecuteAsync(ChangeRolesSql, new { client = row, subject, added, removed }), cancel);
}
