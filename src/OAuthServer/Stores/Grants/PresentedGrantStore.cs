using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>
/// grants, by what is presented: read by primary key, together for all who present something at the same moment. Whoever presents
/// it, and whether or not it still may.
/// </summary>
public sealed class PresentedGrantStore(Database database)
{
    private readonly SharedRead<Presented, PresentedGrant> presented = new("presented_grant", database, FindSql, keys =>
    {
        keys.Add("id", NpgsqlDbType.Uuid, one => one.Id);
        keys.AddBytes("hash", one => one.Hash);
        keys.AddBytes("family", one => one.Family);
    }, Read);

    // What of the row does not change, and so needs no lock.
    private const string Columns = """
        g.id, g.client_id, g.subject, g.scope, g.resources, g.offline, g.offline_requested, g.expires_at, g.resource_named, g.disclosed,
               g.sid, g.auth_time, g.acr, g.amr, g.nonce
        """;

    // A code is known by the hash of its secret, a refresh token by its family's; the other kind never fits.
    public const string FindSql = $"""
        select requested.place::int, {Columns},
               case when requested.family is null then g.activated_at is null else g.refresh_hash is not distinct from requested.hash end
          from unnest(@id::uuid[], @hash::bytea[], @family::bytea[]) with ordinality as requested (id, hash, family, place)
          join grants g on g.id = requested.id
           and case when requested.family is null then g.code_hash = requested.hash else g.family_hash = requested.family end
        """;

    /// <summary>Null: no code of this grant, or one in whose place another has been put.</summary>
    /// <param name="hash">Of its secret.</param>
    public Task<PresentedGrant?> CodeAsync(Guid id, byte[] hash) => presented.FindAsync(new Presented(id, hash, null));

    /// <summary>Null: no refresh token of this grant. A grant's id alone, which every JWT carries, finds nothing.</summary>
    /// <param name="hash">Of its secret.</param>
    /// <param name="family">Hash of its family.</param>
    public Task<PresentedGrant?> RefreshTokenAsync(Guid id, byte[] hash, byte[] family) =>
        presented.FindAsync(new Presented(id, hash, family));

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => presented.RunAsync(cancel);

    public const string OldCodeSql = $"""
        select {Columns}, t.kind = 'code' and g.activated_at is null as is_current, t.kind = 'spent_code' as is_spent
          from old_tokens t join grants g on g.id = t.grant_id
         where t.hash = @hash and (t.kind = 'spent_code' or t.kind = 'code' and g.code_hash = t.hash)
        """;

    /// <summary>The same as <see cref="CodeAsync"/> of a code that does not begin with its grant.</summary>
    /// <param name="hash">Of its text.</param>
    public Task<PresentedGrant?> OldCodeAsync(byte[] hash, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(OldCodeSql, new { hash }, cancel);

    public const string OldRefreshTokenSql = $"""
        select {Columns}, g.refresh_hash is not distinct from t.hash as is_current
          from old_tokens t join grants g on g.id = t.grant_id
         where t.hash = @hash and t.kind = 'refresh_token'
        """;

    /// <summary>The same as <see cref="RefreshTokenAsync"/> of a refresh token that does not begin with its grant.</summary>
    /// <param name="hash">Of its text.</param>
    public Task<PresentedGrant?> OldRefreshTokenAsync(byte[] hash, CancellationToken cancel) =>
        database.FindAsync<PresentedGrant>(OldRefreshTokenSql, new { hash }, cancel);

    private static PresentedGrant Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(1),
        ClientId = row.GetString(2),
        Subject = row.GetGuid(3),
        Scope = row.GetFieldValue<string[]>(4),
        Resources = row.GetFieldValue<string[]>(5),
        Offline = row.GetBoolean(6),
        OfflineRequested = row.GetBoolean(7),
        ExpiresAt = new DateTimeOffset(row.GetDateTime(8)),
        ResourceNamed = row.GetBoolean(9),
        Disclosed = row.GetFieldValue<string[]>(10),
        Sid = row.IsDBNull(11) ? null : row.GetGuid(11),
        AuthTime = row.IsDBNull(12) ? null : new DateTimeOffset(row.GetDateTime(12)),
        Acr = row.IsDBNull(13) ? null : row.GetString(13),
        Amr = row.IsDBNull(14) ? null : row.GetFieldValue<string[]>(14),
        Nonce = row.IsDBNull(15) ? null : row.GetString(15),
        IsCurrent = row.GetBoolean(16),
    };

    /// <param name="Family">Null: a code.</param>
    private sealed record Presented(Guid Id, byte[] Hash, byte[]? Family);
}
