using System.Globalization;
using System.Text;

namespace OAuthServer.Protocol;

/// <summary>
/// Which characters of a text a person sees. Names are shown to people who decide by them, and printed on operators' terminals:
/// what draws nothing, turns the direction of writing or breaks a line does not belong there (Trojan Source, CVE-2021-42574).
/// </summary>
public static class VisibleText
{
    /// <summary>
    /// Whether it draws nothing by itself: controls, format characters, line separators, private use, unassigned, Unicode's other
    /// default ignorables, and the letters that are blank by design (the Hangul fillers, the empty Braille pattern).
    /// </summary>
    public static bool IsInvisible(Rune rune) => rune.Value is
            0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0 or 0x1D159
            or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
                or UnicodeCategory.OtherNotAssigned;

    /// <summary>Whether anything in it can be seen: marks and blanks alone cannot.</summary>
    public static bool IsVisible(string text) => text.EnumerateRunes().Any(rune => !IsInvisible(rune) && Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.SpaceSeparator or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.SpacingCombiningMark));

    /// <summary>
    /// A name as it is kept, whoever gave it: a registration, a client's document or an operator (see visible_text in SQL, which
    /// says the same of every character there is), without blanks at its ends. The joiners of Persian and of emoji stay. Null when nothing
    /// of it can be seen.
    /// </summary>
    public static string? Name(string? name)
    {
        if (name is null || !IsVisible(name)) return null;
        return string.Concat(name.EnumerateRunes().Where(rune => rune.Value is 0x200C or 0x200D || !IsInvisible(rune))).Trim();
    }

    /// <summary>Text for a terminal or a log line: whatever draws nothing, or moves the cursor, is written as \u{202E}.</summary>
    /// <param name="lines">True: line breaks stay.</param>
    public static string Escape(string text, bool lines = false)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if ((lines && rune.Value == '\n') || !IsInvisible(rune)) escaped.Append(rune);
            else escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X4}}}");
        return escaped.ToString();
    }

    /// <summary>The same for JSON text: \u202E, in two halves beyond the Basic Multilingual Plane (RFC 8259 §7).</summary>
    public static string EscapeJson(string json)
    {
        var escaped = new StringBuilder(json.Length);
        foreach (var rune in json.EnumerateRunes())
            if (!IsInvisible(rune)) escaped.Append(rune);
            else
                foreach (var half in rune.ToString())
                    escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)half:X4}");
        return escaped.ToString();
    }
}
