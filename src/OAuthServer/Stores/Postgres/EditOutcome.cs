namespace OAuthServer.Stores.Postgres;

/// <summary>Whether an edit of a row somebody had open was made.</summary>
public enum EditOutcome
{
    Done,

    /// <summary>Somebody else changed the row since it was shown; nothing was written.</summary>
    Stale,

    /// <summary>The row is gone, or was never there.</summary>
    Gone,

    /// <summary>There is a row with this key already; nothing was written.</summary>
    Taken,
}

/// <summary>Words in one language; null: none.</summary>
public sealed record LocalizedText(string Locale, string? Text);

/// <summary>Who holds a resource or a scope: what its end would reach.</summary>
public sealed record Usage
{
    /// <summary>Grants that have been used and are not over.</summary>
    public required Figure Grants { get; init; }

    /// <summary>Clients whose row names it.</summary>
    public required Figure Clients { get; init; }

    /// <summary>Some of them, in order, at most <see cref="MostNamed"/>.</summary>
    public required IReadOnlyList<string> Named { get; init; }

    /// <summary>So many clients are named.</summary>
    public const int MostNamed = 20;

    /// <summary>So many are counted.</summary>
    public const int MostCounted = 2_000;
}
