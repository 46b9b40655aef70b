using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>What somebody has to prove themselves with beside a password, and whether they must.</summary>
public sealed record FactorsRow
{
    public required string Username { get; init; }
    public required string Role { get; init; }

    /// <summary>users.second_factor, whatever the settings say.</summary>
    public required bool IsRequired { get; init; }

    /// <summary>Whether they get in without a second factor, too: by a password or a company.</summary>
    public required bool HasAnotherWay { get; init; }
    public required bool HasPassword { get; init; }

    /// <summary>An authenticator app.</summary>
    public required bool HasCodes { get; init; }
    public required int Passkeys { get; init; }
    public required int RecoveryCodes { get; init; }
    public required string? Email { get; init; }
    public required string? Locale { get; init; }
}

/// <summary>The secret of somebody's authenticator app.</summary>
public sealed record SealedSecret
{
    public required Guid Subject { get; init; }
    public required byte[] SecretSealed { get; init; }
}

/// <summary>totp and recovery_codes.</summary>
public sealed class FactorStore(Database database)
{
    /// <summary>
    /// The session a change comes from still stands, and has shown the second factor its person has: whoever knows the password alone
    /// neither adds one nor takes one away.
    /// </summary>
    internal const string MayChange = """
        exists (select from sessions s where s.id_hash = @session and s.subject = @subject
                   and (s.acr = 'aal2' or not (exists (select from totp t where t.subject = s.subject)
                                               or exists (select from passkeys k where k.subject = s.subject))))
        """;

    public const string FindSql = """
        select u.username, u.role, u.second_factor is not null as is_required, u.password_hash is not null as has_password,
               u.password_hash is not null or exists (select from identities i where i.subject = u.subject) as has_another_way,
               exists (select from totp t where t.subject = u.subject) as has_codes,
               (select count(*) from passkeys p where p.subject = u.subject)::int as passkeys,
               (select count(*) from recovery_codes r where r.subject = u.subject)::int as recovery_codes, u.email, u.locale
          from users u
         where u.subject = @subject
        """;

    /// <summary>What a person has; null: there is no such person.</summary>
    public Task<FactorsRow?> FindAsync(Guid subject, CancellationToken cancel) =>
        database.FindAsync<FactorsRow>(FindSql, new { subject }, cancel);

    public const string EnrolSql = $"""
        with person as (
            select subject from users where subject = @subject and enabled and {MayChange}
        ), app as (
            insert into totp (subject, secret_sealed, last_step, created_at) select subject, @secret, @step, @now from person
            on conflict (subject) do update
               set secret_sealed = excluded.secret_sealed, last_step = excluded.last_step, created_at = excluded.created_at
            returning subject
        ), old as (
            delete from recovery_codes where subject in (select subject from app)
        ), paper as (
            insert into recovery_codes (subject, code_hash) select subject, hash from app, unnest(@codes::bytea[]) as one (hash)
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'second-factor', 'ok', subject::text, @address, 'an authenticator app was added' from app
        )
        select exists (select from app)
        """;

    /// <summary>An authenticator app, in the place of the one before, and recovery codes in the place of those before.</summary>
    /// <param name="secret">Sealed.</param>
    /// <param name="step">Of the code that proved it.</param>
    /// <param name="session">SHA-256 of the id of the session it comes from.</param>
    public Task<bool> EnrolAsync(
        Guid subject, byte[] session, byte[] secret, long step, byte[][] codes, Author author, DateTimeOffset now) =>
        AloneAsync(subject, author, EnrolSql, new
        {
            subject,
            session,
            secret,
            step,
            codes,
            now = now.UtcDateTime,
            request = author.RequestId,
            address = author.Address,
        });

    public const string RenewSql = $"""
        with person as (
            select u.subject from users u where u.subject = @subject and u.enabled and {MayChange}
               and (exists (select from totp t where t.subject = u.subject) or exists (select from passkeys p where p.subject = u.subject))
        ), old as (
            delete from recovery_codes where subject in (select subject from person)
        ), paper as (
            insert into recovery_codes (subject, code_hash) select subject, hash from person, unnest(@codes::bytea[]) as one (hash)
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'recovery', 'ok', subject::text, @address, 'new recovery codes; the old ones ended' from person
        )
        select exists (select from person)
        """;

