using OAuthServer.Html;

namespace OAuthServer.Admin;

/// <summary>A row open in a form: what is typed, what is wrong with it, and what somebody else made of the row meanwhile.</summary>
public sealed record RowForm
{
    /// <summary>The key of the row; null: it is a new one.</summary>
    public required string? Key { get; init; }

    /// <summary>Of the row the form was filled from; saved only while that is what stands.</summary>
    public required string? Version { get; init; }

    /// <summary>What the fields show: the row, or what was typed.</summary>
    public required Func<string, string?> Values { get; init; }

    /// <summary>What is wrong, by field, in the page's language.</summary>
    public IReadOnlyDictionary<string, string> Problems { get; init; } = new Dictionary<string, string>();

    /// <summary>What somebody else saved since the form was shown, by field; null: nobody did.</summary>
    public Func<string, string?>? Meanwhile { get; init; }

    /// <summary>200 shown, 400 wrong, 409 overtaken.</summary>
    public int Status => Meanwhile is not null ? 409 : Problems.Count > 0 ? 400 : 200;

    /// <summary>Name of the field for the words in one language.</summary>
    public static string WordsField(Language language) => "words-" + language.Code;

    /// <summary>The key in the row's form, whatever the row's own name for it.</summary>
    public Markup Hidden => Key is null ? Markup.None
        : $"""<input type="hidden" name="key" value="{Key}"><input type="hidden" name="version" value="{Version}">""";

    /// <summary>One field of words for every language there is.</summary>
    /// <param name="label">In the page's language, with the place {0} for the language's code.</param>
    public static IEnumerable<Markup> Words(Fields fields, string label) =>
        Language.All.Select(language => fields.Text(WordsField(language), label.Replace("{0}", language.Code)));

    /// <summary>Says that somebody was faster, what stands now, and that nothing typed is lost.</summary>
    /// <param name="columns">Fields and their labels, in the page's language.</param>
    public Markup Overtaken(IEnumerable<(string Name, string Label)> columns, Language say)
    {
        if (Meanwhile is not { } now) return Markup.None;
        return $"""
            <div class="caution" role="alert">
            <p>
                {say["Someone else changed this while you had it open. Nothing was saved. The form below keeps your changes; saving again replaces the current values:"]}
            </p>
            <dl class="facts">{columns.Select(Fact)}</dl>
            </div>
            """;

        Markup Fact((string Name, string Label) column) =>
            $"<div><dt>{column.Label}</dt><dd><bdi>{Html.Words.Sanitize(now(column.Name) ?? "", "–")}</bdi></dd></div>";
    }
}
