using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin;

/// <summary>What stands around a list: a way to add to it beside the heading, how many there are, the pages before and after.</summary>
public sealed record Paging
{
    /// <summary>On all pages; beyond <see cref="Most"/>: more than that.</summary>
    public required int Total { get; init; }

    /// <summary>Where counting ends.</summary>
    public int Most { get; init; } = Slice.MostCounted;

    /// <summary>The page before this one, below the issuer, with the list's filters; null: none.</summary>
    public string? Previous { get; init; }

    /// <summary>The page after this one.</summary>
    public string? Next { get; init; }

    /// <summary>Of a list that pages by a key.</summary>
    /// <param name="key">The key of a row.</param>
    /// <param name="filters">What the list was narrowed by; both pages keep it.</param>
    public static Paging Of<T>(
        Slice<T> slice, string path, Func<T, string> key, Cursor cursor, params (string Name, string? Value)[] filters) => new()
        {
            Total = slice.Total,
            Most = slice.Most,
            // A page beyond the end has no row to go back from.
            Previous = slice.HasPrevious ? PageUrl.Of(path,
                [.. filters, ("before", slice.Rows is [var first, ..] ? key(first) : cursor.After)])
            : null,
            Next = slice.HasNext ? PageUrl.Of(path,
                [.. filters, ("after", slice.Rows is [.., var last] ? key(last) : cursor.Before)]) : null,
        };

    /// <summary>Of a short list that is read whole and shown in pages.</summary>
    /// <param name="number">1 for the first.</param>
    public static (IReadOnlyList<T> Rows, Paging Paging) Of<T>(IReadOnlyList<T> all, string path, string? number, int length)
    {
        var last = Math.Max((all.Count + length - 1) / length, 1);
        var page = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? Math.Clamp(wanted, 1, last) : 1;
        return ([.. all.Skip((page - 1) * length).Take(length)], new Paging
        {
            Total = all.Count,
            Previous = page > 1 ? PageUrl.Of(path, ("page", Text(page - 1))) : null,
            Next = page < last ? PageUrl.Of(path, ("page", Text(page + 1))) : null,
        });
    }

    /// <summary>A heading, and beside it the way to add to the list.</summary>
    /// <param name="title">In English.</param>
    /// <param name="add">Where something is added, below the issuer, and the link's text in English.</param>
    internal static Markup Heading(string title, Settings settings, Language say, params (string Path, string Text)[] add) => $"""
        <div class="heading"><h1>{say[title]}</h1><p class="actions">{add.Select(one =>
            (Markup)$"""<a class="button primary" href="{settings.IssuerPath + one.Path}">{say[one.Text]}</a> """)}</p></div>
        """;

    /// <summary>How many there are.</summary>
    internal string Counted(Language say) => Total > Most
        ? string.Format(CultureInfo.InvariantCulture, say["Total: more than {0}"], Text(Most))
        : string.Format(CultureInfo.InvariantCulture, say["Total: {0}"], Text(Total));

    /// <summary>The way to the other pages; nothing where there is one page only.</summary>
    internal Markup Links(Settings settings, Language say)
    {
        if (Previous is null && Next is null) return Markup.None;
        Markup previous = Previous is null ? Markup.None
            : $"""<li><a class="button" rel="prev" href="{settings.IssuerPath + Previous}">{say["Previous page"]}</a></li>""";
        Markup next = Next is null ? Markup.None
            : $"""<li><a class="button" rel="next" href="{settings.IssuerPath + Next}">{say["Next page"]}</a></li>""";
        return $"""<nav class="paging" aria-label="{say["Pages"]}"><ul>{previous}{next}</ul></nav>""";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
