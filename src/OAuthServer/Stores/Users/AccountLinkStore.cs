using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>account_links: made here, and each spent by one statement that also does what it is for.</summary>
public sealed class AccountLinkStore(Database database)
{
    private const string Columns = """
        l.id, l.kind, l.subject, coalesce(l.username, u.username) as username, l.role, l.provider, coalesce(l.email, u.email) as email,
               coalesce(l.locale, u.locale) as locale, u.name, l.mailed,
               l.created_at, l.expires_at, u.second_factor is not null as is_factor_required
        """;

    // Those of a disabled person, and invitations to a name that somebody has by now, do not work.
    private const string Working = """
        l.expires_at > @now
               and case when l.kind <> 'invitation' then u.enabled
                        else not exists (select from users other where other.username = l.username) and not name_is_reserved(l.username) end
        """;

    public const string MakeSql = """
        with made as (
            insert into account_links (kind, token_hash, subject, username, role, provider, email, locale, mailed, created_at, expires_at)
            select @Kind, @TokenHash, @Subject, @Username, @Role, @Provider, @Email, @Locale, @Mailed, @now, @ExpiresAt
             where @Subject::uuid is null or exists (select from users where subject = @Subject and enabled)
            on conflict (person, kind) do update
               set id = excluded.id, token_hash = excluded.token_hash, role = excluded.role, provider = excluded.provider,
                   email = excluded.email, locale = excluded.locale, mailed = excluded.mailed, created_at = excluded.created_at,
                   expires_at = excluded.expires_at
            returning id, kind, subject, username
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, actor, detail)
            select @now, @request, 'account-link', 'ok', subject::text, @address, nullif(@actor, ''),
                   kind || ' made' || coalesce(' for ' || username, '')
              from made
        )
        select id from made
        """;

    /// <summary>
    /// A new link, in the place of one of the same kind for the same person. Null: the person is gone or disabled. Throws what
    /// <see cref="Edit.TryAsync(Func{Task})"/> takes for a refusal when the row is no good: the name is taken, say.
    /// </summary>
    public Task<Guid?> MakeAsync(NewAccountLink link, Author author, DateTimeOffset now) => Edit.ByAsync(database, author, edit =>
        edit.FindAsync<Guid?>(MakeSql, new
        {
            link.Kind,
            link.TokenHash,
            link.Subject,
            link.Username,
            link.Role,
            link.Provider,
            link.Email,
            link.Locale,
            link.Mailed,
            ExpiresAt = link.ExpiresAt.UtcDateTime,
            request = author.RequestId,
            address = author.Address,
            actor = author.Name,
            now = now.UtcDateTime,
        }), CancellationToken.None);

    public const string FindSql = $"""
        select {Columns} from account_links l left join users u on u.subject = l.subject where l.token_hash = @hash and {Working}
        """;

