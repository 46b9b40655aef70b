using System.Net;
using System.Text.RegularExpressions;

namespace OAuthServer.Diagnosis;

/// <summary>A form of a page, as far as a sign-in and a consent need it.</summary>
internal sealed partial class HtmlForm
{
    private static readonly string[] NamesOfUsername = ["username", "user", "login", "email", "identifier", "loginfmt", "j_username"];
    private static readonly string[] WordsOfAllow =
        ["allow", "accept", "approve", "authorize", "consent", "continue", "grant", "agree", "confirm", "yes"];

    private static readonly string[] WordsOfDeny = ["deny", "cancel", "reject", "decline", "refuse", "no", "don't", "do not"];

    // A page made for it could keep the search busy for minutes.
    private const int MostMilliseconds = 1000;
    private const int LongestLabel = 1000;

    private HtmlForm(Uri action, bool isPost) => (Action, IsPost) = (action, isPost);

    public Uri Action { get; }

    public bool IsPost { get; }

    public List<HtmlField> Fields { get; } = [];

    public HtmlField? Password => Fields.Find(one => one.Type == "password");

    /// <summary>The field for who signs in.</summary>
    public HtmlField? Username =>
        Fields.Find(one => one.IsText && (one.Autocomplete.Contains("username", StringComparison.Ordinal)
            || NamesOfUsername.Contains(one.Name.ToLowerInvariant())))
        ?? (Password is null ? null : Fields.Find(one => one.IsText));

    /// <summary>The button that allows; else the only one there is.</summary>
    public HtmlField? Allow
    {
        get
        {
            var buttons = Fields.FindAll(one => one.IsButton && !Speaks(one, WordsOfDeny));
            return buttons.Find(button => Speaks(button, WordsOfAllow)) ?? (buttons.Count == 1 ? buttons[0] : null);
        }
    }

    /// <summary>What a browser sends when <paramref name="pressed"/> is pressed, with these values typed in.</summary>
    public IEnumerable<(string Name, string Value)> Filled(HtmlField? pressed, params (HtmlField? Field, string Value)[] typed)
    {
        // A consent may have boxes that nothing ticks beforehand, and be refused without one. A sign-in stays as it is.
        var ticksAll = Password is null;
        var radios = new HashSet<string>();
        foreach (var field in Fields.Where(field => field.Name.Length > 0 && (!field.IsButton || field == pressed)))
        {
            if (field.Type == "checkbox" && !field.IsChecked && !ticksAll) continue;
            if (field.Type == "radio" && !(field.IsChecked && radios.Add(field.Name))) continue;
            var given = Array.Find(typed, one => one.Field == field);
            yield return (field.Name, given.Field is null ? field.Value : given.Value);
        }
    }

    /// <summary>Every form of a page.</summary>
    public static List<HtmlForm> Of(RemoteAnswer page)
    {
        var forms = new List<HtmlForm>();
        try
        {
            Collect(page, forms);
        }
        catch (RegexMatchTimeoutException)
        {
            // As far as it could be read.
        }

        return forms;
    }

    private static void Collect(RemoteAnswer page, List<HtmlForm> forms)
    {
        HtmlForm? open = null;
        foreach (Match tag in Tag().Matches(page.Body))
        {
            var (name, attributes) = (tag.Groups["name"].Value.ToLowerInvariant(), Attributes(tag.Groups["attributes"].Value));
            if (name == "form")
            {
                var action = attributes.GetValueOrDefault("action", "");
                open = Uri.TryCreate(page.Url, action.Length == 0 ? page.Url.PathAndQuery : action, out var url)
                    ? new HtmlForm(url, attributes.GetValueOrDefault("method", "").Equals("post", StringComparison.OrdinalIgnoreCase))
                    : null;
                if (open is not null) forms.Add(open);
            }
            else if (name == "/form") open = null;
            else if (open is not null && !attributes.ContainsKey("disabled"))
                open.Fields.Add(HtmlField.Of(name, attributes, name == "button" ? Label(page.Body, tag.Index + tag.Length) : ""));
        }
    }

    // Up to its end; a button without one has none.
    private static string Label(string page, int begin) =>
        page.IndexOf("</button", begin, Math.Min(LongestLabel, page.Length - begin), StringComparison.OrdinalIgnoreCase) is >= 0 and var end
            ? page[begin..end] : "";

    private static bool Speaks(HtmlField button, string[] words) => words.Any(word =>
        Word(button.Label).Contains($" {word} ", StringComparison.Ordinal) || Word(button.Value).Contains($" {word} ",
            StringComparison.Ordinal)
        || Word(button.Name).Contains($" {word} ", StringComparison.Ordinal));

    private static string Word(string text) => $" {NoLetter().Replace(text.ToLowerInvariant(), " ")} ";

    private static Dictionary<string, string> Attributes(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match one in Attribute().Matches(text))
            found.TryAdd(one.Groups["name"].Value, WebUtility.HtmlDecode(one.Groups["value"].Value));
        return found;
    }

    [GeneratedRegex("""<(?<name>form|/form|input|button)\b(?<attributes>(?>(?:[^>"']|"[^"]*"|'[^']*')*))>""", RegexOptions.IgnoreCase,
        MostMilliseconds)]
    private static partial Regex Tag();

    [GeneratedRegex("""(?<name>[\w:-]+)(?:\s*=\s*(?:"(?<value>[^"]*)"|'(?<value>[^']*)'|(?<value>[^\s>"']+)))?""")]
    private static partial Regex Attribute();

    [GeneratedRegex("[^a-z']+")]
    private static partial Regex NoLetter();
}

/// <summary>An input or a button of a form.</summary>
internal sealed partial class HtmlField
{
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required string Value { get; init; }
    public required string Autocomplete { get; init; }

    /// <summary>What stands on a button.</summary>
    public required string Label { get; init; }
    public required bool IsChecked { get; init; }

    public bool IsButton => Type is "submit" or "button" or "image" or "reset";

    public bool IsText => Type is "text" or "email";

    public static HtmlField Of(string tag, Dictionary<string, string> attributes, string label)
    {
        var type = attributes.GetValueOrDefault("type", tag == "button" ? "submit" : "text").ToLowerInvariant();
        return new HtmlField
        {
            Name = attributes.GetValueOrDefault("name", ""),
            Type = type,
            Value = attributes.GetValueOrDefault("value", type is "checkbox" or "radio" ? "on" : ""),
            Autocomplete = attributes.GetValueOrDefault("autocomplete", ""),
            Label = WebUtility.HtmlDecode(Markup().Replace(label, "")).Trim(),
            IsChecked = attributes.ContainsKey("checked"),
        };
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Markup();
}
