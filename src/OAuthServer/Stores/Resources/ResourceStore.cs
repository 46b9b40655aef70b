using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Resources;

/// <summary>A row of resources, its names per locale beside it.</summary>
public sealed record ResourceRow
{
    public required string Uri { get; init; }
    public required string Name { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>What its access tokens tell of the person: email, name, preferred_username, groups, roles.</summary>
    public string[] Claims { get; init; } = [];
}

/// <summary>A row of scopes.</summary>
public sealed record ScopeRow
{
    public required string Name { get; init; }
    public required string? Resource { get; init; }
    public required string Access { get; init; }
    public required bool Open { get; init; }
    public required bool Sensitive { get; init; }
    public required bool Optional { get; init; }

    /// <summary>Tells about the person (OpenID Connect Core §5.4), and belongs to no resource.</summary>
    public bool Identity { get; init; }
}

/// <summary>A row of claim_rules: a claim of the operator's own.</summary>
public sealed record ClaimRule
{
    public required string Scope { get; init; }
    public required string Claim { get; init; }

    /// <summary>The name in users.claims.</summary>
    public required string From { get; init; }
}

/// <summary>The words of a scope, or the name of a resource, in one language.</summary>
public sealed record TextRow
{
    /// <summary>"scope notes:read" or "resource https://…".</summary>
    public required string Key { get; init; }

    /// <summary>BCP 47: en, ar, …</summary>
    public required string Locale { get; init; }
    public required string Text { get; init; }
}

/// <summary>resources and scopes: small tables, read whole.</summary>
public sealed class ResourceStore(Database database)
{
    public const string ResourcesSql = "select uri, name, enabled, claims from resources order by uri";
    public const string ScopesSql = "select name, resource, access, open, sensitive, optional, identity from scopes order by name";
    public const string ClaimRulesSql = """select scope, claim, "from" from claim_rules order by scope, claim""";
    public const string TextsSql = """
        select 'scope ' || scope as key, locale, text from scope_texts
        union all
        select 'resource ' || uri, locale, name from resource_texts
        """;

    /// <summary>All resources.</summary>
    public Task<List<ResourceRow>> ResourcesAsync(CancellationToken cancel) => database.ListAsync<ResourceRow>(ResourcesSql, null, cancel);

    /// <summary>All scopes.</summary>
    public Task<List<ScopeRow>> ScopesAsync(CancellationToken cancel) => database.ListAsync<ScopeRow>(ScopesSql, null, cancel);

    /// <summary>All claims of the operator's own.</summary>
    public Task<List<ClaimRule>> ClaimRulesAsync(CancellationToken cancel) => database.ListAsync<ClaimRule>(ClaimRulesSql, null, cancel);

    /// <summary>The words of all scopes and resources in all languages.</summary>
    public Task<List<TextRow>> TextsAsync(CancellationToken cancel) => database.ListAsync<TextRow>(TextsSql, null, cancel);
}
