using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Trust;

/// <summary>A page of the list of identities.</summary>
public sealed record IdentitiesView
{
    public required IReadOnlyList<IdentityOverview> Rows { get; init; }

    /// <summary>What the list is narrowed to, as its form says it.</summary>
    public required IReadOnlyList<(string Name, string? Value)> Filters { get; init; }
    public required Paging Paging { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public required string? Done { get; init; }
}

/// <summary>The list of identities.</summary>
public static class IdentitiesPage
{
    public static Task IdentitiesAsync(this HttpContext http, Navigation frame, IdentitiesView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, name => view.Filters.FirstOrDefault(one => one.Name == name).Value, new Dictionary<string, string>());
        Markup all = view.Filters.All(one => string.IsNullOrEmpty(one.Value)) ? Markup.None
            : $"""<a class="button" href="{settings.IssuerPath + Paths.AdminTrustIdentities}">{say["Show all"]}</a>""";
        Markup found = view.Rows.Count == 0 ? (Markup)$"""<p class="empty" role="status">{say["No results"]}</p>""" : $"""
            <table>
            <caption>{view.Paging.Counted(say)} · {say["Sorted by issuer"]}</caption>
            <thead><tr><th scope="col">{say["What it calls them"]}</th><th scope="col">{say["Issuer"]}</th>
                <th scope="col">{say["User"]}</th><th scope="col">{say["Linked"]}</th><th scope="col">{say["Last used"]}</th>
                <th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {view.Rows.Select(Row)}
            </tbody>
            </table>
            """;
        return http.PageAsync(200, "Identities", $"""
            <h1>{say["Identities"]}</h1>
            {Notice.Of(view.Done, say)}
            <p class="lead">{say["Who people are at companies: by what a company calls them, never by e-mail. One link is for signing in and for assertions."]}
                <a href="{settings.IssuerPath + Paths.AdminTrust}">{say["Back to Trust"]}</a></p>
            <form class="search" method="get" action="{settings.IssuerPath + Paths.AdminTrustIdentities}" role="search">
            {fields.Text("q", "What it calls them", type: "search")}
            {fields.Text("issuer", "Issuer", attributes: $"spellcheck=\"false\"")}
            {fields.Text("person", "Username", attributes: $"autocapitalize=\"none\" spellcheck=\"false\"")}
            <button type="submit">{say["Search"]}</button>
            {all}
            </form>
            {found}
            {view.Paging.Links(settings, say)}
            """, frame);

        Markup Row(IdentityOverview one)
        {
            Markup tenant = one.Tenant.Length == 0 ? Markup.None
                : $"""<span class="detail"><bdi>{Words.Sanitize(one.Tenant, "–", 255)}</bdi></span>""";
            Markup used = one.LastUsedAt is { } at ? say.Time(at) : $"{say["Never"]}";
            return $"""
                <tr>
                <th scope="row"><bdi dir="ltr">{Words.Sanitize(one.Sub, "–", 255)}</bdi></th>
                <td data-label="{say["Issuer"]}"><bdi dir="ltr">{one.Issuer}</bdi> {tenant}</td>
                <td data-label="{say["User"]}"><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminUser,
                    ("subject", $"{one.Subject}"))}"><bdi>{one.Username}</bdi></a></td>
                <td data-label="{say["Linked"]}">{say.Time(one.CreatedAt)} <span class="detail"><bdi>{Words.Sanitize(
                    one.CreatedBy)}</bdi></span></td>
                <td data-label="{say["Last used"]}">{used}</td>
                <td><a class="button small danger" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminUserUnlink, ("issuer", one.Issuer),
                    ("tenant", one.Tenant), ("sub", one.Sub), ("from", "list"))}">{say["Unlink…"]}<span class="unseen">
                    <bdi>{Words.Sanitize(one.Sub)}</bdi></span></a></td>
                </tr>
                """;
        }
    }
}
