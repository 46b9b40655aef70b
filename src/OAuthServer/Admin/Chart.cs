using System.Globalization;
using OAuthServer.Html;

namespace OAuthServer.Admin;

/// <summary>What happened within one hour or day.</summary>
/// <param name="Label">In the page's language: 14:00, 12 Sep 2026.</param>
/// <param name="Tick">The same below the chart, where there is less room: 14:00, 12 Sep.</param>
public sealed record ChartColumn(string Label, string Tick, int Issued, int Refused);

/// <summary>
/// A bar chart, drawn here as SVG: two bars for each span of time. The same numbers stand in a table below it, for those who do
/// not see it.
/// </summary>
public static class Chart
{
    private const int Width = 480;
    private const int Top = 12;
    private const int Foot = 150;
    private const int Left = 44;

    // So many spans share one label.
    private const int Labelled = 6;

    /// <param name="summary">What it shows, in one sentence with the sums, in the page's language.</param>
    /// <param name="caption">Of the table, in the page's language.</param>
    public static Markup Draw(IReadOnlyList<ChartColumn> spans, string summary, string caption, Language say)
    {
        var most = Nice(spans.Max(span => Math.Max(span.Issued, span.Refused)));
        return $"""
            <svg class="chart" viewBox="0 0 {Width} {Foot + 24}" role="img" aria-label="{summary}">
            {new[] { most, most / 2, 0 }.Distinct().Select(Line)}
            {spans.Select((span, index) => Bars(span, index))}
            </svg>
            <details>
            <summary>{say["Show as a table"]}</summary>
            <table>
            <caption>{caption}</caption>
            <thead><tr><th scope="col">{say["When"]}</th><th scope="col" class="number">{say["Tokens issued"]}</th>
                <th scope="col" class="number">{say["Refused"]}</th></tr></thead>
            <tbody>
            {spans.Reverse().Select(Row)}
            </tbody>
            </table>
            </details>
            """;

        Markup Line(int value) => $"""
            <line class="grid" x1="{Left}" x2="{Width}" y1="{Y(value)}" y2="{Y(value)}"></line>
                <text x="{Left - 6}" y="{Y(value) + 4}" text-anchor="end">{Short(value)}</text>
            """;

        Markup Bars(ChartColumn span, int index)
        {
            var (from, to) = (X(index), X(index + 1));
            var half = Math.Max((to - from - 4) / 2, 2);
            // Where text runs from right to left it ends where the bars begin; otherwise it starts there.
            Markup direction = say.Direction == "rtl" ? $" class=\"rtl\" text-anchor=\"end\"" : Markup.None;
            Markup label = index % Labelled == 0 ? $"""<text x="{from}" y="{Foot + 18}"{direction}>{span.Tick}</text>""" : Markup.None;
            return $"""{Bar("bar", from + 1, half, span.Issued)}{Bar("bad", from + 1 + half, half, span.Refused)}{label}""";
        }

        Markup Bar(string kind, int x, int width, int value) => value == 0
            ? Markup.None
            // However small it is beside the others, it is there.
            : $"""
                <rect class="{kind}" x="{x}" y="{Math.Min(Y(value), Foot - 2)}"
                    width="{width}" height="{Math.Max(Foot - Y(value), 2)}" rx="1"></rect>
                """;

        Markup Row(ChartColumn span) => $"""
            <tr><th scope="row"><bdi>{span.Label}</bdi></th><td class="number" data-label="{say["Tokens issued"]}">{span
                .Issued}</td><td class="number" data-label="{say["Refused"]}">{span.Refused}</td></tr>
            """;

        int X(int index) => Left + (index * (Width - Left) / spans.Count);

        int Y(int value) => Foot - (int)((long)value * (Foot - Top) / most);
    }

    // The top of the scale: 2, 4, 10, 20, 40, 100, …
    private static int Nice(int most)
    {
        for (var unit = 1L; ; unit *= 10)
            foreach (var step in new[] { 2, 4, 10 })
                if (unit * step >= most)
                    return (int)Math.Min(unit * step, int.MaxValue);
    }

    private static string Short(int value) => value switch
    {
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1_000_000.0:0.#} M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1000.0:0.#} k"),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
