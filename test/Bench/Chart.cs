using System.Globalization;
using System.Net;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>The shares as bars, with the least and the most of the rounds and a mark at the target. Readable in light and dark.</summary>
internal static class Chart
{
    private const int Names = 390;
    private const int Bars = 400;
    private const int Line = 30;
    private const int Head = 34;

    public static string Draw(IReadOnlyList<Row> rows)
    {
        var shares = rows.Where(row => row is { IsLeast: true, Ratio: not null }).ToList();
        var most = Math.Max(1, shares.Max(row => Math.Max(row.Ratio!.Max, row.Target)));
        var (width, height) = (Names + Bars + 70, Head + Line * shares.Count + 10);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" width="{{width}}" height="{{height}}" role="img"
                 aria-label="Requests per second as a share of the limit, with targets">
            <style>
              text { font: 13px system-ui, sans-serif; fill: #1f2328 } .met { fill: #1a7f37 } .missed { fill: #bc4c00 }
              .target { stroke: #1f2328; stroke-width: 2 } .range { stroke: #8c959f; stroke-width: 2 }
              @media (prefers-color-scheme: dark) {
                text { fill: #e6edf3 } .target { stroke: #e6edf3 } .met { fill: #3fb950 } .missed { fill: #f0883e }
              }
            </style>
            <text x="4" y="18">Share of the limit: the bar is the middle, the thin line least to most, the upright the target</text>

            """);
        for (var at = 0; at < shares.Count; at++) Append(svg, shares[at], Head + Line * at, most);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Append(StringBuilder svg, Row row, int y, double most)
    {
        var shown = row.CpuDecides ? row.ByCpu! : row.Ratio!;
        var name = WebUtility.HtmlEncode($"{row.Title} ÷ {row.LimitName}{(row.CpuDecides ? " (CPU)" : "")}");
        svg.Append(CultureInfo.InvariantCulture, $"""
            <text x="4" y="{y + 16}">{name}</text>
            <rect class="{(row.IsMet ? "met" : "missed")}" x="{Names}" y="{y + 4}" width="{Across(shown.Median):0.#}" height="16" rx="2"/>
            <line class="range" x1="{Names + Across(shown.Min):0.#}" x2="{Names + Across(shown.Max):0.#}" y1="{y + 12}" y2="{y + 12}"/>
            <line class="target" x1="{Names + Across(row.Target):0.#}" x2="{Names + Across(row.Target):0.#}" y1="{y}" y2="{y + 24}"/>
            <text x="{Names + Bars + 8}" y="{y + 16}">{shown.Median:0.00}</text>

            """);

        double Across(double share) => Math.Min(1, share / most) * Bars;
    }
}
