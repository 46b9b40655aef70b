using Npgsql;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Stores.Federation;

/// <summary>Who somebody is elsewhere: the key of identities. Never an address or a name.</summary>
public sealed record IdentityKey
{
    public required string Issuer { get; init; }

    /// <summary>Empty: the issuer has no tenants.</summary>
    public required string Tenant { get; init; }
    public required string Sub { get; init; }
}

/// <summary>What a provider says of a person; null: nothing.</summary>
public sealed record ArrivedProfile
{
    public string? Name { get; init; }
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }
    public string? Locale { get; init; }
    public string? Email { get; init; }

    /// <summary>Whether the address is verified here, too.</summary>
    public bool EmailVerified { get; init; }
    public string[]? Groups { get; init; }

    /// <summary>user or admin, for people whose role_from is the provider.</summary>
    public string? Role { get; init; }
}

/// <summary>Somebody who came from a provider whose every check has passed.</summary>
public sealed record Arrival
{
    public required string Provider { get; init; }
    public required IdentityKey Key { get; init; }
    public required ArrivedProfile Profile { get; init; }

    /// <summary>What the user name of a new person is made of; null: nobody is made.</summary>
    public required string? NewName { get; init; }

    /// <summary>SHA-256 of the link of an invitation that this browser opened; null: none.</summary>
    public required byte[]? Invitation { get; init; }

    /// <summary>Whether nothing is known of the person but, perhaps, their role.</summary>
    public bool IsBare => Profile is { Name: null, GivenName: null, FamilyName: null, Locale: null, Email: null, Groups: null };
}

/// <summary>Whom that is here.</summary>
public sealed record ArrivedPerson
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required bool HasPassword { get; init; }
}

/// <summary>identities: who people are at providers, as sign-in reads and writes them.</summary>
public sealed class IdentityStore(Database database)
{
    private const int MostAttempts = 12;

    internal const string Key = "issuer = @Issuer and tenant = @Tenant and sub = @Sub";

    public const string FindSql = $"""
        select u.subject, u.username, u.password_hash is not null as has_password
          from identities i join users u on u.subject = i.subject where {Key}
        """;

    /// <summary>Whom it is linked to, or null.</summary>
    public Task<ArrivedPerson?> FindAsync(IdentityKey key, CancellationToken cancel) =>
        database.FindAsync<ArrivedPerson>(FindSql, key, cancel);

    public const string UsedSql = $"update identities set last_used_at = @now where {Key} returning subject";

    // Two people never share a verified address: then it stays unverified.
    private const string IsFree = """
        not exists (select from users other where lower(other.email) = lower(@Email) and other.email_verified_at is not null
                       and other.subject is distinct from @subject::uuid)
        """;

    public const string RefreshSql = $"""
        update users set name = coalesce(@Name, name), given_name = coalesce(@GivenName, given_name),
               family_name = coalesce(@FamilyName, family_name), locale = coalesce(@Locale, locale), email = coalesce(@Email, email),
               email_verified_at = case when @Email::text is null then email_verified_at
                   when lower(@Email) = lower(email) then coalesce(email_verified_at,
                       case when @EmailVerified and {IsFree} then @now::timestamptz end)
                   when @EmailVerified and {IsFree} then @now end,
               groups = coalesce(@Groups, groups)
         where subject = @subject and managed_by = @provider and enabled
        """;

    public const string RoleSql =
        "update users set role = @Role where subject = @subject and role_from = @provider and role <> @Role and enabled";

    public const string CreatedSql = "select set_config('oauth.identity', 'created', true)";

    public const string CreateSql = $"""
        with claimed as (
            select coalesce(nullif(username_of(@name_claimed), ''), 'person') as name
        ), free as (
            -- name, name-2, …; after name-50 something random.
            select one.username from claimed, generate_series(1, 51) as place, lateral (
                select case when place = 1 then name when place <= 50 then left(name, 125) || '-' || place
                            else left(name, 115) || '-' || left(replace(gen_random_uuid()::text, '-', ''), 12) end as username) as one
             where not exists (select from users where users.username = one.username) and not name_is_reserved(one.username)
               -- Nor what somebody else types as their address.
               and not exists (select from users other where lower(other.email) = one.username and other.email_verified_at is not null)
             order by place limit 1
        ), made as (
            insert into users (username, name, given_name, family_name, locale, email, email_verified_at, groups, role, role_from,
                               managed_by)
            select free.username, @Name, @GivenName, @FamilyName, @Locale, @Email::text,
                   case when @EmailVerified and {IsFree} then @now::timestamptz end, coalesce(@Groups::text[], '{"{}"}'),
                   coalesce(@Role, 'user'), @provider, @provider
              from free where not exists (select from identities where {Key})
            on conflict (username) do nothing
            returning subject
        ), linked as (
            insert into identities (issuer, tenant, sub, subject, last_used_at) select @Issuer, @Tenant, @Sub, subject, @now from made
        )
        select subject from made
        """;

