using System.Globalization;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>Text for terminals: tables, lists of properties, times in UTC.</summary>
internal static class Words
{
    /// <summary>Columns aligned, two spaces between them, the last one as long as it likes.</summary>
    public static string Table(string[] head, IEnumerable<string?[]> rows)
    {
        string[][] lines =
            [head, .. rows.Select(row => row.Select(cell => string.IsNullOrEmpty(cell) ? "-" : VisibleText.Escape(cell)).ToArray())];
        var widths = head.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        return string
            .Join('\n', lines.Select(line => string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()));
    }

    /// <summary>One property a line; those without a value are left out.</summary>
    public static string Properties(params (string Name, string? Value)[] properties)
    {
        var present = properties.Where(property => !string.IsNullOrEmpty(property.Value)).ToArray();
        var width = present.Length == 0 ? 0 : present.Max(property => property.Name.Length);
        return string.Join('\n', present.Select(property => $"{property.Name.PadRight(width)}  {VisibleText.Escape(property.Value!)}"));
    }

    /// <summary>UTC, to the second.</summary>
    public static string At(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <inheritdoc cref="At(DateTimeOffset)"/>
    public static string? At(DateTimeOffset? time) => time is { } known ? At(known) : null;

    /// <summary>How many there are, as far as they were counted.</summary>
    public static string Total(int total, int most) => total > most ? string.Create(CultureInfo.InvariantCulture, $"more than {most:N0}")
        : total.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>One line per value, none for none.</summary>
    public static string? Lines(string[] values) => values.Length == 0 ? null : string.Join(' ', values);
}
