using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>grants, by what is presented: one read by primary key. Whoever presents it, and whether or not it still may.</summary>
public sealed class PresentedGrantStore(Database database)
{
    private const string Columns =
        "g.id, g.client_id, g.subject, g.scope, g.resources, g.offline, g.offline_requested, g.expires_at";

    public const string CodeSql =
        $"select {Columns}, g.activated_at is null as is_current from grants g where g.id = @id and g.code_hash = @hash";

    /// <summary>Null: no code of this grant, or one in whose place another has been put.</summary>
    /// <param name="hash">Of its secret.</param>
    public Task<PresentedGrant?> CodeAsync(Guid id, byte[] hash, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(CodeSql, new { id, hash }, cancel);

    public const string OldCodeSql = $"""
        select {Columns}, t.kind = 'code' and g.activated_at is null as is_current, t.kind = 'spent_code' as is_spent
          from old_tokens t join grants g on g.id = t.grant_id
         where t.hash = @hash and (t.kind = 'spent_code' or t.kind = 'code' and g.code_hash = t.hash)
        """;

    /// <summary>The same of a code that does not begin with its grant.</summary>
    /// <param name="hash">Of its text.</param>
    public Task<PresentedGrant?> OldCodeAsync(byte[] hash, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(OldCodeSql, new { hash }, cancel);

    public const string RefreshTokenSql = $"""
        select {Columns}, g.refresh_hash is not distinct from @hash as is_current
          from grants g where g.id = @id and g.family_hash = @family
        """;

    /// <summary>Null: no refresh token of this grant. A grant's id alone, which every JWT carries, finds nothing.</summary>
    /// <param name="hash">Of its secret.</param>
    /// <param name="family">Hash of its family.</param>
    public Task<PresentedGrant?> RefreshTokenAsync(Guid id, byte[] hash, byte[] family, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(RefreshTokenSql, new { id, hash, family }, cancel);

    public const string OldRefreshTokenSql = $"""
        select {Columns}, g.refresh_hash is not distinct from t.hash as is_current
          from old_tokens t join grants g on g.id = t.grant_id
         where t.hash = @hash and t.kind = 'refresh_token'
        """;

    /// <summary>The same of a refresh token that does not begin with its grant.</summary>
    /// <param name="hash">Of its text.</param>
    public Task<PresentedGrant?> OldRefreshTokenAsync(byte[] hash, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(OldRefreshTokenSql, new { hash }, cancel);
}
