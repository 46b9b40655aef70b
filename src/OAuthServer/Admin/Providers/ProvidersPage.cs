using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Providers;

/// <summary>The companies people sign in at, and whether they can be reached.</summary>
public static class ProvidersPage
{
    public static Task ProvidersAsync(this HttpContext http, Navigation frame, IReadOnlyList<ProviderState> states, string? done)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup list = states.Count == 0
            ? $"""<p class="empty">{say["No companies yet: people sign in with a password."]}</p>"""
            : (Markup)$"""
                <table>
                <caption>{say["In the order of their buttons"]}</caption>
                <thead><tr><th scope="col">{say["Company"]}</th><th scope="col">{say["State"]}</th><th scope="col">{say["Issuer"]}</th>
                    <th scope="col">{say["Admits"]}</th></tr></thead>
                <tbody>
                {states.Select(Row)}
                </tbody>
                </table>
                """;
        return http.PageAsync(200, "Company sign-in", $"""
            <div class="heading"><h1>{say["Company sign-in"]}</h1>
                <a class="button primary" href="{settings.IssuerPath + Paths.AdminProvider}">{say["Add a company"]}</a></div>
            {Notice.Of(done, say)}
            <p class="lead">{say["People sign in at these companies and come back signed in. Who is who is said by linked identities, never by e-mail."]}</p>
            {list}
            """, frame);

        Markup Row(ProviderState one)
        {
            var row = one.Provider.Row;
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath + Place(row.Id)}"><bdi>{Words.Sanitize(row.Label)}</bdi></a>
                    <span class="url"><code>{row.Id}</code></span></th>
                <td data-label="{say["State"]}">{State(one, say)}</td>
                <td data-label="{say["Issuer"]}"><bdi dir="ltr">{row.Issuer}</bdi></td>
                <td data-label="{say["Admits"]}"><code>{row.Provisioning}</code></td>
                </tr>
                """;
        }
    }

    /// <summary>The page of one of them.</summary>
    public static string Place(string id) => PageUrl.Of(Paths.AdminProvider, ("id", id));

    /// <summary>Its state, and why its button is hidden where it is.</summary>
    public static Markup State(ProviderState one, Language say) => one switch
    {
        { Provider.Row.Enabled: false } => $"""<span class="mark no">{say["Disabled"]}</span>""",
        { Problem: { } problem } => $"""
            <span class="mark no">{say["Not offered"]}</span>
            <span class="detail" lang="en" dir="ltr">{Words.Sanitize(problem, "–", 200)}</span>
            """,
        _ => $"""<span class="mark yes">{say["Offered"]}</span>""",
    };
}
