namespace OAuthServer.Stores.Postgres;

/// <summary>A row as a form says it, and how to judge it further once one of its columns is refused.</summary>
public sealed record RowEdit<TRow>
{
    public required TRow Row { get; init; }

    /// <summary>The row with a refused column, and whatever depends on it, as it was before.</summary>
    public required Func<TRow, string, TRow> Restore { get; init; }

    /// <summary>False: the row is judged and not written, because something is wrong with the form already.</summary>
    public bool Write { get; init; } = true;
}

/// <summary>What became of a <see cref="RowEdit{TRow}"/>.</summary>
/// <param name="Refusals">At most one a column; with any of them, nothing was written.</param>
public sealed record EditResult<T>(T? Outcome, IReadOnlyList<EditRefusal> Refusals);
