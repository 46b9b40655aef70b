using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin;

/// <summary>A form's texts as values of columns; what no column could take is said in <paramref name="problems"/>.</summary>
/// <param name="problems">By field, in the page's language; added to.</param>
internal sealed class TypedValues(Parameters form, Language say, Dictionary<string, string> problems)
{
    /// <summary>One text without blanks around it; null: empty.</summary>
    public string? Text(string name) => form[name]?.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>Whether it is ticked.</summary>
    public bool Ticked(string name) => form[name] is not null;

    /// <summary>What blanks or lines separate, each once.</summary>
    public string[] List(string name) =>
        [.. (form[name] ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

    /// <summary>JSON as it was typed; null: empty.</summary>
    /// <param name="otherwise">In place of what is no JSON.</param>
    public string? Json(string name, string? otherwise)
    {
        if (Text(name) is not { } text) return null;
        if (Flaw(name, text) is not { } flaw) return text;
        problems[name] = say[flaw];
        return otherwise;
    }

    /// <summary>Why it cannot be kept in this field, in English; null: it can.</summary>
    public static string? Flaw(string name, string text) =>
        name == PastedKeys.Field && PastedKeys.ArePrivate(text) ? PastedKeys.Problem : TypedJson.Flaw(text);

    /// <summary>A whole number; 0: empty.</summary>
    /// <param name="otherwise">In place of what is no number.</param>
    public int Number(string name, int otherwise)
    {
        if (Text(name) is not { } text) return 0;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        problems[name] = say["Write a whole number."];
        return otherwise;
    }
}
