using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages.Admin;

/// <summary>All resources and scopes with the words people read of them, as they stand in the database.</summary>
public sealed record ResourcesView
{
    public required IReadOnlyList<ResourceRow> Resources { get; init; }
    public required IReadOnlyList<ScopeRow> Scopes { get; init; }
    public required IReadOnlyList<TextRow> Texts { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public required string? Done { get; init; }
}

/// <summary>What tokens are for, what they allow, and how that reads on the consent page.</summary>
public static class ResourcesPage
{
    public static Task ResourcesAsync(this HttpContext http, Frame frame, ResourcesView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var words = view.Texts.ToLookup(text => text.Key);
        var free = view.Scopes.Where(scope => scope.Resource is null).ToList();
        Html resources = view.Resources.Count == 0
            ? (Html)$"""<p class="empty">{say["There is no resource yet: no token can be issued."]}</p>"""
            : $"{view.Resources.Select(Resource)}";
        Html rest = free.Count == 0 ? Html.None : $"""
            <section>
            <h2>{say["Of no resource"]}</h2>
            {Scopes(free, say["Scopes of no resource"])}
            </section>
            """;
        return http.PageAsync(200, "Resources and scopes", $"""
            <h1>{say["Resources and scopes"]}</h1>
            {Notice.Of(view.Done, say)}
            <p class="lead">{say["What a token is for, what it allows, and the words people read before they allow it."]}</p>
            <div class="actions"><a class="button primary" href="{settings.IssuerPath + Paths.AdminResource}">{say["Add a resource"]}</a> <a class="button" href="{settings.IssuerPath + Paths.AdminScope}">{say["Add a scope"]}</a></div>
            {resources}
            {rest}
            """, frame);

        Html Resource(ResourceRow row)
        {
            Html state = row.Enabled ? (Html)$"""<span class="mark yes">{say["Enabled"]}</span>""" : $"""<span class="mark no">{say["Disabled"]}</span>""";
            var own = view.Scopes.Where(scope => scope.Resource == row.Uri).ToList();
            Html scopes = own.Count == 0 ? $"""<p class="empty">{say["No scope belongs to it yet."]}</p>""" : Scopes(own, say["Scopes of this resource"]);
            return $"""
                <section>
                <h2><bdi>{Words.Tame(row.Name)}</bdi> {state}</h2>
                <p class="url"><code>{row.Uri}</code></p>
                {Said(words["resource " + row.Uri], settled: true)}
                <p class="actions"><a class="button small" href="{settings.IssuerPath}{Paths.AdminResource}?uri={Uri.EscapeDataString(row.Uri)}">{say["Edit this resource"]}</a></p>
                {scopes}
                </section>
                """;
        }

        Html Scopes(IEnumerable<ScopeRow> rows, string caption) => $"""
            <table>
            <caption>{caption}</caption>
            <thead><tr><th scope="col">{say["Scope"]}</th><th scope="col">{say["Words people read"]}</th><th scope="col">{say["Kind"]}</th></tr></thead>
            <tbody>
            {rows.Select(Scope)}
            </tbody>
            </table>
            """;

        Html Scope(ScopeRow row)
        {
            Html access = row.Access == "write" ? (Html)$"""<span class="mark soon">{say["Makes changes"]}</span>""" : $"""<span class="mark">{say["Reads"]}</span>""";
            Html open = row.Open ? $"""<span class="mark">{say["Any user-facing client"]}</span>""" : Html.None;
            Html sensitive = row.Sensitive ? $"""<span class="mark no">{say["Sensitive"]}</span>""" : Html.None;
            Html kept = row.Optional ? Html.None : $"""<span class="mark">{say["Always included"]}</span>""";
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath}{Paths.AdminScope}?name={Uri.EscapeDataString(row.Name)}"><code>{row.Name}</code></a></th>
                <td>{Said(words["scope " + row.Name], settled: false)}</td>
                <td>{access}{open}{sensitive}{kept}</td>
                </tr>
                """;
        }

        // A resource has a name at least; of a scope without words people read the scope itself.
        Html Said(IEnumerable<TextRow> texts, bool settled)
        {
            var known = texts.OrderBy(text => text.Locale, StringComparer.Ordinal).ToList();
            var missing = settled ? [] : Language.All.Where(language => !known.Any(text => text.Locale == language.Code)).ToList();
            return $"""<ul class="said">{known.Select(Line)}{missing.Select(language => (Html)$"""<li><span class="mark soon">{say.Put("No words in {0}", $"<bdi>{language.Code}</bdi>")}</span></li>""")}</ul>""";
        }

        Html Line(TextRow text) => $"""<li><span class="mark"><bdi>{text.Locale}</bdi></span> <bdi lang="{text.Locale}">{Words.Tame(text.Text)}</bdi></li>""";
    }
}