    /// <summary>The link, if it works: a look, which spends nothing.</summary>
    public Task<AccountLinkRow?> FindAsync(byte[] hash, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<AccountLinkRow>(FindSql, new { hash, now = now.UtcDateTime }, cancel);

    public const string ListSql = $"""
        select {Columns} from account_links l left join users u on u.subject = l.subject
         where {Working} and (l.subject = @subject or @subject::uuid is null and l.kind = 'invitation')
         order by l.created_at desc limit 200
        """;

    /// <summary>The links of a person that work; null: all invitations.</summary>
    public Task<List<AccountLinkRow>> ListAsync(Guid? subject, DateTimeOffset now, CancellationToken cancel) =>
        database.ListAsync<AccountLinkRow>(ListSql, new { subject, now = now.UtcDateTime }, cancel);

    public const string RevokeSql = """
        with gone as (
            delete from account_links where id = @id returning kind, subject, username
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, actor, detail)
            select @now, @request, 'account-link', 'ok', subject::text, @address, nullif(@actor, ''),
                   kind || ' revoked' || coalesce(' of ' || username, '')
              from gone
        )
        select exists (select from gone)
        """;

    /// <summary>Ends a link by an operator; false: it has ended already.</summary>
    public Task<bool> RevokeAsync(Guid id, Author author, DateTimeOffset now) => database.FindAsync<bool>(RevokeSql,
        new { id, request = author.RequestId, address = author.Address, actor = author.Name, now = now.UtcDateTime },
        CancellationToken.None);

    public const string AcceptSql = """
        with spent as (
            delete from account_links l
             where l.token_hash = @hash and l.kind = 'invitation' and l.expires_at > @now and l.provider is not distinct from @provider
               and not exists (select from users where username = l.username)
            returning l.username, l.role, l.email, l.locale, l.mailed
        ), person as (
            insert into users (username, password_hash, role, email, email_verified_at, locale)
            select username, @password, role, email,
                   case when mailed and not exists (select from users other
                            where lower(other.email) = lower(spent.email) and other.email_verified_at is not null) then @now end, locale
              from spent
            returning subject, username
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'account-link', 'ok', subject::text, @address, 'invitation accepted' from person
        )
        select subject from person
        """;

    /// <summary>
    /// Spends an invitation and makes its person, once, as its row says: with a password, or for a sign-in provider that the row
    /// names. Null: it does not work, or is not for this provider.
    /// </summary>
    /// <param name="password">bcrypt; null: they sign in at <paramref name="provider"/>.</param>
    public async Task<Guid?> AcceptAsync(byte[] hash, string? password, string? provider, Author author, DateTimeOffset now)
    {
        Guid? subject = null;
        // Refused: the name was taken, or reserved, at this very moment. The guest is not told which.
        var values = new { hash, password, provider, request = author.RequestId, address = author.Address, now = now.UtcDateTime };
        var refused = await Edit.TryAsync(async () => subject = await Edit.ByAsync(
            database, author, edit => edit.FindAsync<Guid?>(AcceptSql, values), CancellationToken.None));
        return refused is null ? subject : null;
    }

    public const string ResetSql = """
        with spent as (
            delete from account_links l using users u
             where l.token_hash = @hash and l.kind in ('reset', 'mailed_reset') and l.expires_at > @now
               and u.subject = l.subject and u.enabled
            returning l.subject, l.kind
        ), changed as (
            update users u set password_hash = @password from spent where u.subject = spent.subject and u.enabled
            returning u.subject, spent.kind
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'account-link', 'ok', subject::text, @address, kind || ' used' from changed
        )
        select subject from changed
        """;

    /// <summary>
    /// Spends a link to a new password, which ends every session, grant and other link of its person. Null: it does not work.
    /// </summary>
    /// <param name="password">bcrypt.</param>
    public Task<Guid?> ResetAsync(byte[] hash, string password, Author author, DateTimeOffset now) => Edit.ByAsync(database, author,
        edit => edit.FindAsync<Guid?>(ResetSql,
            new { hash, password, request = author.RequestId, address = author.Address, now = now.UtcDateTime }), CancellationToken.None);

    public const string ProveSql = """
        with spent as (
            delete from account_links l using users u
             where l.token_hash = @hash and l.kind = 'address' and l.expires_at > @now and u.subject = l.subject and u.enabled
               and not exists (select from users other
                   where lower(other.email) = lower(l.email) and other.email_verified_at is not null and other.subject <> l.subject)
            returning l.subject, l.email
        ), proven as (
            update users u set email = spent.email, email_verified_at = @now from spent where u.subject = spent.subject
            returning u.subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'account-link', 'ok', subject::text, @address, 'address verified' from proven
        )
        select subject from proven
        """;

    /// <summary>
    /// Spends the proof of an address, which is its person's from then on. Null: it does not work, or is verified as another person's.
    /// </summary>
    public async Task<Guid?> ProveAsync(byte[] hash, Author author, DateTimeOffset now)
    {
        Guid? subject = null;
        // Refused: another person's proof of the same address came first by a moment.
        var values = new { hash, request = author.RequestId, address = author.Address, now = now.UtcDateTime };
        var refused = await Edit.TryAsync(async () => subject = await Edit.ByAsync(
            database, author, edit => edit.FindAsync<Guid?>(ProveSql, values), CancellationToken.None));
        return refused is null ? subject : null;
    }

    public const string SweepSql = """
        with gone as materialized (
            select id from account_links where expires_at < @now limit 500 for update skip locked
        )
        delete from account_links using gone where account_links.id = gone.id
        """;

    /// <summary>Removes a small batch that has expired; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
