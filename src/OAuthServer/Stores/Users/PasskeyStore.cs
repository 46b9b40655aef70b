using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>A passkey and its person.</summary>
public sealed record PasskeyRow
{
    public required byte[] Id { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>By which the authenticator names the person.</summary>
    public required byte[] Handle { get; init; }

    /// <summary>COSE (RFC 9053).</summary>
    public required byte[] PublicKey { get; init; }
    public required long SignCount { get; init; }
}

/// <summary>A passkey as its person sees it.</summary>
public sealed record OwnPasskey
{
    public required byte[] Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
}

/// <summary>A passkey that was made a moment ago.</summary>
public sealed record NewPasskey
{
    public required byte[] Id { get; init; }
    public required Guid Subject { get; init; }
    public required byte[] PublicKey { get; init; }
    public required long SignCount { get; init; }
    public required string Name { get; init; }
}

/// <summary>passkeys, and the challenges that were used.</summary>
public sealed class PasskeyStore(Database database)
{
    /// <summary>The most one person has.</summary>
    public const int Most = 20;

    public const string HandleSql = """
        with named as (
            update users set passkey_handle = @handle where subject = @subject and passkey_handle is null returning passkey_handle
        )
        select coalesce((select passkey_handle from named), (select passkey_handle from users where subject = @subject))
        """;

    /// <summary>By which passkeys name this person, made at first.</summary>
    /// <param name="handle">32 random octets, for who has none.</param>
    public Task<byte[]?> HandleAsync(Guid subject, byte[] handle) =>
        database.FindAsync<byte[]>(HandleSql, new { subject, handle }, CancellationToken.None);

    public const string OfSql = "select id, name, created_at, last_used_at from passkeys where subject = @subject order by created_at, id";

    /// <summary>Of one person, the first added first.</summary>
    public Task<List<OwnPasskey>> OfAsync(Guid subject, CancellationToken cancel) =>
        database.ListAsync<OwnPasskey>(OfSql, new { subject }, cancel);

    public const string AddSql = $"""
        with person as (
            select subject from users where subject = @subject and enabled and {FactorStore.MayChange}
        ), added as (
            insert into passkeys (id, subject, public_key, sign_count, name, created_at)
            select @Id, subject, @PublicKey, @SignCount, @Name, @now from person
             where (select count(*) from passkeys where subject = @subject) < @most
            on conflict (id) do nothing
            returning subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'passkey', 'ok', subject::text, @address, 'a passkey was added' from added
        )
        select exists (select from added)
        """;

    /// <summary>False: somebody has this passkey already, the person is disabled or has <see cref="Most"/>.</summary>
    /// <param name="session">SHA-256 of the id of the session it comes from.</param>
    public Task<bool> AddAsync(NewPasskey passkey, byte[] session, Author author, DateTimeOffset now) => AloneAsync(
        passkey.Subject, author, AddSql, new
        {
            passkey.Id,
            subject = passkey.Subject,
            session,
            passkey.PublicKey,
            passkey.SignCount,
            passkey.Name,
            most = Most,
            now = now.UtcDateTime,
            request = author.RequestId,
            address = author.Address,
        });

    public const string FindSql = """
        select p.id, p.subject, u.username, u.enabled, u.passkey_handle as handle, p.public_key, p.sign_count
          from passkeys p join users u on u.subject = p.subject
         where p.id = @id
        """;

    /// <summary>By its credential id, or null.</summary>
    public Task<PasskeyRow?> FindAsync(byte[] id, CancellationToken cancel) => database.FindAsync<PasskeyRow>(FindSql, new { id }, cancel);

    public const string UseSql = """
        with used as (
            update passkeys set sign_count = @count, last_used_at = @now
             where id = @id and subject = @subject and (sign_count < @count or (sign_count = 0 and @count = 0))
            returning subject
        )
        select exists (select from used)
        """;

    /// <summary>Compares its counter and writes it (WebAuthn L3 §6.1.1); false: it did not rise, or the passkey is gone.</summary>
    public Task<bool> UseAsync(byte[] id, Guid subject, long count, DateTimeOffset now) =>
        database.FindAsync<bool>(UseSql, new { id, subject, count, now = now.UtcDateTime }, CancellationToken.None);

    public const string RenameSql = "update passkeys set name = @name where id = @id and subject = @subject";

    /// <summary>False: not theirs.</summary>
    public async Task<bool> RenameAsync(byte[] id, Guid subject, string name) =>
        await database.ExecuteAsync(RenameSql, new { id, subject, name }, CancellationToken.None) == 1;

    public const string RemoveSql = $"""
        with person as (
            select subject, password_hash from users where subject = @subject and {FactorStore.MayChange}
        ), removed as (
            delete from passkeys p using person
             where p.id = @id and p.subject = person.subject
               and (person.password_hash is not null
                    or exists (select from passkeys other where other.subject = person.subject and other.id <> @id)
                    or exists (select from identities i join identity_providers using (issuer)
                                where i.subject = person.subject and enabled))
               and (not @required or exists (select from totp t where t.subject = person.subject)
                    or exists (select from passkeys other where other.subject = person.subject and other.id <> @id))
            returning p.subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'passkey', 'ok', subject::text, @address, 'a passkey was removed' from removed
        )
        select exists (select from removed)
        """;

    /// <summary>False: not theirs, or their last way in.</summary>
    /// <param name="required">Whether the person must keep a second factor.</param>
    public Task<bool> RemoveAsync(byte[] id, Guid subject, byte[] session, bool required, Author author, DateTimeOffset now) => AloneAsync(
        subject, author, RemoveSql,
        new { id, subject, session, required, now = now.UtcDateTime, request = author.RequestId, address = author.Address });

    // Alone with the person's row: a statement does not see what another one did while it waited for a lock of its own.
    private Task<bool> AloneAsync(Guid subject, Author author, string sql, object parameters) =>
        Edit.ByAsync(database, author, async edit =>
        {
            await edit.FindAsync<Guid?>(UserStore.LockSql, new { subject });
            return await edit.FindAsync<bool>(sql, parameters);
        }, CancellationToken.None);
}
