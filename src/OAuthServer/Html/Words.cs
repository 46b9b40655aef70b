using System.Globalization;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>Text that other people chose, made fit to stand in a sentence of ours.</summary>
public static class Words
{
    private const int LongestName = 80;

    /// <summary>
    /// One line of at most 80 characters without controls, bidirectional overrides or invisible characters (Trojan Source,
    /// CVE-2021-42574), and with no more than two marks stacked on a letter; <paramref name="otherwise"/> when nothing is left.
    /// </summary>
    public static string Sanitize(string text, string otherwise = "", int most = LongestName)
    {
        var tame = new StringBuilder(Math.Min(text.Length, most));
        var marks = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (tame.Length >= most)
            {
                tame.Append('…');
                break;
            }

            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator:
                    if (tame.Length > 0 && tame[^1] != ' ') tame.Append(' ');
                    break;
                case var _ when VisibleText.IsInvisible(rune):
                    break;
                case UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark when ++marks > 2:
                    break;
                case UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark:
                    tame.Append(rune);
                    break;
                default:
                    marks = 0;
                    tame.Append(rune);
                    break;
            }
        }

        var words = tame.ToString().Trim();
        return VisibleText.IsVisible(words) ? words : otherwise;
    }
}
