namespace OAuthServer.Stores.Audit;

/// <summary>How the audit log's partitions stand after a round of keeping them.</summary>
public sealed record AuditMonths
{
    /// <summary>Something could not be done now: another transaction holds a lock.</summary>
    public required bool Waits { get; init; }

    /// <summary>The default partition has rows.</summary>
    public required bool Strays { get; init; }
}
