using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Federation;

/// <summary>A row of identity_providers; objects as JSON text.</summary>
public sealed record ProviderRow
{
    public required string Id { get; init; }
    public required string Label { get; init; }
    public required string Issuer { get; init; }
    public required string ClientId { get; init; }
    public required string AuthMethod { get; init; }

    /// <summary>Sealed under the key-encryption key; null: none yet, or none is needed.</summary>
    public required byte[]? SecretSealed { get; init; }
    public required string[] Scopes { get; init; }

    /// <summary>existing, invited or create.</summary>
    public required string Provisioning { get; init; }
    public required string AllowedClaims { get; init; }
    public required string[] EmailDomains { get; init; }
    public required string ClaimMap { get; init; }

    /// <summary>Null: roles are left alone.</summary>
    public required string? RoleMap { get; init; }
    public required bool TrustEmail { get; init; }
    public required bool TrustAmr { get; init; }

    /// <summary>upstream or local.</summary>
    public required string Reauth { get; init; }
    public required string ExtraParams { get; init; }

    /// <summary>nothing, sessions or access.</summary>
    public required string OnDisable { get; init; }
    public required int Position { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>Changes with every edit of the row.</summary>
    public required string Version { get; init; }

    /// <summary>A new provider, before anything is said of it.</summary>
    public static ProviderRow New(string id) => new()
    {
        Id = id,
        Label = id,
        Issuer = "",
        ClientId = "",
        AuthMethod = "client_secret_basic",
        SecretSealed = null,
        Scopes = ["openid", "profile", "email"],
        Provisioning = "existing",
        AllowedClaims = "{}",
        EmailDomains = [],
        ClaimMap = "{}",
        RoleMap = null,
        TrustEmail = false,
        TrustAmr = false,
        Reauth = "upstream",
        ExtraParams = "{}",
        OnDisable = "sessions",
        Position = 0,
        Enabled = true,
        Version = "",
    };
}

/// <summary>identity_providers, as the running server reads them.</summary>
public sealed class ProviderStore(Database database)
{
    internal const string Columns = """
        select id, label, issuer, client_id, auth_method, secret_sealed, scopes, provisioning, allowed_claims::text as allowed_claims,
               email_domains, claim_map::text as claim_map, role_map::text as role_map, trust_email, trust_amr, reauth,
               extra_params::text as extra_params, on_disable, position, enabled, md5(to_jsonb(p)::text) as version
          from identity_providers p

        """;

    public const string ListSql = Columns + "order by position, id";

    /// <summary>All of them, in the order of their buttons.</summary>
    public Task<List<ProviderRow>> ListAsync(CancellationToken cancel) => database.ListAsync<ProviderRow>(ListSql, null, cancel);

    public const string FindSql = Columns + "where id = @id";

    /// <summary>One of them as it stands now, or null.</summary>
    public Task<ProviderRow?> FindAsync(string id, CancellationToken cancel) =>
        database.FindAsync<ProviderRow>(FindSql, new { id }, cancel);
}
