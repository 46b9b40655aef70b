namespace OAuthServer.Stores.Postgres;

/// <summary>Where a page of a list begins: after a key, before one, or at the start.</summary>
public sealed record Cursor(string? After, string? Before);

/// <summary>One page of a list in the order of a key.</summary>
public sealed record Slice<T>
{
    public required IReadOnlyList<T> Rows { get; init; }

    /// <summary>There is a page before this one.</summary>
    public required bool HasPrevious { get; init; }

    /// <summary>There is a page after this one.</summary>
    public required bool HasNext { get; init; }

    /// <summary>How many there are on all pages; beyond <see cref="Most"/>: more than that.</summary>
    public required int Total { get; init; }

    /// <summary>Where counting ended.</summary>
    public int Most { get; init; } = Slice.MostCounted;
}

/// <summary>Makes pages of lists.</summary>
public static class Slice
{
    /// <summary>Counting ends here, so that no list costs more than this many rows.</summary>
    public const int MostCounted = 10_000;

    /// <summary>A page of rows that were read from a cursor on, one more than the page has.</summary>
    /// <param name="found">Backwards when the page is before a key.</param>
    public static Slice<T> Of<T>(List<T> found, Cursor cursor, int length, int total)
    {
        var (rows, more) = (found.Take(length).ToList(), found.Count > length);
        if (cursor.Before is not null) rows.Reverse();
        return new Slice<T>
        {
            Rows = rows,
            HasPrevious = cursor.Before is null ? cursor.After is not null : more,
            HasNext = cursor.Before is not null || more,
            Total = total,
        };
    }
}
