using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>Somebody who has given the first factor.</summary>
public sealed record NewPendingSignIn
{
    /// <summary>SHA-256 of the ticket.</summary>
    public required byte[] Id { get; init; }

    /// <summary>SHA-256 of the browser's cookie.</summary>
    public required byte[] Browser { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>The stored hash a password was compared with: another by now, and nothing begins. Null: no password was.</summary>
    public required string? PasswordHash { get; init; }

    /// <summary>The live session that becomes surer; null: a sign-in.</summary>
    public required byte[]? Session { get; init; }
    public required string How { get; init; }
    public required string[] Amr { get; init; }
    public required string? Idp { get; init; }
    public required bool Remember { get; init; }
    public required DateTimeOffset AuthenticatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A sign-in that waits for the second factor.</summary>
public sealed record PendingSignInRow
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required byte[]? SessionHash { get; init; }
    public required string How { get; init; }
    public required string[] Amr { get; init; }
    public required string? Idp { get; init; }
    public required bool Remember { get; init; }
    public required DateTimeOffset AuthenticatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required bool HasCodes { get; init; }
    public required bool HasPasskeys { get; init; }
    public required bool HasRecoveryCodes { get; init; }
}

/// <summary>One try of a code.</summary>
public sealed record CodeAttempt
{
    public required Guid Subject { get; init; }

    /// <summary>False: twenty were wrong in an hour, and this one is not looked at.</summary>
    public required bool Allowed { get; init; }
    public required DateTimeOffset? PausedUntil { get; init; }

    /// <summary>Of the authenticator app, sealed; null: there is none.</summary>
    public required byte[]? SecretSealed { get; init; }
    public required int Attempts { get; init; }
}

/// <summary>pending_sign_ins, code_attempts, and what a right code changes.</summary>
public sealed class PendingSignInStore(Database database)
{
    public const string AddSql = """
        insert into pending_sign_ins (id_hash, browser_hash, subject, session_hash, how, amr, idp, remember, authenticated_at,
                                      expires_at)
        select @Id, @Browser, subject, @Session, @How, @Amr, @Idp, @Remember, @AuthenticatedAt, @ExpiresAt
          from users
         where subject = @Subject and enabled and (@PasswordHash::text is null or password_hash = @PasswordHash) for share
        """;

    /// <summary>False: the person was disabled meanwhile, or has another password now.</summary>
    public async Task<bool> AddAsync(NewPendingSignIn pending) => await database.ExecuteAsync(AddSql, new
    {
        pending.Id,
        pending.Browser,
        pending.Subject,
        pending.PasswordHash,
        pending.Session,
        pending.How,
        pending.Amr,
        pending.Idp,
        pending.Remember,
        AuthenticatedAt = pending.AuthenticatedAt.UtcDateTime,
        ExpiresAt = pending.ExpiresAt.UtcDateTime,
    }, CancellationToken.None) == 1;

    public const string FindSql = """
        select p.subject, u.username, p.session_hash, p.how, p.amr, p.idp, p.remember, p.authenticated_at, p.expires_at,
               exists (select from totp t where t.subject = p.subject) as has_codes,
               exists (select from passkeys k where k.subject = p.subject) as has_passkeys,
               exists (select from recovery_codes r where r.subject = p.subject) as has_recovery_codes
          from pending_sign_ins p join users u on u.subject = p.subject and u.enabled
         where p.id_hash = @id and p.browser_hash = @browser and p.expires_at > @now and p.attempts < 5
        """;

