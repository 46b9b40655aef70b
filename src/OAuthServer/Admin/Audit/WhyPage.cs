using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Admin.Audit;

/// <summary>Why was that refused? A request id goes in, the rule, what it expected and what came come out.</summary>
public static class WhyPage
{
    /// <param name="id">As it was asked for; null: not yet.</param>
    public static Task WhyAsync(this HttpContext http, Navigation frame, string? id, AuditView found)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, _ => id, new Dictionary<string, string>());
        Markup story = id is null ? Markup.None
            : found.Rows.Count == 0 ? Nothing(id, say)
            : $"{found.Rows.Select(row => Decision(row, found, settings, say))}";
        return http.PageAsync(200, "Why refused", $"""
            <h1>{say["Why was a request refused?"]}</h1>
            <form class="search" method="get" action="{settings.IssuerPath + Paths.AdminWhy}" role="search">
            {fields.Text("id", "Request id",
                "Shown at the bottom of every page, and in the Request-Id header of every response", attributes: $"required")}
            <button class="primary" type="submit">{say["Look up"]}</button>
            </form>
            {story}
            """, frame);
    }

    private static Markup Nothing(string id, Language say) => $"""
        <div class="caution" role="status">
        <p>{say.Put("No audit entry for {0}.", $"<code>{Words.Sanitize(id, "–")}</code>")}</p>
        <p>{say[AuditEvents.NotKept]}.</p>
        </div>
        """;

    private static Markup Decision(AuditRow row, AuditView view, Settings settings, Language say)
    {
        Markup answer = row.Outcome == "ok" ? (Markup)$"{say["The request was allowed."]}"
            : $"{say.Put("Refused by {0}: {1}.", Bold(row.Rule), Bold(row.Reason))}";
        Markup compared = row.Expected is null && row.Got is null
            ? Markup.None
            : $"""
                <dl class="facts">
                <div><dt>{say["Expected"]}</dt><dd><code lang="en">{Sanitize(row.Expected)}</code></dd></div>
                <div><dt>{say["Received"]}</dt><dd><code lang="en">{Sanitize(row.Got)}</code></dd></div>
                </dl>
                """;
        return $"""
            <section>
            <h2>{AuditRows.Decision(row, say)}</h2>
            <p class="lead">{answer}</p>
            {compared}
            <p class="detail">{AuditRows.Moment(row.At, say)}</p>
            {AuditRows.Facts(row, view.Names.GetValueOrDefault(row.Subject ?? ""), settings, say)}
            </section>
            """;
    }

    // The log is kept in English (WCAG 3.1.2).
    private static Markup Bold(string? text) => $"""<strong><bdi lang="en">{Sanitize(text)}</bdi></strong>""";

    private static string Sanitize(string? text) => Words.Sanitize(text ?? "", "–", 600);
}
