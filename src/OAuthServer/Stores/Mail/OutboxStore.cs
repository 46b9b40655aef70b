using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Mail;

/// <summary>A mail that this server alone may send now.</summary>
public sealed record OutboxRow
{
    public required Guid Id { get; init; }
    public required string Kind { get; init; }

    /// <summary>Whom it is about; null: nobody, or not known yet.</summary>
    public required Guid? Subject { get; init; }

    /// <summary>Address and content.</summary>
    public required byte[] Sealed { get; init; }

    /// <summary>The number of this attempt, from 1.</summary>
    public required int Attempts { get; init; }
}

/// <summary>A mail to be queued.</summary>
public sealed record NewOutboxRow
{
    public required string Kind { get; init; }

    /// <summary>Whom it is about; null: nobody, or not known yet.</summary>
    public required Guid? Subject { get; init; }

    /// <summary>Address and content, sealed.</summary>
    public required byte[] Content { get; init; }

    /// <summary>False: nothing is queued, in the same time.</summary>
    public bool Wanted { get; init; } = true;

    /// <summary>When so many wait, this one is not queued.</summary>
    public required int Most { get; init; }

    /// <summary>True: only those of its kind count for <see cref="Most"/>.</summary>
    public bool CountsItsKind { get; init; }

    /// <summary>The person gets one of this kind in so long; null: as many as there are.</summary>
    public TimeSpan? OnceIn { get; init; }
}

/// <summary>Somebody mail reaches: their address is verified.</summary>
public sealed record AddresseeRow
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string Email { get; init; }
    public required string? Locale { get; init; }

    /// <summary>False: they sign in with a sign-in provider, or a passkey, only.</summary>
    public required bool HasPassword { get; init; }

    /// <summary>What people call the sign-in provider they have an account at, the first by its place; null: none.</summary>
    public required string? Company { get; init; }

    /// <summary>Beside a password, a passkey is all they have.</summary>
    public required bool HasOnlyPasskeys { get; init; }
}

/// <summary>The content of a mail that waits.</summary>
public sealed record SealedMail
{
    public required Guid Id { get; init; }
    public required byte[] Sealed { get; init; }
}

/// <summary>What became of an attempt.</summary>
public sealed record MailOutcome
{
    /// <summary>sent, dropped or given_up; null: it is tried again, at <see cref="DueAt"/>.</summary>
    public required string? Outcome { get; init; }

    /// <summary>Why it was not sent.</summary>
    public string? Answer { get; init; }
    public DateTimeOffset? DueAt { get; init; }
}

/// <summary>mail_outbox: filled where something happened, emptied by one server at a time.</summary>
public sealed class OutboxStore(Database database)
{
    /// <summary>So many are tried a minute, over all servers.</summary>
    public const int MostPerMinute = 30;

    public const string AddSql = """
        with added as (
            insert into mail_outbox (kind, subject, sealed, queued_at)
            select @kind, @subject, @content, @now
             where @wanted
               and (select count(*) from (
                   select from mail_outbox where finished_at is null and (@only::text is null or kind = @only) limit @most
               ) as waiting) < @most
               and (@once_since::timestamptz is null or not exists (
                   select from mail_outbox where subject = @subject and kind = @kind and queued_at > @once_since))
            returning id
        )
        select pg_notify('oauth_changes', 'mail_outbox') from added
        """;

    /// <summary>Queues a mail, unless so many wait already, or one that is enough.</summary>
    public Task AddAsync(NewOutboxRow mail, DateTimeOffset now) => database.ExecuteAsync(AddSql, new
    {
        mail.Kind,
        mail.Subject,
        mail.Content,
        mail.Wanted,
        mail.Most,
        only = mail.CountsItsKind ? mail.Kind : null,
        once_since = mail.OnceIn is { } span ? (now - span).UtcDateTime : (DateTime?)null,
        now = now.UtcDateTime,
    }, CancellationToken.None);

    // One server sends at a time: the next looks once this one has chosen, in a statement with a snapshot of its own.
    public const string LockSql = "select pg_advisory_xact_lock(hashtext('mail_outbox'))";

    public const string ClaimSql = """
        with claimed as materialized (
            select id from mail_outbox
             where finished_at is null and attempts < 3 and (due_at is null or due_at <= @now)
               and not exists (select from mail_outbox where finished_at is null and sending_until > @now)
             -- Who waits for a link waits for no notice.
             order by kind not in ('forgot', 'reset', 'invitation', 'address'), attempts, queued_at
             limit greatest(least(@most, @per_minute
                 - (select count(*) from mail_outbox where attempted_at > @now::timestamptz - interval '1 minute')), 0)
               for update skip locked
        )
        update mail_outbox o set attempts = o.attempts + 1, attempted_at = @now, sending_until = @until
          from claimed where o.id = claimed.id
        returning o.id, o.kind, o.subject, o.sealed, o.attempts
        """;

    /// <summary>Mails that are due, which nobody else sends for so long; none while another server sends.</summary>
    public Task<List<OutboxRow>> ClaimAsync(int most, TimeSpan lease, TimeProvider time) => database.TransactAsync(
        async transaction =>
        {
            await transaction.ExecuteAsync(LockSql, null);
            // Now, not when its turn was asked for: by an older time the mails would count for a minute that is over.
            var now = time.GetUtcNow();
            return await transaction.ListAsync<OutboxRow>(ClaimSql,
                new { most, per_minute = MostPerMinute, until = (now + lease).UtcDateTime, now = now.UtcDateTime });
        }, _ => true);

