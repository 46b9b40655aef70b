using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Audit;

/// <summary>A search in the audit log: its parameters and what it found.</summary>
public sealed record AuditSearchView
{
    /// <summary>The query: client, person, event, outcome, request, from, to; before or after.</summary>
    public required Parameters Parameters { get; init; }

    /// <summary>What is wrong with it, by field, in the page's language.</summary>
    public required IReadOnlyDictionary<string, string> Problems { get; init; }
    public required AuditView Found { get; init; }
    public required Paging Paging { get; init; }
}

/// <summary>The audit log, newest first, and a form to search it.</summary>
public static class AuditPage
{
    /// <summary>What narrows the search; the other pages keep it.</summary>
    private static readonly string[] Names = ["client", "person", "event", "outcome", "request", "from", "to"];

    public static Task AuditAsync(this HttpContext http, Markup antiforgery, Navigation frame, AuditSearchView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, name => view.Parameters[name], view.Problems);
        Markup form = $"""
            <div class="columns">
            {fields.Text("client", "Client id")}
            {fields.Text("person", "Username")}
            {fields.Choice("event", "Event", [("", say["Any"]), .. AuditEvents.All.Select(one => (one, one))])}
            {fields.Choice("outcome", "Outcome", [("", say["Any"]), ("ok", say["ok"]), ("refused", say["refused"])])}
            {fields.Text("request", "Request id")}
            {fields.Text("from", "From (UTC)", type: "datetime-local")}
            {fields.Text("to", "Until (UTC)", type: "datetime-local")}
            </div>
            """;
        Markup found = view.Found.Rows.Count == 0
            ? $"""<p class="empty" role="status">{say["No results"]}</p>"""
            : AuditRows.Table(view.Found, $"{view.Paging.Counted(say)} · {say["Newest first, times in UTC"]}", settings, say);

        return http.PageAsync(view.Problems.Count == 0 ? 200 : 400, view.Problems.Count == 0 ? "Audit" : "Error: Audit", $"""
            <h1>{say["Audit"]}</h1>
            {fields.Summary("Correct what is marked below.")}
            <form method="get" action="{settings.IssuerPath + Paths.AdminAudit}" role="search">
            {form}
            <div class="actions"><button class="primary" type="submit">{say["Search"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminAudit}">{say["Show all"]}</a></div>
            </form>
            {found}
            {view.Paging.Links(settings, say)}
            {Downloads(view, antiforgery, settings, say)}
            """, frame);
    }

    private static Markup Downloads(AuditSearchView view, Markup antiforgery, Settings settings, Language say)
    {
        if (view.Found.Rows.Count == 0) return Markup.None;
        return $"""
            <h2>{say["Download"]}</h2>
            <p class="note">{say.Put("What this search finds, the newest first, at most {0} entries.",
                $"{AuditExportEndpoint.Most.ToString("N0", CultureInfo.InvariantCulture)}")}</p>
            <form class="actions" method="post" action="{settings.IssuerPath + Paths.AdminAuditExport}">
            {antiforgery}{Given(view.Parameters).Select(Kept)}
            <button type="submit" name="format" value="csv"><bdi>CSV</bdi></button>
            <button type="submit" name="format" value="json"><bdi>JSON</bdi></button>
            </form>
            """;

        Markup Kept(string name) => $"""<input type="hidden" name="{name}" value="{view.Parameters[name]}">""";
    }

    /// <summary>The names of the fields that narrow a search.</summary>
    internal static string Narrowed(Parameters parameters) => string.Join(", ", Given(parameters));

    private static IEnumerable<string> Given(Parameters parameters) => Names.Where(name => parameters[name] is not null);

    /// <summary>The same search, from its start.</summary>
    internal static string Url(Parameters parameters) => PageUrl.Of(
        Paths.AdminAudit, [.. Names.Select(name => (name, parameters[name]))]);

    /// <summary>The same search, before or after a moment.</summary>
    internal static string Url(Parameters parameters, string cursor, DateTimeOffset moment) => PageUrl.Of(Paths.AdminAudit,
        [.. Names.Select(name => (name, parameters[name])), (cursor, moment.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))]);
}