    /// <summary>New recovery codes in the place of the old; false for who has no second factor to recover.</summary>
    public Task<bool> RenewAsync(Guid subject, byte[] session, byte[][] codes, Author author, DateTimeOffset now) =>
        AloneAsync(subject, author, RenewSql,
            new { subject, session, codes, now = now.UtcDateTime, request = author.RequestId, address = author.Address });

    public const string RemoveSql = $"""
        with removed as (
            delete from totp where subject = @subject and {MayChange}
               and (not @required or exists (select from passkeys other where other.subject = @subject))
            returning subject
        ), paper as (
            delete from recovery_codes r using removed
             where r.subject = removed.subject and not exists (select from passkeys p where p.subject = r.subject)
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'second-factor', 'ok', subject::text, @address, 'the authenticator app was removed' from removed
        )
        select exists (select from removed)
        """;

    /// <summary>Takes the authenticator app away; recovery codes go with the last second factor.</summary>
    /// <param name="required">Whether the person must keep a second factor.</param>
    public Task<bool> RemoveAsync(Guid subject, byte[] session, bool required, Author author, DateTimeOffset now) =>
        AloneAsync(subject, author, RemoveSql,
            new { subject, session, required, now = now.UtcDateTime, request = author.RequestId, address = author.Address });

    // Alone with the person's row: a statement does not see what another one did while it waited for a lock of its own.
    private Task<bool> AloneAsync(Guid subject, Author author, string sql, object parameters) =>
        Edit.ByAsync(database, author, async edit =>
        {
            await edit.FindAsync<Guid?>(UserStore.LockSql, new { subject });
            return await edit.FindAsync<bool>(sql, parameters);
        }, CancellationToken.None);

    public const string ResetSql = """
        with person as (
            select subject, username from users where username = @username for no key update
        ), keys as (
            delete from passkeys where subject in (select subject from person) returning 1
        ), apps as (
            delete from totp where subject in (select subject from person) returning 1
        ), paper as (
            delete from recovery_codes where subject in (select subject from person) returning 1
        ), attempts as (
            delete from code_attempts where subject in (select subject from person)
        ), waiting as (
            delete from pending_sign_ins where subject in (select subject from person)
        ), signed_out as (
            delete from sessions where subject in (select subject from person) returning 1
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, actor, address, detail)
            select @now, @request, 'second-factor', 'ok', subject::text, @actor, @address,
                   format('reset: passkeys %s, authenticator apps %s, recovery codes %s, sessions ended %s', (select count(*) from keys),
                          (select count(*) from apps), (select count(*) from paper), (select count(*) from signed_out))
              from person
        )
        select (select count(*) from keys) + (select count(*) from apps) from person
        """;

    /// <summary>
    /// Takes all second factors of a person away and ends their sessions; returns how many passkeys and apps that were, null: nobody has
    /// the name.
    /// </summary>
    public Task<int?> ResetAsync(string username, Author author, DateTimeOffset now) =>
        Edit.ByAsync(database, author, edit => edit.FindAsync<int?>(ResetSql, new
        {
            username,
            actor = author.Name,
            request = author.RequestId,
            address = author.Address,
            now = now.UtcDateTime,
        }), CancellationToken.None);

    public const string SecretsSql = "select subject, secret_sealed from totp order by subject";

    /// <summary>The secrets of all authenticator apps, as they are sealed.</summary>
    public Task<List<SealedSecret>> SecretsAsync(CancellationToken cancel) => database.ListAsync<SealedSecret>(SecretsSql, null, cancel);

    public const string ResealSql = "update totp set secret_sealed = @after where subject = @subject and secret_sealed = @before";

    /// <summary>The same secret, sealed anew; false when it is gone or another has done it.</summary>
    public async Task<bool> ResealAsync(Guid subject, byte[] before, byte[] after, CancellationToken cancel) =>
        await database.ExecuteAsync(ResealSql, new { subject, before, after }, cancel) == 1;

    public const string AdministratorsWithoutSql = """
        select username from users u
         where role = 'admin' and enabled and not exists (select from totp t where t.subject = u.subject)
           and not exists (select from passkeys p where p.subject = u.subject)
         order by username limit 100
        """;

    /// <summary>Enabled administrators who have a password and nothing else.</summary>
    public Task<List<string>> AdministratorsWithoutAsync(CancellationToken cancel) =>
        database.ListAsync<string>(AdministratorsWithoutSql, null, cancel);
}
