using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Import;

/// <summary>A client of another server.</summary>
public sealed record ImportedClient
{
    public required NewClient Client { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>Before its oldest token: one that was issued earlier than its client is refused.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    public required IReadOnlyList<NewSecret> Secrets { get; init; }
}

/// <summary>A person of another server.</summary>
public sealed record ImportedUser(Guid Subject, string Username, string PasswordHash, string Role, bool Enabled);

/// <summary>A refresh token of another server, known by its hash.</summary>
public sealed record ImportedRefreshToken
{
    public required Guid GrantId { get; init; }

    /// <summary>SHA-256 of its text.</summary>
    public required byte[] Hash { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }
    public required string[] Scope { get; init; }
    public required bool OfflineRequested { get; init; }
    public required string[] Resources { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A browser session of another server, known by the hash of its cookie.</summary>
public sealed record ImportedSession(
    byte[] Hash, Guid Subject, DateTimeOffset AuthenticatedAt, DateTimeOffset Now, DateTimeOffset ExpiresAt);

/// <summary>What stands where an imported row would go.</summary>
public sealed record ImportPlace
{
    /// <summary>The same is there already.</summary>
    public bool IsThere { get; init; }
    public bool HasClient { get; init; }

    /// <summary>The person is there, and enabled.</summary>
    public bool HasUser { get; init; }

    /// <summary>The client may use refresh tokens.</summary>
    public bool MayRefresh { get; init; }

    /// <summary>The first resource that is not there.</summary>
    public string? MissingResource { get; init; }
}

/// <summary>Rows of another server, each added once: what is there stays as it is. One transaction holds all of them.</summary>
public sealed class ImportStore(Edit edit)
{
    public const string MarkSql = "insert into imported_marks (hash, expires_at) values (@hash, @expires) on conflict do nothing";

    /// <summary>Notes that this is imported; false: it was before, and what became of it since stays so.</summary>
    /// <param name="hash">SHA-256 of the token or cookie, or of the public key.</param>
    public async Task<bool> MarkAsync(byte[] hash, DateTimeOffset expires) =>
        await edit.ExecuteAsync(MarkSql, new { hash, expires = expires.UtcDateTime }) == 1;

    public const string AddKeySql = """
        insert into imported_keys (kid, alg, public_key, issuer, verifies_until)
        select @Kid, @Alg, @PublicKey, @Issuer, @until where not exists (select from signing_keys where kid = @Kid)
        on conflict (kid) do nothing
        """;

    /// <summary>False: a key of this kid is there.</summary>
    public async Task<bool> AddAsync(Keys.ImportedKeyRow key) =>
        await edit.ExecuteAsync(AddKeySql,
            new { key.Kid, key.Alg, key.PublicKey, key.Issuer, until = key.VerifiesUntil.UtcDateTime }) == 1;

    public const string DescribeClientSql = "update clients set enabled = @enabled, created_at = @created where client_id = @client";

    /// <summary>The client and its secrets. False: a client of this id is there.</summary>
    public async Task<bool> AddAsync(ImportedClient client)
    {
        if (await edit.ExecuteAsync(ClientEdits.AddSql, client.Client) == 0) return false;
        await edit.ExecuteAsync(DescribeClientSql,
            new { client = client.Client.ClientId, enabled = client.Enabled, created = client.CreatedAt.UtcDateTime });
        foreach (var secret in client.Secrets) await edit.FindAsync<long>(ClientEdits.AddSecretSql, ClientEdits.Parameters(secret));
        return true;
    }

    public const string AddUserSql = """
        insert into users (subject, username, password_hash, role, enabled) values (@Subject, @Username, @PasswordHash, @Role, @Enabled)
        on conflict do nothing
        """;

    public const string FindUserSql = "select exists (select from users where subject = @Subject and username = @Username)";

    /// <summary>True: added; false: the same person is there; null: another one has this name or this subject.</summary>
    public async Task<bool?> AddAsync(ImportedUser user) =>
        await edit.ExecuteAsync(AddUserSql, user) == 1 ? true : await edit.FindAsync<bool>(FindUserSql, user) ? false : null;

    public const string FindPlaceSql = """
        select exists (select from old_tokens where hash = @Hash) as is_there,
               exists (select from clients where client_id = @ClientId) as has_client,
               exists (select from clients where client_id = @ClientId and 'refresh_token' = any (grant_types)) as may_refresh,
               exists (select from users where subject = @Subject and enabled) as has_user,
               (select wanted from unnest(@Resources::text[]) as wanted where not exists (select from resources where uri = wanted) limit 1)
                   as missing_resource
        """;

    /// <summary>Whether it can be added.</summary>
    public async Task<ImportPlace> FindAsync(ImportedRefreshToken token) => (await edit.FindAsync<ImportPlace>(FindPlaceSql, token))!;

    // The first use begins a family, as with tokens from before families were kept.
    public const string AddRefreshTokenSql = """
        with person as (
            select subject from users where subject = @Subject and enabled for share
        ), made as (
            insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, offline_requested,
                                created_at, activated_at, expires_at, refresh_hash, idle_until)
            select @GrantId, @ClientId, subject, '', '', @Scope, @Resources, true, @OfflineRequested, @now, @now, @expires, @Hash, @expires
              from person
            returning id
        )
        insert into old_tokens (hash, grant_id, kind, expires_at) select @Hash, id, 'refresh_token', @expires from made
        """;

    /// <summary>The token, and a grant for it.</summary>
    public Task AddAsync(ImportedRefreshToken token) => edit.ExecuteAsync(AddRefreshTokenSql, new
    {
        token.GrantId,
        token.ClientId,
        token.Subject,
        token.Scope,
        token.Resources,
        token.OfflineRequested,
        token.Hash,
        now = token.Now.UtcDateTime,
        expires = token.ExpiresAt.UtcDateTime,
    });

    public const string AddSessionSql = """
        insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent, imported)
        select @Hash, subject, @authenticated, @now, @expires, '', '', true from users where subject = @Subject and enabled for share
        on conflict (id_hash) do nothing
        """;

    public const string FindSessionSql = "select exists (select from sessions where id_hash = @Hash)";

    /// <summary>True: added; false: it is there; null: nobody enabled has this subject.</summary>
    public async Task<bool?> AddAsync(ImportedSession session) =>
        await edit.ExecuteAsync(AddSessionSql, new
        {
            session.Hash,
            session.Subject,
            authenticated = session.AuthenticatedAt.UtcDateTime,
            now = session.Now.UtcDateTime,
            expires = session.ExpiresAt.UtcDateTime,
        }) == 1 ? true : await edit.FindAsync<bool>(FindSessionSql, new { session.Hash }) ? false : null;
}
