namespace OAuthServer.Stores.Audit;

/// <summary>A row of audit_events.</summary>
public sealed record AuditRow
{
    public required DateTimeOffset At { get; init; }
    public required string RequestId { get; init; }
    public required string Event { get; init; }

    /// <summary>ok or refused.</summary>
    public required string Outcome { get; init; }
    public string? ClientId { get; init; }
    public string? Subject { get; init; }
    public Guid? GrantId { get; init; }
    public string? Jti { get; init; }
    public string? Address { get; init; }
    public string? Actor { get; init; }
    public string? Error { get; init; }
    public string? Rule { get; init; }
    public string? Reason { get; init; }
    public string? Expected { get; init; }
    public string? Got { get; init; }
    public string? Detail { get; init; }
}

/// <summary>What somebody looks for in the audit log; null fits all.</summary>
public sealed record AuditSearch
{
    public string? Client { get; init; }

    /// <summary>The person; what a client did for itself is found by the client.</summary>
    public string? Subject { get; init; }
    public string? Event { get; init; }

    /// <summary>ok or refused.</summary>
    public string? Outcome { get; init; }
    public string? Request { get; init; }
    public DateTimeOffset? Since { get; init; }

    /// <summary>Older than this; the next page begins before the last row of this one.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Newer than this, the oldest of them: the page before begins after the first row of this one. Null: the newest.</summary>
    public DateTimeOffset? After { get; init; }
    public required int Limit { get; init; }
}