    public const string PersonSql = "select subject, username, password_hash is not null as has_password from users where subject = @subject";

    /// <summary>
    /// Whom it is: a known person, with what the provider says of them brought up to date where it manages that; an invited one; or a new
    /// one, where people are made. Null: nobody here. The same new person twice at once is made once.
    /// </summary>
    public async Task<ArrivedPerson?> AdmitAsync(Arrival arrival, Author author, DateTimeOffset now)
    {
        // Who came second with an invitation finds on the second look that it was theirs already.
        var most = arrival.NewName is not null ? MostAttempts : arrival.Invitation is not null ? 2 : 1;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var admitted = await Edit.ByAsync(database, author, edit => AdmitAsync(edit, arrival, author, now), CancellationToken.None);
                // Another one has got the name at the same moment: the next one is tried.
                if (admitted is not null || attempt >= most) return admitted;
            }
            // Somebody else was made, or got that address, at the same moment: now they are seen.
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation && attempt < MostAttempts) { }
            // What a provider says of a person and no row may hold keeps nobody out.
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.CheckViolation && !arrival.IsBare)
            {
                arrival = arrival with { Profile = new ArrivedProfile { Role = arrival.Profile.Role } };
            }
        }
    }

    private static async Task<ArrivedPerson?> AdmitAsync(Edit edit, Arrival arrival, Author author, DateTimeOffset now)
    {
        var values = Values(arrival, null, now);
        var subject = await edit.FindAsync<Guid?>(UsedSql, values);
        if (subject is not null)
        {
            values = Values(arrival, subject, now);
            await edit.ExecuteAsync(RefreshSql, values);
            // The last administrator stays one, whatever a provider says.
            if (arrival.Profile.Role is not null) await edit.TryAsync(async one =>
            {
                await one.ExecuteAsync(RoleSql, values);
                return null;
            });
        }
        else if (arrival.Invitation is { } invitation)
        {
            subject = await AcceptAsync(edit, invitation, arrival, author, now);
            if (subject is not null) await edit.ExecuteAsync(RefreshSql, Values(arrival, subject, now));
        }
        else if (arrival.NewName is not null)
        {
            await edit.ExecuteAsync(CreatedSql, null);
            subject = await edit.FindAsync<Guid?>(CreateSql, values);
        }

        return subject is null ? null : await edit.FindAsync<ArrivedPerson>(PersonSql, new { subject });
    }

    public const string InvitedSql = """
        with managed as (
            update users set managed_by = @provider where subject = @subject
        )
        insert into identities (issuer, tenant, sub, subject, last_used_at) values (@Issuer, @Tenant, @Sub, @subject, @now)
        """;

    // Spends an invitation for whoever came back with it: its person, made and linked to this identity. Null: it does not work, is for
    // another provider, or its name was taken at this moment.
    private static async Task<Guid?> AcceptAsync(Edit edit, byte[] invitation, Arrival arrival, Author author, DateTimeOffset now)
    {
        Guid? subject = null;
        var refused = await edit.TryAsync(async one =>
        {
            await one.ExecuteAsync(CreatedSql, null);
            subject = await one.FindAsync<Guid?>(AccountLinkStore.AcceptSql, new
            {
                hash = invitation,
                password = (string?)null,
                provider = arrival.Provider,
                request = author.RequestId,
                address = author.Address,
                now = now.UtcDateTime,
            });
            if (subject is not null) await one.ExecuteAsync(InvitedSql, Values(arrival, subject, now));
            return null;
        });
        return refused is null ? subject : null;
    }

    private static object Values(Arrival arrival, Guid? subject, DateTimeOffset now) => new
    {
        arrival.Key.Issuer,
        arrival.Key.Tenant,
        arrival.Key.Sub,
        arrival.Profile.Name,
        arrival.Profile.GivenName,
        arrival.Profile.FamilyName,
        arrival.Profile.Locale,
        arrival.Profile.Email,
        arrival.Profile.EmailVerified,
        arrival.Profile.Groups,
        arrival.Profile.Role,
        name_claimed = arrival.NewName,
        provider = arrival.Provider,
        subject,
        now = now.UtcDateTime,
    };
}
