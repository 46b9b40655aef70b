using System.Text.Json.Serialization;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Trust;

/// <summary>A row of trusted_issuers; objects as JSON text.</summary>
public sealed record IssuerRow
{
    public required string Issuer { get; init; }

    /// <summary>people or workload.</summary>
    public required string Kind { get; init; }
    public required string Name { get; init; }

    /// <summary>Null: its keys are fetched.</summary>
    public required string? Jwks { get; init; }

    /// <summary>Null beside no <see cref="Jwks"/>: as its discovery document says.</summary>
    public required string? JwksUri { get; init; }

    /// <summary>Null: this server's issuer, of a workload its token endpoint, too.</summary>
    public required string? Audience { get; init; }

    /// <summary>Empty: all that are taken here.</summary>
    public required string[] Algs { get; init; }
    public required int MaxAgeSeconds { get; init; }
    public required bool SingleUse { get; init; }

    /// <summary>Empty: every confidential client that an operator made.</summary>
    public required string[] Clients { get; init; }
    public required bool CreatePeople { get; init; }
    public required string[] MustName { get; init; }
    public required bool Enabled { get; init; }
    public required string Note { get; init; }

    /// <summary>Changes with every edit of the row; empty: it was not read to be edited.</summary>
    [JsonIgnore]
    public string Version { get; init; } = "";

    /// <summary>One of which nothing more is said yet.</summary>
    public static IssuerRow New(string issuer, string kind, string name) => new()
    {
        Issuer = issuer,
        Kind = kind,
        Name = name,
        Jwks = null,
        JwksUri = null,
        Audience = null,
        Algs = [],
        MaxAgeSeconds = 0,
        SingleUse = false,
        Clients = [],
        CreatePeople = false,
        MustName = [],
        Enabled = true,
        Note = "",
    };
}

/// <summary>A row of assertion_rules; claims as JSON text.</summary>
public sealed record RuleRow
{
    public required long Id { get; init; }
    public required string Issuer { get; init; }
    public required string ClientId { get; init; }
    public required string Claims { get; init; }

    /// <summary>Null: all the client's.</summary>
    public required string[]? Resources { get; init; }

    /// <summary>Null: all the client's.</summary>
    public required string[]? Scopes { get; init; }
    public required bool Enabled { get; init; }
    public required string Note { get; init; }

    /// <summary>The standing grant of its tokens; null: nothing stands, and it issues none.</summary>
    public required Guid? GrantId { get; init; }

    /// <summary>Changes with every edit of the row; empty: it was not read to be edited.</summary>
    [JsonIgnore]
    public string Version { get; init; } = "";
}

/// <summary>trusted_issuers and assertion_rules, as the running server reads them.</summary>
public sealed class TrustStore(Database database)
{
    public const string IssuersSql = """
        select issuer, kind, name, jwks::text as jwks, jwks_uri, audience, algs, max_age_seconds, single_use, clients, create_people,
               must_name, enabled, note
          from trusted_issuers order by kind, name, issuer
        """;

    /// <summary>All of them, disabled ones too.</summary>
    public Task<List<IssuerRow>> IssuersAsync(CancellationToken cancel) => database.ListAsync<IssuerRow>(IssuersSql, null, cancel);

    public const string RulesSql = """
        select r.id, r.issuer, r.client_id, r.claims::text as claims, r.resources, r.scopes, r.enabled, r.note, g.id as grant_id
          from assertion_rules r
          left join grants g on g.fingerprint = workload_fingerprint(r.id) and g.ended_at is null
         order by r.id
        """;

    /// <summary>All of them with what their tokens stand on.</summary>
    public Task<List<RuleRow>> RulesAsync(CancellationToken cancel) => database.ListAsync<RuleRow>(RulesSql, null, cancel);

    public const string EnabledSql = "select client_id from clients where client_id = any (@ids) and enabled";

    /// <summary>Those of these clients that are enabled.</summary>
    public Task<List<string>> EnabledClientsAsync(string[] ids, CancellationToken cancel) =>
        database.ListAsync<string>(EnabledSql, new { ids }, cancel);

    public const string NameSql = """
        insert into own_issuer (issuer) values (@issuer)
        on conflict (one) do update set issuer = excluded.issuer where own_issuer.issuer <> excluded.issuer
        """;

    /// <summary>Says what this server calls itself, so that no row trusts it as somebody else.</summary>
    public Task NameAsync(string issuer, CancellationToken cancel) => database.ExecuteAsync(NameSql, new { issuer }, cancel);
}
