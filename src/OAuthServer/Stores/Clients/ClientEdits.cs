using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>clients and client_secrets, as operators edit them.</summary>
public sealed class ClientEdits(Database database)
{
    public const string AddSql = """
        insert into clients (client_id, kind, name, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
                             auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, dpop_required,
                             id_token_alg, default_max_age, par_required, post_logout_redirect_uris, backchannel_logout_uri,
                             jwks, jwks_uri, assertion_alg)
        values (@ClientId, @Kind, @Name, @RedirectUris, @Scopes, @DefaultScopes, @Resources, @DefaultResource, @GrantTypes::text[],
                @AuthMethod, @AccessTokenSeconds, @RefreshTokenSeconds, @RefreshIdleSeconds, @Note, @DpopRequired,
                @IdTokenAlg, @DefaultMaxAge, @ParRequired, @PostLogoutRedirectUris, @BackchannelLogoutUri, @Jwks::jsonb, @JwksUri,
                @AssertionAlg)
        on conflict do nothing
        """;

    public const string AddSecretSql = """
        insert into client_secrets (client_id, hash, label, not_before, expires_at)
        values (@ClientId, @Hash, @Label, @NotBefore, @ExpiresAt)
        returning id
        """;

    /// <summary>The client and its first secret, both or neither. False: the id is taken.</summary>
    /// <param name="secret">Null for a client without one.</param>
    public Task<bool> AddAsync(NewClient client, NewSecret? secret, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            if (await edit.ExecuteAsync(AddSql, client) == 0) return false;
            if (secret is not null) await edit.FindAsync<long>(AddSecretSql, Parameters(secret));
            return true;
        }, cancel);

    /// <summary>The same from a form, judged column by column.</summary>
    /// <param name="secret">Null for a client without one.</param>
    public Task<EditResult<EditOutcome>> AddAsync(RowEdit<ClientForm> form, NewSecret? secret, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, client) =>
        {
            if (await edit.ExecuteAsync(AddSql, client) == 0) return EditOutcome.Taken;
            if (secret is not null) await edit.FindAsync<long>(AddSecretSql, Parameters(secret with { ClientId = client.ClientId }));
            return EditOutcome.Done;
        }, cancel);

    /// <summary>One more secret; returns its id. The database refuses a third unrevoked one.</summary>
    public Task<long> AddSecretAsync(NewSecret secret, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit => edit.FindAsync<long>(AddSecretSql, Parameters(secret)), cancel);

    public const string RevokeSecretSql =
        "update client_secrets set revoked_at = @now where id = @id and revoked_at is null returning client_id";

    /// <summary>Ends a secret for good. The client it belonged to, or null when no such secret was in use.</summary>
    public Task<string?> RevokeSecretAsync(long id, DateTimeOffset now, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit => edit.FindAsync<string>(RevokeSecretSql, new { id, now = now.UtcDateTime }), cancel);

    public const string EnableSql = "update clients set enabled = @enabled where client_id = @client and enabled <> @enabled";

    /// <summary>False: no such client, or it is in that state already.</summary>
    public async Task<bool> EnableAsync(string client, bool enabled, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableSql, new { client, enabled }, cancel) == 1;

    public const string SaveSql = """
        update clients c
           set name = @Name, redirect_uris = @RedirectUris, scopes = @Scopes, default_scopes = @DefaultScopes,
               resources = @Resources, default_resource = @DefaultResource, grant_types = @GrantTypes,
               auth_method = @AuthMethod, access_token_seconds = @AccessTokenSeconds, refresh_token_seconds = @RefreshTokenSeconds,
               refresh_idle_seconds = @RefreshIdleSeconds, note = @Note, dpop_required = @DpopRequired,
               id_token_alg = @IdTokenAlg, default_max_age = @DefaultMaxAge, min_acr = @MinAcr, par_required = @ParRequired,
               post_logout_redirect_uris = @PostLogoutRedirectUris, backchannel_logout_uri = @BackchannelLogoutUri,
               jwks = @Jwks::jsonb, jwks_uri = @JwksUri, assertion_alg = @AssertionAlg
         where client_id = @ClientId and origin = 'operator' and md5((to_jsonb(c) - 'last_used_at')::text) = @Version
        """;

    /// <summary>
    /// All that an operator may say of an operator's client, unless the row is another one than <see cref="ClientForm.Version"/> says.
    /// </summary>
    public Task<EditResult<EditOutcome>> SaveAsync(RowEdit<ClientForm> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, client) =>
            await edit.ExecuteAsync(SaveSql, client) == 1 ? EditOutcome.Done
            : await edit.FindAsync<ClientRow>(FindSql, new { client = client.ClientId }) is null ? EditOutcome.Gone
            : EditOutcome.Stale, cancel);

    public const string EnableTheseSql = """
        update clients set enabled = @enabled where client_id = any (@clients) and enabled <> @enabled returning client_id
        """;

    /// <summary>All of them or none; those that were in another state.</summary>
    public Task<List<string>> EnableAsync(string[] clients, bool enabled, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit => edit.ListAsync<string>(EnableTheseSql, new { clients, enabled }), cancel);

    public const string VouchSql = """
        update clients c set origin = 'operator'
         where client_id = @client and origin <> 'operator' and md5((to_jsonb(c) - 'last_used_at')::text) = @version
        """;

    /// <summary>
    /// Makes a client that registered itself, or has a document, an operator's: it can be edited here then, and no longer changes or
    /// removes itself. False: no such client, it is an operator's already, or another one than was shown.
    /// </summary>
    /// <param name="version">Of the row that was shown: <see cref="ClientForm.Version"/>.</param>
    public async Task<bool> VouchAsync(string client, string version, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, VouchSql, new { client, version }, cancel) == 1;

    /// <summary>What an operator would type to vouch for a client.</summary>
    public static string VouchText(string client) => $"update clients set origin = 'operator' where client_id = {SqlText.Quote(client)};";

    // Its secrets, grants with their tokens, and consents go with the row; triggers tell the resource servers.
    public const string DeleteSql = "delete from clients where client_id = @client";

    /// <summary>False: no such client.</summary>
    public async Task<bool> DeleteAsync(string client, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, DeleteSql, new { client }, cancel) == 1;

    /// <summary>What an operator would type to disable a client.</summary>
    public static string DisableText(string client) => $"update clients set enabled = false where client_id = {SqlText.Quote(client)};";

    /// <summary>What an operator would type to disable or enable several.</summary>
    public static string EnableText(IEnumerable<string> clients, bool enabled) =>
        $"update clients set enabled = {(enabled ? "true" : "false")} where client_id in ({SqlText.List(clients)});";

    /// <summary>What an operator would type to delete one.</summary>
    public static string DeleteText(string client) => $"delete from clients where client_id = {SqlText.Quote(client)};";

    /// <summary>What an operator would type to revoke a secret.</summary>
    public static string RevokeSecretText(long id) =>
        $"update client_secrets set revoked_at = now() where id = {id} and revoked_at is null;";

    public const string FindSql = "select * from clients where client_id = @client";

    /// <summary>One client, or null.</summary>
    public Task<ClientRow?> FindAsync(string client, CancellationToken cancel) =>
        database.FindAsync<ClientRow>(FindSql, new { client }, cancel);

    public const string SecretsSql = """
        select id, client_id, label, not_before, expires_at, revoked_at, last_used_at
          from client_secrets where client_id = @client order by id
        """;

    /// <summary>All of a client's secrets, revoked ones too.</summary>
    public Task<List<SecretSummary>> SecretsAsync(string client, CancellationToken cancel) =>
        database.ListAsync<SecretSummary>(SecretsSql, new { client }, cancel);

    public const string SecretSql =
        "select id, client_id, label, not_before, expires_at, revoked_at, last_used_at from client_secrets where id = @id";

    /// <summary>One secret, or null.</summary>
    public Task<SecretSummary?> SecretAsync(long id, CancellationToken cancel) =>
        database.FindAsync<SecretSummary>(SecretSql, new { id }, cancel);

    internal static object Parameters(NewSecret secret) => new
    {
        secret.ClientId,
        secret.Hash,
        secret.Label,
        NotBefore = secret.NotBefore.UtcDateTime,
        ExpiresAt = secret.ExpiresAt?.UtcDateTime,
    };
}
