using System.Globalization;
using OAuthServer.Admin.Clients;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Admin.Audit;

/// <summary>Rows of the audit log with the names of the people in them.</summary>
public sealed record AuditView
{
    public required IReadOnlyList<AuditRow> Rows { get; init; }

    /// <summary>Usernames by subject; those nobody has any more are left out.</summary>
    public required IReadOnlyDictionary<string, string> Names { get; init; }
}

/// <summary>Rows of the audit log as a table. What others wrote in them is shown, tamed and never obeyed.</summary>
public static class AuditRows
{
    // As long as the log keeps a field, and a little more; an edit of every column is longer.
    private const int LongestFact = 600;
    private const int LongestDetail = 4_000;

    /// <summary>The table.</summary>
    /// <param name="caption">In the page's language.</param>
    public static Markup Table(AuditView view, string caption, Settings settings, Language say) => $"""
        <table class="audit">
        <caption>{caption}</caption>
        <thead><tr><th scope="col">{say["When"]}</th><th scope="col">{say["Event"]}</th>
            <th scope="col">{say["Details"]}</th><th scope="col">{say["Request id"]}</th></tr></thead>
        <tbody>
        {view.Rows.Select(row => Row(row, view, settings, say))}
        </tbody>
        </table>
        """;

    /// <summary>The facts of one row.</summary>
    public static Markup Facts(AuditRow row, string? person, Settings settings, Language say) =>
        $"""<dl class="story">{AuditFormatter.Of(row, person).Select(fact => Fact(fact.Name, fact.Value, row, settings, say))}</dl>""";

    /// <summary>What was decided, with its outcome in words and colour.</summary>
    public static Markup Decision(AuditRow row, Language say)
    {
        Markup error = row.Error is { } code ? $""" <code>{Sanitize(code)}</code>""" : Markup.None;
        Markup outcome = row.Outcome == "ok" ? (Markup)$"""<span class="mark yes">{say["ok"]}</span>"""
            : $"""<span class="mark no">{say["refused"]}</span>""";
        return $"""<code>{Sanitize(row.Event)}</code> {outcome}{error}""";
    }

    /// <summary>A moment to the second, in UTC.</summary>
    public static Markup Moment(DateTimeOffset at, Language say) =>
        $"""
            <time datetime="{at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}">{say.Day(at)},
                <bdi>{at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}</bdi></time>
            """;

    private static Markup Row(AuditRow row, AuditView view, Settings settings, Language say) => $"""
        <tr>
        <th scope="row">{Moment(row.At, say)}</th>
        <td data-label="{say["Event"]}">{Decision(row, say)}</td>
        <td>{Facts(row, view.Names.GetValueOrDefault(row.Subject ?? ""), settings, say)}</td>
        <td data-label="{say["Request id"]}"><a href="{settings.IssuerPath}{Paths.AdminWhy}?id={Uri.EscapeDataString(
            row.RequestId)}"><code>{Sanitize(row.RequestId)}</code></a></td>
        </tr>
        """;

    private static Markup Fact(string name, string value, AuditRow row, Settings settings, Language say)
    {
        Markup shown = name switch
        {
            "client" => $"""<a href="{settings.IssuerPath + ClientText.At(value)}"><bdi>{Sanitize(value)}</bdi></a>""",
            "person" when Guid.TryParse(row.Subject, out var subject) =>
                $"""<a href="{settings.IssuerPath}{Paths.AdminUser}?subject={subject.ToString()}"><bdi>{Sanitize(value)}</bdi></a>""",
            // The log is kept in English (WCAG 3.1.2).
            "rule" or "reason" => $"""<bdi lang="en">{Sanitize(value)}</bdi>""",
            "expected" or "received" => $"""<code lang="en">{Sanitize(value)}</code>""",
            "detail" => $"""<code lang="en">{Words.Sanitize(value, "–", LongestDetail)}</code>""",
            _ => $"<code>{Sanitize(value)}</code>",
        };
        return $"<div><dt>{Label(name, say)}</dt><dd>{shown}</dd></div>";
    }

    // The names Story gives them, as labels.
    private static string Label(string name, Language say) => name switch
    {
        "client" => say["Client"],
        "person" => say["User"],
        "address" => say["IP address"],
        "actor" => say["Actor"],
        "rule" => say["Rule"],
        "expected" => say["Expected"],
        "received" => say["Received"],
        "reason" => say["Reason"],
        "grant" => say["Grant"],
        "token" => say["Token"],
        _ => say["Detail"],
    };

    private static string Sanitize(string text) => Words.Sanitize(text, "–", LongestFact);
}
