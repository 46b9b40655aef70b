using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What a person allowed last time.</summary>
public sealed record RememberedConsent
{
    /// <summary>offline_access included.</summary>
    public required string[] Scope { get; init; }

    /// <summary>Until when; null: as long as the client's row says.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What agents may do with it elsewhere, as <see cref="OnwardRule.Write"/> has it.</summary>
    public required string Onward { get; init; }
}

/// <summary>consents: what a person has allowed before.</summary>
public sealed class ConsentStore(Database database)
{
    private readonly SharedRead<(Guid Subject, byte[] Key), RememberedConsent> remembered = new("consent", database, FindSql, keys =>
    {
        keys.Add("subject", NpgsqlDbType.Uuid, one => one.Subject);
        keys.AddBytes("key", one => one.Key);
    }, row => new RememberedConsent
    {
        Scope = row.GetFieldValue<string[]>(1),
        ExpiresAt = row.IsDBNull(2) ? null : new DateTimeOffset(row.GetDateTime(2)),
        Onward = row.GetString(3),
    });

    public const string FindSql = """
        select requested.place::int, c.scope, c.expires_at, c.onward::text
          from unnest(@subject::uuid[], @key::bytea[]) with ordinality as requested (subject, key, place)
          join consents c on c.subject = requested.subject and c.key = requested.key
        """;

    /// <summary>What was allowed last time under this key (client, redirect URI, resources), over or not; or null.</summary>
    public Task<RememberedConsent?> FindAsync(Guid subject, byte[] key) => remembered.FindAsync((subject, key));

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => remembered.RunAsync(cancel);
}
