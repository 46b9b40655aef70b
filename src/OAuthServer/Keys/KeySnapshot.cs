using OAuthServer.Stores.Keys;

namespace OAuthServer.Keys;

/// <summary>The signing keys as they were read.</summary>
internal sealed record KeySnapshot
{
    private volatile Moment? last;

    /// <summary>Without those that cannot be read.</summary>
    public required IReadOnlyList<SigningKeyRow> Rows { get; init; }

    /// <summary>Those that sign, signed or will.</summary>
    public required SigningKey[] Opened { get; init; }

    /// <summary>Public halves of keys that are gone.</summary>
    public required SigningKey[] ForHints { get; init; }

    /// <summary>The kids of rows that cannot be read.</summary>
    public required string[] Unreadable { get; init; }

    /// <summary>Algorithms none of whose rows can be read.</summary>
    public required string[] Lost { get; init; }

    /// <summary>
    /// What the keys do at a moment. Every token asks, and states change a few times a year: they are those of the last time until a key
    /// begins or ends.
    /// </summary>
    public Moment At(DateTimeOffset now)
    {
        if (last is { } known && known.From <= now && now < known.Until) return known;
        var changes = Rows.SelectMany(row => new[] { row.SignsFrom, row.SignsFrom + KeyLine.Afterlife });
        return last = new Moment
        {
            From = now,
            Until = changes.Where(change => change > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min(),
            Active = [.. Opened.Where(key => KeyLine.StateOf(key.Row, Rows, now) == SigningKeyState.Active)],
            Published = [.. Opened.Where(key => KeyLine.StateOf(key.Row, Rows, now) is not null)],
        };
    }

    /// <summary>What the keys do from one moment until another.</summary>
    public sealed record Moment
    {
        public required DateTimeOffset From { get; init; }
        public required DateTimeOffset Until { get; init; }

        /// <summary>One of each algorithm.</summary>
        public required SigningKey[] Active { get; init; }
        public required SigningKey[] Published { get; init; }
    }
}
