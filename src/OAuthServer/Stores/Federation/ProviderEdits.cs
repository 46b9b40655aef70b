using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Federation;

/// <summary>What would end with a provider.</summary>
public sealed record ProviderReach
{
    /// <summary>Browser sessions that began there.</summary>
    public required int Sessions { get; init; }

    /// <summary>Grants that were allowed in such sessions.</summary>
    public required int Grants { get; init; }

    /// <summary>Identities of its issuer.</summary>
    public required int Identities { get; init; }
}

/// <summary>identity_providers, as operators edit them. The table's triggers are the rules.</summary>
public sealed class ProviderEdits(Database database)
{
    public const string AddSql = """
        insert into identity_providers (id, label, issuer, client_id, auth_method, scopes, provisioning, allowed_claims, email_domains,
                                        claim_map, role_map, trust_email, trust_amr, reauth, extra_params, on_disable, position, enabled)
        values (@Id, @Label, @Issuer, @ClientId, @AuthMethod, @Scopes, @Provisioning, @AllowedClaims::jsonb, @EmailDomains,
                @ClaimMap::jsonb, @RoleMap::jsonb, @TrustEmail, @TrustAmr, @Reauth, @ExtraParams::jsonb, @OnDisable, @Position, @Enabled)
        on conflict (id) do nothing
        """;

    /// <summary>A new one, without a secret.</summary>
    public Task<EditResult<EditOutcome>> AddAsync(RowEdit<ProviderRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(AddSql, row) == 1 ? EditOutcome.Done : EditOutcome.Taken, cancel);

    public const string SaveSql = """
        update identity_providers p
           set label = @Label, issuer = @Issuer, client_id = @ClientId, auth_method = @AuthMethod, scopes = @Scopes,
               provisioning = @Provisioning, allowed_claims = @AllowedClaims::jsonb, email_domains = @EmailDomains,
               claim_map = @ClaimMap::jsonb, role_map = @RoleMap::jsonb, trust_email = @TrustEmail, trust_amr = @TrustAmr,
               reauth = @Reauth, extra_params = @ExtraParams::jsonb, on_disable = @OnDisable, position = @Position
         where id = @Id and md5(to_jsonb(p)::text) = @Version
        """;

    public const string VersionSql = "select md5(to_jsonb(p)::text) from identity_providers p where id = @Id";

    /// <summary>All but its state and its secret, unless the row is another one than <see cref="ProviderRow.Version"/> says.</summary>
    public Task<EditResult<EditOutcome>> SaveAsync(RowEdit<ProviderRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(SaveSql, row) == 1 ? EditOutcome.Done
            : await edit.FindAsync<string>(VersionSql, new { row.Id }) is null ? EditOutcome.Gone : EditOutcome.Stale, cancel);

    public const string SecretSql = "update identity_providers set secret_sealed = @box where id = @id";

    /// <summary>The secret it gave this server, sealed; null takes it away. False: there is no such provider.</summary>
    public async Task<bool> SecretAsync(string id, byte[]? box, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, SecretSql, new { id, box }, cancel) == 1;

    public const string ResealSql = "update identity_providers set secret_sealed = @after where id = @id and secret_sealed = @before";

    /// <summary>Seals a secret anew, if it is still the one that was read.</summary>
    public async Task<bool> ResealAsync(string id, byte[] before, byte[] after, CancellationToken cancel) =>
        await database.ExecuteAsync(ResealSql, new { id, before, after }, cancel) == 1;

    public const string EnableSql = """
        update identity_providers set enabled = @enabled, on_disable = coalesce(@ends::text, on_disable) where id = @id
        """;

    /// <summary>Its state. False: there is no such provider.</summary>
    /// <param name="ends">What ends with it from now on: nothing, sessions or access; null: what the row says.</param>
    public async Task<bool> EnableAsync(string id, bool enabled, string? ends, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableSql, new { id, enabled, ends }, cancel) == 1;

    public const string DeleteSql = "delete from identity_providers where id = @id";

    /// <summary>Deletes it; its people's identities stay. False: there is no such provider.</summary>
    public async Task<bool> DeleteAsync(string id, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, DeleteSql, new { id }, cancel) == 1;

    public const string ReachSql = """
        select (select count(*) from sessions where idp = p.id and expires_at > @now)::int as sessions,
               (select count(*) from grants where idp = p.id and ended_at is null and expires_at > @now)::int as grants,
               (select count(*) from identities where issuer = p.issuer)::int as identities
          from identity_providers p where id = @id
        """;

    /// <summary>What would end with it; null: there is no such provider.</summary>
    public Task<ProviderReach?> ReachAsync(string id, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<ProviderReach>(ReachSql, new { id, now = now.UtcDateTime }, cancel);

    /// <summary>What an operator would type to disable it.</summary>
    public static string DisableText(string id, string ends) =>
        $"update identity_providers set enabled = false, on_disable = '{ends}' where id = {SqlText.Quote(id)};";

    /// <summary>What an operator would type to delete it.</summary>
    public static string DeleteText(string id) => $"delete from identity_providers where id = {SqlText.Quote(id)};";
}
