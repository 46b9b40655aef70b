using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>
/// users, as operators edit them. The table's trigger ends sessions and grants when a person is disabled or a password changes.
/// </summary>
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

    public const string RequireFactorSql =
        "update users set second_factor = case when @required then 'required' end where username = @username";

    /// <summary>Whether a person must sign in with a second factor whatever the settings say.</summary>
    public Task<int> RequireFactorAsync(string username, bool required, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, RequireFactorSql, new { username, required }, cancel);

    public const string ChangePasswordSql =
        "update users set password_hash = @hash where subject = @subject and password_hash is not distinct from @oldHash and enabled";

    /// <summary>A person's own new password. False: another one was set, or the person disabled, since the old one was checked.</summary>
    /// <param name="oldHash">The stored hash that the old password was compared with; null: they had none.</param>
    public async Task<bool> ChangePasswordAsync(Guid subject, string? oldHash, string hash, Author author) =>
        await Edit.ByAsync(database, author, ChangePasswordSql, new { subject, oldHash, hash }, CancellationToken.None) == 1;

    public const string DeleteSql = "delete from users where subject = @subject";

    /// <summary>
    /// Deletes an account with its sessions, grants, links and all else that is theirs, in one statement; triggers tell apps and resource
    /// servers, reserve the name, and write the audit row. Of the last administrator it is refused. False: there is no such person.
    /// </summary>
    public async Task<bool> DeleteAsync(Guid subject, Author author) =>
        await Edit.ByAsync(database, author, DeleteSql, new { subject }, CancellationToken.None) == 1;

    public const string ReleaseSql = """
        with released as (
            delete from reserved_names where name_hash = sha256(convert_to(@username, 'UTF8')) returning name_hash
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, address, actor, detail)
            select @now, @request, 'account', 'ok', @address, @actor, 'a reserved name was released' from released
        )
        select exists (select from released)
        """;

    /// <summary>Gives the name of a deleted account free; false: it is not reserved.</summary>
    public Task<bool> ReleaseAsync(string username, Author author, DateTimeOffset now) => Edit.ByAsync(database, author, edit =>
        edit.FindAsync<bool>(ReleaseSql, new
        {
            username,
            request = author.RequestId,
            address = author.Address,
            actor = author.Name,
            now = now.UtcDateTime,
        }), CancellationToken.None);

    public const string FindSql = "select subject, username, role, enabled, created_at from users where username = @username";

    /// <summary>By name, or null.</summary>
    public Task<UserSummary?> FindAsync(string username, CancellationToken cancel) => database.FindAsync<UserSummary>(
        FindSql, new { username }, cancel);

    public const string NameSql = "select username from users where subject = @subject";

    /// <summary>Whose subject it is, or null.</summary>
    public Task<string?> NameAsync(Guid subject, CancellationToken cancel) => database.FindAsync<string>(NameSql, new { subject }, cancel);

    internal const string People = """
        select u.subject, u.username, u.role, u.enabled, u.created_at, md5(to_jsonb(u)::text) as version,
               (select count(*) from grants g
                   where g.subject = u.subject and g.ended_at is null and g.expires_at > @now)::int as live_grants,
               (select a.at from audit_events a
                   where a.subject = u.subject::text and a.subject is distinct from a.client_id
                   and a.event = 'sign-in' and a.outcome = 'ok'
                 order by a.at desc limit 1) as last_sign_in
          from users u

        """;

    private const string PersonSql = People + "where u.subject = @subject";

    /// <summary>One person, or null.</summary>
    public Task<UserOverview?> UserAsync(Guid subject, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<UserOverview>(PersonSql, new { subject, now = now.UtcDateTime }, cancel);

    public const string NamesSql = "select subject, username, role, enabled, created_at from users where subject = any (@subjects)";

    /// <summary>Whose subjects these are; those nobody has any more are left out.</summary>
    public Task<List<UserSummary>> NamesAsync(Guid[] subjects, CancellationToken cancel) => database.ListAsync<UserSummary>(
        NamesSql, new { subjects }, cancel);

    // Two administrators who demote each other at once: the second waits here, and then sees what the first has done.
    public const string LockAdministratorsSql = "select from users where role = 'admin' order by subject for update";

    public const string ChangeSql = """
        update users u set role = coalesce(@Role, role), enabled = coalesce(@Enabled, enabled),
               password_hash = coalesce(@Hash, password_hash)
         where subject = @Subject and (@Version::text is null or md5(to_jsonb(u)::text) = @Version)
           and (not (role = 'admin' and enabled) or (coalesce(@Role, role) = 'admin' and coalesce(@Enabled, enabled))
                or exists (select from users other where other.subject <> @Subject and other.role = 'admin' and other.enabled
                       and (not has_local_way_in(u.subject, u.password_hash) or has_local_way_in(other.subject, other.password_hash))))
        """;

    /// <summary>Changes the row as it was shown; the last enabled administrator stays one, whoever asks: a page or a command.</summary>
    public Task<UserOutcome> ChangeAsync(UserChange change, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            await edit.ExecuteAsync(LockAdministratorsSql, null);
            if (await edit.ExecuteAsync(ChangeSql, change) == 1) return UserOutcome.Done;
            return await edit.FindAsync<string>(VersionSql, new { change.Subject }) switch
            {
                null => UserOutcome.Gone,
                var version when change.Version is not null && version != change.Version => UserOutcome.Stale,
                _ => UserOutcome.LastAdministrator,
            };
        }, cancel);

    public const string VersionSql = "select md5(to_jsonb(u)::text) from users u where subject = @Subject";

    /// <summary>What an operator would type to change a role.</summary>
    public static string RoleText(string username, string role) =>
        $"update users set role = {SqlText.Quote(role)} where username = {SqlText.Quote(username)};";

    /// <summary>What an operator would type to disable or enable several people.</summary>
    public static string EnableText(IEnumerable<string> usernames, bool enabled) =>
        $"update users set enabled = {(enabled ? "true" : "false")} where username in ({SqlText.List(usernames)});";

    /// <summary>What an operator would type to disable somebody.</summary>
    public static string DisableText(string username) => $"update users set enabled = false where username = {SqlText.Quote(username)};";
}