    public const string FinishSql = """
        with finished as (
            update mail_outbox
               set sending_until = null, due_at = @due, answer = @answer, outcome = @outcome,
                   subject = coalesce(@subject, subject),
                   -- What was for nobody takes no other mail's place.
                   attempted_at = case when @outcome = 'dropped' then null else attempted_at end,
                   sealed = case when @outcome::text is null then sealed end,
                   finished_at = case when @outcome::text is not null then @now::timestamptz end
             where id = @id and attempts = @attempts and finished_at is null
            returning kind, subject, outcome, attempts
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, rule, reason, expected, got, detail)
            select @now, @request, 'mail', case outcome when 'sent' then 'ok' else 'refused' end, subject::text,
                   case when outcome is distinct from 'sent' then 'mail' end,
                   case when outcome = 'given_up' then 'the mail could not be sent, and is not tried again'
                        when outcome is null then 'the mail could not be sent' end,
                   case when outcome is distinct from 'sent' then 'a server that takes it, encrypted as set' end,
                   case when outcome is distinct from 'sent' then @answer::text end,
                   kind || ' attempts=' || attempts
              from finished where outcome is distinct from 'dropped'
        )
        select exists (select from finished)
        """;

    /// <summary>Keeps what became of it; of what is finished the content goes.</summary>
    /// <param name="subject">Whom it turned out to be for; null: as the row has it.</param>
    /// <param name="request">Under which the audit log has it.</param>
    public Task<bool> FinishAsync(OutboxRow mail, MailOutcome outcome, Guid? subject, string request, DateTimeOffset now) =>
        database.FindAsync<bool>(FinishSql, new
        {
            mail.Id,
            mail.Attempts,
            subject,
            outcome.Outcome,
            outcome.Answer,
            due = outcome.DueAt?.UtcDateTime,
            request,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string NextSql = """
        select extract(epoch from min(coalesce(greatest(due_at, sending_until), @now::timestamptz)) - @now::timestamptz)::float8
          from mail_outbox where finished_at is null and attempts < 3
        """;

    /// <summary>How long until something is due; zero or less: now; null: nothing waits.</summary>
    public async Task<TimeSpan?> NextAsync(DateTimeOffset now, CancellationToken cancel) =>
        await database.FindAsync<double?>(NextSql, new { now = now.UtcDateTime }, cancel) is { } seconds
            ? TimeSpan.FromSeconds(seconds) : null;

    private const string Addressee = """
        select subject, username, email, locale, password_hash is not null as has_password,
               (select p.label from identities i join identity_providers p on p.issuer = i.issuer
                 where i.subject = users.subject order by p.position, p.id limit 1) as company,
               exists (select from passkeys k where k.subject = users.subject)
                   and not exists (select from identities i where i.subject = users.subject) as has_only_passkeys
          from users
         where enabled and email_verified_at is not null
        """;

    public const string ByAccountSql = $"{Addressee} and lower(email) = @account union all {Addressee} and username = @account limit 1";

    /// <summary>Whose verified address, or user name, this is; null: nobody's whom mail reaches.</summary>
    /// <param name="account">In lower case.</param>
    public Task<AddresseeRow?> FindAsync(string account, CancellationToken cancel) =>
        database.FindAsync<AddresseeRow>(ByAccountSql, new { account }, cancel);

    public const string BySubjectSql = $"{Addressee} and subject = @subject";

    /// <summary>The person, if mail reaches them.</summary>
    public Task<AddresseeRow?> FindAsync(Guid subject, CancellationToken cancel) =>
        database.FindAsync<AddresseeRow>(BySubjectSql, new { subject }, cancel);

    public const string CountSql = """
        select count(*)::int from mail_outbox
         where subject = @subject and kind = @kind and outcome = 'sent' and queued_at > @since
        """;

    /// <summary>How many mails of this kind the person was sent since then.</summary>
    public Task<int> CountAsync(Guid subject, string kind, DateTimeOffset since, CancellationToken cancel) =>
        database.FindAsync<int>(CountSql, new { subject, kind, since = since.UtcDateTime }, cancel);

    public const string SealedSql = "select id, sealed from mail_outbox where sealed is not null order by id";

    /// <summary>The content of all that wait, as it is sealed.</summary>
    public Task<List<SealedMail>> SealedAsync(CancellationToken cancel) => database.ListAsync<SealedMail>(SealedSql, null, cancel);

    public const string ResealSql = "update mail_outbox set sealed = @after where id = @id and sealed = @before";

    /// <summary>The same content, sealed anew; false when it was sent, or another has done it.</summary>
    public async Task<bool> ResealAsync(Guid id, byte[] before, byte[] after, CancellationToken cancel) =>
        await database.ExecuteAsync(ResealSql, new { id, before, after }, cancel) == 1;

    public const string SweepSql = """
        with gone as materialized (
            select id from mail_outbox where queued_at < @now::timestamptz - interval '1 day' limit 500 for update skip locked
        )
        delete from mail_outbox using gone where mail_outbox.id = gone.id
        """;

    /// <summary>Removes a small batch that is a day old; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
