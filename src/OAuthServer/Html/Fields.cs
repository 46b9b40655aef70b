using System.Text;

namespace OAuthServer.Html;

/// <summary>
/// The fields of a form: each has a label, perhaps a hint, what was typed, and beside it what is wrong with that. What somebody
/// typed is never lost.
/// </summary>
/// <param name="values">The form as it was posted, or the row as it stands; null for a field without a value.</param>
/// <param name="problems">What is wrong, by field, in English; a name no field has stands above them all.</param>
public sealed class Fields(Language say, Func<string, string?> values, IReadOnlyDictionary<string, string> problems)
{
    private readonly Func<string, string?> values = name => PastedKeys.Shown(name, values(name));

    // With their labels, in the page's language and in its order.
    private readonly List<(string Name, string Label)> shown = [];

    /// <summary>One line of text.</summary>
    /// <param name="label">In English.</param>
    /// <param name="hint">In English, or null.</param>
    /// <param name="attributes">Further attributes, such as required or inputmode.</param>
    public Markup Text(
        string name, string label, string? hint = null, string type = "text", Markup attributes = default) => Around(name, label, hint, $"""
        <input
            id="{name}" name="{name}" type="{type}" value="{values(name)}" dir="auto" autocomplete="off" {attributes}{Described(
                name, hint)}>
        """);

    /// <summary>Whose password a form asks for that asks for no name: without it a password manager guesses.</summary>
    public static Markup ForPasswordManagers(string username) =>
        $"""<input type="text" autocomplete="username" value="{username}" readonly hidden>""";

    /// <summary>A password, which never comes back.</summary>
    /// <param name="autocomplete">current-password or new-password.</param>
    public Markup Password(string name, string label, string autocomplete, string? hint = null) => Around(name, label, hint, $"""
        <input id="{name}" name="{name}" type="password" required autocomplete="{autocomplete}" dir="ltr"{Described(name, hint)}>
        """);

    /// <summary>Several lines: one value a line.</summary>
    public Markup Lines(string name, string label, string? hint = null, int rows = 3) => Around(name, label, hint, $"""
        <textarea
            id="{name}" name="{name}" rows="{rows}" dir="ltr" spellcheck="false"{Described(name, hint)}>{"\n" + values(name)}</textarea>
        """);

    /// <summary>One of several.</summary>
    /// <param name="options">Values and their English texts; a text that is its value is a code, and stays as it is.</param>
    public Markup Choice(string name, string label, IEnumerable<(string Value, string Text)> options, string? hint = null)
    {
        return Around(name, label, hint, $"""
            <select id="{name}" name="{name}"{Described(name, hint)}>{options.Select(Option)}</select>
            """);

        Markup Option((string Value, string Text) one)
        {
            Markup selected = values(name) == one.Value ? $" selected" : Markup.None;
            return one.Text == one.Value
                ? $"""<option value="{one.Value}"{selected} dir="ltr">{one.Value}</option>"""
                : (Markup)$"""<option value="{one.Value}"{selected}>{say[one.Text]}</option>""";
        }
    }

    /// <summary>Yes or no; posts yes when ticked, nothing otherwise.</summary>
    /// <param name="text">Shown as it is: already in the reader's language, or a name.</param>
    public Markup Check(string name, string text)
    {
        shown.Add((name, text));
        Markup ticked = values(name) is null ? Markup.None : $" checked";
        return $"""
            <div class="check"><input
                type="checkbox" id="{name}" name="{name}" value="yes"{ticked}{Described(
                    name, null)}><label for="{name}">{text}</label>{Problem(name)}</div>
            """;
    }

    /// <summary>Several inputs under one heading, with one place for what is wrong with them.</summary>
    public Markup Group(string name, string label, string? hint, Markup inputs)
    {
        shown.Add((name, say[label]));
        Markup help = hint is null ? Markup.None : $"""<p class="hint" id="{name}-hint">{say[hint]}</p>""";
        return $"""
            <fieldset id="{name}"{Described(name, hint, isInput: false)}><legend>{say[label]}</legend>
            {help}{Problem(name)}{inputs}</fieldset>
            """;
    }

    /// <summary>
    /// Stands above the fields once they are made: what belongs to no field, then every field with a problem as a link to it
    /// (WCAG 3.3.1). Empty when nothing is wrong.
    /// </summary>
    /// <param name="lead">In English.</param>
    public Markup Summary(string lead = "Nothing was saved. Correct what is marked below.")
    {
        if (problems.Count == 0) return Markup.None;
        var marked = shown.Where(field => problems.ContainsKey(field.Name)).ToArray();
        var rest = problems.Where(problem => !shown.Exists(field => field.Name == problem.Key));
        Markup links = marked.Length == 0
            ? Markup.None
            : $"""
                <p>{say[lead]}</p><ul>{marked.Select(field =>
                    (Markup)$"""<li><a href="#{field.Name}">{field.Label}</a>: {say[problems[field.Name]]}</li>""")}</ul>
                """;
        return $"""<div class="error" role="alert">{rest.Select(problem => (Markup)$"<p>{say[problem.Value]}</p>")}{links}</div>""";
    }

    private Markup Around(string name, string label, string? hint, Markup input)
    {
        shown.Add((name, say[label]));
        Markup help = hint is null ? Markup.None : $"""<p class="hint" id="{name}-hint">{say[hint]}</p>""";
        return $"""<div class="field"><label for="{name}">{say[label]}</label>{help}{input}{Problem(name)}</div>""";
    }

    private Markup Problem(string name) => problems.TryGetValue(
        name, out var problem) ? $"""<p class="wrong" id="{name}-problem">{say[problem]}</p>""" : Markup.None;

    // A group of inputs may be described, and cannot be invalid itself.
    private Markup Described(string name, string? hint, bool isInput = true)
    {
        var wrong = problems.ContainsKey(name);
        if (hint is null && !wrong) return Markup.None;
        var by = new StringBuilder(hint is null ? "" : $"{name}-hint").Append(wrong ? $" {name}-problem" : "");
        Markup invalid = wrong && isInput ? $" aria-invalid=\"true\"" : Markup.None;
        return $" aria-describedby=\"{by.ToString().Trim()}\"{invalid}";
    }
}
