using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Resources;

/// <summary>Resources and scopes with their texts on the consent page, as they stand in the database.</summary>
public sealed record ResourcesView
{
    /// <summary>Those of this page.</summary>
    public required IReadOnlyList<ResourceRow> Resources { get; init; }
    public required Paging Paging { get; init; }

    /// <summary>All scopes there are.</summary>
    public required IReadOnlyList<ScopeRow> Scopes { get; init; }
    public required IReadOnlyList<TextRow> Texts { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public required string? Done { get; init; }
}

/// <summary>What tokens are for, what they allow, and the texts people see on the consent page.</summary>
public static class ResourcesPage
{
    public static Task ResourcesAsync(this HttpContext http, Navigation frame, ResourcesView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var words = view.Texts.ToLookup(text => text.Key);
        var free = view.Scopes.Where(scope => scope.Resource is null).ToList();
        Markup resources = view.Resources.Count == 0
            ? (Markup)$"""<p class="empty">{say["No resources yet: no token can be issued."]}</p>"""
            : $"{view.Resources.Select(Resource)}";
        // After the last resource.
        Markup rest = free.Count == 0 || view.Paging.Next is not null ? Markup.None : $"""
            <section>
            <h2>{say["Not tied to a resource"]}</h2>
            {Scopes(free, say["Scopes not tied to a resource"])}
            </section>
            """;
        return http.PageAsync(200, "Resources and scopes", $"""
            {Paging.Heading("Resources and scopes", settings, say,
                (Paths.AdminResource, "Add a resource"), (Paths.AdminScope, "Add a scope"))}
            {Notice.Of(view.Done, say)}
            <p class="lead">{say["Resources are what tokens are for, scopes what they allow. The texts are shown on the consent page."]}</p>
            <p class="note">{say.Put("Resources: {0}", $"{view.Paging.Total}")} · {say.Put("Scopes: {0}", $"{view.Scopes.Count}")}</p>
            {resources}
            {rest}
            {view.Paging.Links(settings, say)}
            """, frame);

        Markup Resource(ResourceRow row)
        {
            Markup state = row.Enabled ? (Markup)$"""<span class="mark yes">{say["Enabled"]}</span>"""
                : $"""<span class="mark no">{say["Disabled"]}</span>""";
            var own = view.Scopes.Where(scope => scope.Resource == row.Uri).ToList();
            Markup scopes = own.Count == 0 ? $"""<p class="empty">{say["No scopes yet."]}</p>"""
                : Scopes(own, say["Scopes of this resource"]);
            return $"""
                <section>
                <h2><bdi>{Words.Sanitize(row.Name)}</bdi> {state}</h2>
                <p class="url"><code>{row.Uri}</code></p>
                {Texts(words["resource " + row.Uri], settled: true)}
                <p class="actions"><a class="button small"
                    href="{settings.IssuerPath}{Paths.AdminResource}?uri={Uri.EscapeDataString(row.Uri)}">{say["Edit resource"]}</a></p>
                {scopes}
                </section>
                """;
        }

        Markup Scopes(IEnumerable<ScopeRow> rows, string caption) => $"""
            <table>
            <caption>{caption}</caption>
            <thead><tr><th scope="col">{say["Scope"]}</th><th scope="col">{say["Text on the consent page"]}</th>
                <th scope="col">{say["Kind"]}</th></tr></thead>
            <tbody>
            {rows.Select(Scope)}
            </tbody>
            </table>
            """;

        Markup Scope(ScopeRow row)
        {
            Markup access = row.Access == "write" ? (Markup)$"""<span class="mark soon">{say["Makes changes"]}</span>"""
                : $"""<span class="mark">{say["Reads"]}</span>""";
            Markup open = row.Open ? $"""<span class="mark">{say["Any user-facing client"]}</span>""" : Markup.None;
            Markup sensitive = row.Sensitive ? $"""<span class="mark no">{say["Sensitive"]}</span>""" : Markup.None;
            Markup kept = row.Optional ? Markup.None : $"""<span class="mark">{say["Required"]}</span>""";
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath}{Paths.AdminScope}?name={Uri.EscapeDataString(
                    row.Name)}"><code>{row.Name}</code></a></th>
                <td>{Texts(words["scope " + row.Name], settled: false)}</td>
                <td>{access}{open}{sensitive}{kept}</td>
                </tr>
                """;
        }

        // A resource has a name at least; of a scope without texts people see the scope itself.
        Markup Texts(IEnumerable<TextRow> texts, bool settled)
        {
            var known = texts.OrderBy(text => text.Locale, StringComparer.Ordinal).ToList();
            var missing = settled ? [] : Language.All.Where(language => !known.Any(text => text.Locale == language.Code)).ToList();
            return $"""<ul class="texts">{known.Select(Line)}{missing.Select(language => (Markup)$"""<li><span class="mark soon">{say
                .Put("No text in {0}", $"<bdi>{language.Code}</bdi>")}</span></li>""")}</ul>""";
        }

        Markup Line(TextRow text) =>
            $"""<li><span class="mark"><bdi>{text.Locale}</bdi></span> <bdi lang="{text.Locale}">{Words.Sanitize(text.Text)}</bdi></li>""";
    }
}