    /// <summary>Null: unknown, another browser's, too old, tried too often, or ended.</summary>
    public Task<PendingSignInRow?> FindAsync(byte[] id, byte[] browser, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<PendingSignInRow>(FindSql, new { id, browser, now = now.UtcDateTime }, cancel);

    public const string TrySql = """
        with tried as (
            update pending_sign_ins set attempts = attempts + 1
             where id_hash = @id and browser_hash = @browser and expires_at > @now and attempts < 5
            returning subject, attempts
        ), counted as (
            insert into code_attempts as a (subject, failures, since) select subject, 1, @now from tried
            on conflict (subject) do update
               set failures = case when a.paused_until is not null or a.since <= @now - interval '1 hour' then 1 else a.failures + 1 end,
                   since = case when a.paused_until is not null or a.since <= @now - interval '1 hour' then @now else a.since end,
                   -- The twentieth is looked at; if it is wrong, too, none is for a while.
                   paused_until = case when a.paused_until is null and a.since > @now - interval '1 hour' and a.failures + 1 >= 20
                       then @now + interval '15 minutes' end
             where a.paused_until is null or a.paused_until <= @now
            returning subject
        )
        select t.subject, t.attempts, exists (select from counted) as allowed, a.paused_until, totp.secret_sealed
          from tried t left join code_attempts a on a.subject = t.subject left join totp on totp.subject = t.subject
        """;

    /// <summary>
    /// Counts a try before it is looked at, of this sign-in and of this person from anywhere. Null: there is no such sign-in any more.
    /// </summary>
    public Task<CodeAttempt?> TryAsync(byte[] id, byte[] browser, DateTimeOffset now) =>
        database.FindAsync<CodeAttempt>(TrySql, new { id, browser, now = now.UtcDateTime }, CancellationToken.None);

    public const string AcceptCodeSql = """
        with taken as (
            update totp set last_step = @step
             where subject = @subject and last_step < @step and secret_sealed = @secret
               and exists (select from pending_sign_ins where id_hash = @id and subject = @subject)
            returning subject
        ), over as (
            delete from pending_sign_ins where id_hash = @id and exists (select from taken) returning subject
        ), forgiven as (
            delete from code_attempts where subject in (select subject from over)
        )
        select exists (select from over)
        """;

    /// <summary>Takes a code of the authenticator app, once; false: its step or a later one was taken, or the sign-in is over.</summary>
    /// <param name="secret">Sealed, as the code was checked against it.</param>
    public Task<bool> AcceptCodeAsync(byte[] id, Guid subject, byte[] secret, long step) =>
        database.FindAsync<bool>(AcceptCodeSql, new { id, subject, secret, step }, CancellationToken.None);

    public const string AcceptRecoveryCodeSql = """
        with taken as (
            delete from recovery_codes
             where subject = @subject and code_hash = @code
               and exists (select from pending_sign_ins where id_hash = @id and subject = @subject)
            returning subject
        ), over as (
            delete from pending_sign_ins where id_hash = @id and exists (select from taken) returning subject
        ), forgiven as (
            delete from code_attempts where subject in (select subject from over)
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'recovery', 'ok', subject::text, @address,
                   'a recovery code was used, ' || (select count(*) - 1 from recovery_codes where subject = @subject) || ' left'
              from over
        )
        select exists (select from over)
        """;

    /// <summary>Takes a recovery code, once; false: there is no such code, or the sign-in is over.</summary>
    public Task<bool> AcceptRecoveryCodeAsync(byte[] id, Guid subject, byte[] code, DateTimeOffset now, string request, string address) =>
        database.FindAsync<bool>(
            AcceptRecoveryCodeSql, new { id, subject, code, now = now.UtcDateTime, request, address }, CancellationToken.None);

    public const string SweepSql = """
        with gone as materialized (
            select id_hash from pending_sign_ins where expires_at < @now limit 500 for update skip locked
        )
        delete from pending_sign_ins using gone where pending_sign_ins.id_hash = gone.id_hash
        """;

    /// <summary>Removes a small batch of those that are over; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);

    public const string SweepAttemptsSql = """
        with gone as materialized (
            select subject from code_attempts
             where since < @hour_ago and (paused_until is null or paused_until < @now) limit 500 for update skip locked
        )
        delete from code_attempts using gone where code_attempts.subject = gone.subject
        """;

    /// <summary>Forgets a small batch of wrong codes of long ago; returns how many people's.</summary>
    public Task<int> SweepAttemptsAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepAttemptsSql, new { now = now.UtcDateTime, hour_ago = now.UtcDateTime.AddHours(-1) }, cancel);
}
