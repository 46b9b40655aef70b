using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>What a person allowed last time.</summary>
public sealed record RememberedConsent
{
    /// <summary>offline_access included.</summary>
    public required string[] Scope { get; init; }

    /// <summary>Until when; null: as long as the client's row says.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>consents: what a person has allowed before.</summary>
public sealed class ConsentStore(Database database)
{
    public const string FindSql = "select scope, expires_at from consents where subject = @subject and key = @key";

    /// <summary>What was allowed last time under this key (client, redirect URI, resources), over or not; or null.</summary>
    public Task<RememberedConsent?> FindAsync(Guid subject, byte[] key, CancellationToken cancel) =>
        database.FindAsync<RememberedConsent>(FindSql, new { subject, key }, cancel);
}
