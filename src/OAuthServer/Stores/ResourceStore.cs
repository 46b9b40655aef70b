namespace OAuthServer.Stores;

/// <summary>A row of resources, its names per locale beside it.</summary>
public sealed record ResourceRow
{
    public required string Uri { get; init; }
    public required string Name { get; init; }
    public required bool Enabled { get; init; }
}

/// <summary>A row of scopes with its English words.</summary>
public sealed record ScopeRow
{
    public required string Name { get; init; }
    public required string? Resource { get; init; }
    public required string Access { get; init; }
    public required bool Open { get; init; }
    public required bool Sensitive { get; init; }
    public required bool Optional { get; init; }

    /// <summary>What it means, in words; null when nobody wrote any.</summary>
    public required string? Text { get; init; }
}

/// <summary>resources and scopes: small tables, read whole.</summary>
public sealed class ResourceStore(Database database)
{
    public const string ResourcesSql = "select uri, name, enabled from resources order by uri";
    public const string ScopesSql = """
        select s.name, s.resource, s.access, s.open, s.sensitive, s.optional, t.text
          from scopes s left join scope_texts t on t.scope = s.name and t.locale = 'en'
         order by s.name
        """;

    /// <summary>All resources.</summary>
    public Task<List<ResourceRow>> ResourcesAsync(CancellationToken cancel) => database.ListAsync<ResourceRow>(ResourcesSql, null, cancel);

    /// <summary>All scopes.</summary>
    public Task<List<ScopeRow>> ScopesAsync(CancellationToken cancel) => database.ListAsync<ScopeRow>(ScopesSql, null, cancel);
}
