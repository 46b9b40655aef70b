using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Protocol;

namespace OAuthServer.Pages.Admin;

/// <summary>A search in the audit log, as it was asked for and what it found.</summary>
public sealed record AuditSearchView
{
    /// <summary>The query: client, person, event, outcome, request, from, to, before.</summary>
    public required Parameters Asked { get; init; }

    /// <summary>What is wrong with it, by field, in the page's language.</summary>
    public required IReadOnlyDictionary<string, string> Problems { get; init; }
    public required AuditView Found { get; init; }

    /// <summary>There are older ones: they begin before this moment.</summary>
    public required DateTimeOffset? Older { get; init; }
}

/// <summary>The audit log, newest first, and a form to look for something in it.</summary>
public static class AuditPage
{
    /// <summary>What can be asked for; the next page asks for the same.</summary>
    private static readonly string[] Names = ["client", "person", "event", "outcome", "request", "from", "to"];

    public static Task AuditAsync(this HttpContext http, Frame frame, AuditSearchView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, name => view.Asked[name], view.Problems);
        Html form = $"""
            <div class="columns">
            {fields.Text("client", "Client id")}
            {fields.Text("person", "Person", "The user name")}
            {fields.Choice("event", "What", [("", say["Everything"]), .. Decisions.All.Select(one => (one, one))])}
            {fields.Choice("outcome", "Outcome", [("", say["Both"]), ("ok", say["ok"]), ("refused", say["refused"])])}
            {fields.Text("request", "Request id")}
            {fields.Text("from", "From (UTC)", type: "datetime-local")}
            {fields.Text("to", "Until (UTC)", type: "datetime-local")}
            </div>
            """;
        Html older = view.Older is { } moment
            ? $"""<p class="actions"><a class="button" rel="next" href="{settings.IssuerPath}{Paths.AdminAudit}?{Query(view.Asked, moment)}">{say["Older"]}</a></p>"""
            : Html.None;
        Html found = view.Found.Rows.Count == 0
            ? $"""<p class="empty">{say["Nothing fits."]}</p>"""
            : AuditRows.Table(view.Found, say["The newest first, times in UTC"], settings, say);

        return http.PageAsync(view.Problems.Count == 0 ? 200 : 400, view.Problems.Count == 0 ? "Audit" : "Error: Audit", $"""
            <h1>{say["Audit"]}</h1>
            {fields.Summary()}
            <form method="get" action="{settings.IssuerPath + Paths.AdminAudit}" role="search">
            {form}
            <div class="actions"><button class="primary" type="submit">{say["Search"]}</button> <a class="button" href="{settings.IssuerPath + Paths.AdminAudit}">{say["Show everything"]}</a></div>
            </form>
            {found}
            {older}
            """, frame);
    }

    private static string Query(Parameters asked, DateTimeOffset before) => string.Join('&', Names.Where(name => asked[name] is not null)
        .Select(name => $"{name}={Uri.EscapeDataString(asked[name]!)}")
        .Append($"before={Uri.EscapeDataString(before.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))}"));
}
