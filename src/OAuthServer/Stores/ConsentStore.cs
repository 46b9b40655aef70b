namespace OAuthServer.Stores;

/// <summary>consents: what a person has allowed before.</summary>
public sealed class ConsentStore(Database database)
{
    public const string FindSql = "select scope from consents where subject = @subject and key = @key";

    /// <summary>The scope allowed last time under this key (client, redirect URI, resources), or null.</summary>
    public Task<string[]?> FindAsync(Guid subject, byte[] key, CancellationToken cancel) => database.FindAsync<string[]>(FindSql, new { subject, key }, cancel);
}
