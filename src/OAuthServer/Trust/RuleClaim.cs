using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OAuthServer.Trust;

/// <summary>
/// One claim of a rule and the values it may have: whole and by case; a * is one or more characters but : and /. A name that begins with /
/// is a JSON Pointer (RFC 6901). Numbers, true and false fit by what is written; a list or an object fits nothing.
/// </summary>
public sealed class RuleClaim
{
    private const int LongestShown = 100;

    private readonly Func<string, bool>[] values;
    private readonly string[]? path;

    public RuleClaim(string name, JsonElement allowed)
    {
        Name = name;
        path = name.StartsWith('/') ? [.. name[1..].Split('/').Select(Unescape)] : null;
        var texts = allowed.ValueKind == JsonValueKind.Array ? [.. allowed.EnumerateArray().Select(TextOf).OfType<string>()]
            : TextOf(allowed) is { } only ? new[] { only } : [];
        values = [.. texts.Select(Pattern)];
        Expected = string.Join(" or ", texts);
    }

    public string Name { get; }

    /// <summary>In words.</summary>
    public string Expected { get; }

    public bool Fits(JsonElement claims) =>
        Find(claims) is { } value && TextOf(value) is { } text && Array.Exists(values, fits => fits(text));

    /// <summary>What came in its place, in words.</summary>
    public string Came(JsonElement claims) =>
        Find(claims) is not { } value ? "nothing"
        : TextOf(value) is not { } text ? value.ValueKind == JsonValueKind.Array ? "a list" : "no text"
        : text.Length <= LongestShown ? text : text[..LongestShown] + "…";

    private JsonElement? Find(JsonElement claims)
    {
        if (path is null) return claims.TryGetProperty(Name, out var direct) ? direct : null;
        var at = claims;
        foreach (var step in path)
        {
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(step, out var member)) at = member;
            else if (at.ValueKind == JsonValueKind.Array && IsIndex(step, out var index) && index < at.GetArrayLength()) at = at[index];
            else return null;
        }

        return at;
    }

    private static bool IsIndex(string step, out int index) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out index) && (step.Length == 1 || step[0] != '0');

    // RFC 6901 §4.
    private static string Unescape(string step) =>
        step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static Func<string, bool> Pattern(string allowed)
    {
        if (!allowed.Contains('*')) return text => string.Equals(text, allowed, StringComparison.Ordinal);
        // Linear time, whatever comes.
        var form = new Regex(@"\A" + string.Join("[^:/]+", allowed.Split('*').Select(Regex.Escape)) + @"\z",
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        return form.IsMatch;
    }

    // A lone surrogate is no text.
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
