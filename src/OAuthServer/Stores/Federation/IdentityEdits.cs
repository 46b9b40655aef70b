using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Stores.Federation;

/// <summary>An identity of a person, with the provider it is of.</summary>
public sealed record LinkedIdentity
{
    public required string Issuer { get; init; }
    public required string Tenant { get; init; }
    public required string Sub { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required string CreatedBy { get; init; }

    /// <summary>The label of the enabled provider with this issuer; null: there is none.</summary>
    public required string? Label { get; init; }

    /// <summary>The id of that provider.</summary>
    public required string? Provider { get; init; }

    public IdentityKey Key => new() { Issuer = Issuer, Tenant = Tenant, Sub = Sub };
}

/// <summary>What became of linking an identity.</summary>
public enum LinkOutcome
{
    Done,

    /// <summary>It is another person's; whose is not said.</summary>
    Taken,

    /// <summary>The person is disabled, or gone.</summary>
    Gone,
}

/// <summary>An identity of whomever it is, with what would end with it.</summary>
public sealed record IdentityReach
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }

    /// <summary>Browser sessions that began at its company.</summary>
    public required int Sessions { get; init; }

    /// <summary>Live grants that stand on the company's assertions about the person.</summary>
    public required int Grants { get; init; }

    /// <summary>Whether the person can still get in without it.</summary>
    public required bool HasAnotherWay { get; init; }
}

/// <summary>What became of unlinking one.</summary>
public enum UnlinkOutcome
{
    Done,

    /// <summary>It is not this person's.</summary>
    Gone,

    /// <summary>They could not get in any more.</summary>
    LastWayIn,
}

/// <summary>identities, as their people and operators list, link and unlink them.</summary>
public sealed class IdentityEdits(Database database)
{
    public const string ListSql = """
        select i.issuer, i.tenant, i.sub, i.created_at, i.last_used_at, i.created_by, p.label, p.id as provider
          from identities i
          left join lateral (
              select id, label from identity_providers where issuer = i.issuer and enabled order by position, id limit 1) p on true
         where i.subject = @subject order by i.created_at, i.issuer, i.tenant, i.sub limit 100
        """;

    /// <summary>A person's identities, the oldest first; at most 100.</summary>
    public Task<List<LinkedIdentity>> ListAsync(Guid subject, CancellationToken cancel) =>
        database.ListAsync<LinkedIdentity>(ListSql, new { subject }, cancel);

    public const string LinkSql = """
        insert into identities (issuer, tenant, sub, subject)
        select @Issuer, @Tenant, @Sub, subject from users where subject = @subject and enabled for share
        on conflict do nothing
        """;

    public const string OwnerSql = $"select subject from identities where {IdentityStore.Key}";

    /// <summary>Links it to the person, unless it is somebody else's. What is linked already is done.</summary>
    public Task<LinkOutcome> LinkAsync(IdentityKey key, Guid subject, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            if (await edit.ExecuteAsync(LinkSql, new { key.Issuer, key.Tenant, key.Sub, subject }) == 1) return LinkOutcome.Done;
            var owner = await edit.FindAsync<Guid?>(OwnerSql, key);
            return owner is null ? LinkOutcome.Gone : owner == subject ? LinkOutcome.Done : LinkOutcome.Taken;
        }, cancel);

    /// <summary>How a person gets in beside one identity: a password, a passkey, or another company.</summary>
    private const string HasAnotherWay = """
        (exists (select from users u where u.subject = identities.subject and u.password_hash is not null)
            or exists (select from passkeys k where k.subject = identities.subject)
            or exists (select from identities other join identity_providers p on p.issuer = other.issuer and p.enabled
                        where other.subject = identities.subject and (other.issuer, other.tenant, other.sub) <> (@Issuer, @Tenant, @Sub)))
        """;

    public const string ReachSql = $"""
        select subject, (select username from users u where u.subject = identities.subject) as username,
               (select count(*) from sessions s join identity_providers p on p.id = s.idp
                 where s.subject = identities.subject and p.issuer = @Issuer and s.expires_at > @now)::int as sessions,
               (select count(*) from grants g
                 where g.issuer = @Issuer and g.subject = identities.subject and g.kind = 'id-jag' and g.ended_at is null
                   and g.expires_at > @now)::int as grants,
               {HasAnotherWay} as has_another_way
          from identities where {IdentityStore.Key}
        """;

    /// <summary>Whose it is, and what would end with it; null: there is no such identity.</summary>
    public Task<IdentityReach?> ReachAsync(IdentityKey key, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<IdentityReach>(ReachSql, new { key.Issuer, key.Tenant, key.Sub, now = now.UtcDateTime }, cancel);

    public const string UnlinkOwnSql = $"delete from identities where {IdentityStore.Key} and subject = @subject and {HasAnotherWay}";

    public const string KeepSql = "select set_config('oauth.kept_session', @session, true)";

    /// <summary>By its person, in this session, which stays: not where it is the last way in.</summary>
    public Task<UnlinkOutcome> UnlinkOwnAsync(IdentityKey key, Guid subject, byte[] session, Author author) =>
        Edit.ByAsync(database, author, async edit =>
        {
            // Two of them at once: the second waits, and sees what is left.
            await edit.ExecuteAsync(UserStore.LockSql, new { subject });
            await edit.ExecuteAsync(KeepSql, new { session = Convert.ToHexStringLower(session) });
            if (await edit.ExecuteAsync(UnlinkOwnSql, new { key.Issuer, key.Tenant, key.Sub, subject }) == 1) return UnlinkOutcome.Done;
            return await edit.FindAsync<Guid?>(OwnerSql, key) == subject ? UnlinkOutcome.LastWayIn : UnlinkOutcome.Gone;
        }, CancellationToken.None);

    public const string UnlinkSql = $"delete from identities where {IdentityStore.Key} and subject = @subject";

    /// <summary>By an operator, the last way in or not. False: it is not this person's.</summary>
    public async Task<bool> UnlinkAsync(IdentityKey key, Guid subject, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, UnlinkSql, new { key.Issuer, key.Tenant, key.Sub, subject }, cancel) == 1;

    public const string CountSql = "select count(*)::int from identities where issuer = @issuer";

    /// <summary>How many people are linked to an issuer.</summary>
    public Task<int> CountAsync(string issuer, CancellationToken cancel) => database.FindAsync<int>(CountSql, new { issuer }, cancel);

    /// <summary>What an operator would type to unlink it.</summary>
    public static string UnlinkText(IdentityKey key) => $"delete from identities where issuer = {SqlText.Quote(key.Issuer)} "
        + $"and tenant = {SqlText.Quote(key.Tenant)} and sub = {SqlText.Quote(key.Sub)};";
}
