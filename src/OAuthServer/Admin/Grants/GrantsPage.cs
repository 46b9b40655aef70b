using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Grants;

/// <summary>A page of the list of grants.</summary>
public sealed record GrantsView
{
    /// <summary>The filters as they were typed: client, person, uri.</summary>
    public required Parameters Parameters { get; init; }

    /// <summary>What is wrong with them, by field.</summary>
    public required IReadOnlyDictionary<string, string> Problems { get; init; }
    public required IReadOnlyList<ListedGrant> Grants { get; init; }
    public required Figure Total { get; init; }
    public required Paging Paging { get; init; }

    /// <summary>What was done a moment ago, a key of <see cref="Notice"/>.</summary>
    public required string? Done { get; init; }
}

/// <summary>Who allowed which client what, and forms to narrow and to revoke it.</summary>
public static class GrantsPage
{
    /// <summary>What narrows the list; the other pages and the form that revokes keep it.</summary>
    internal static readonly string[] Filters = ["client", "person", "uri"];

    public static Task GrantsAsync(this HttpContext http, Markup antiforgery, Navigation frame, GrantsView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var here = settings.IssuerPath + Paths.AdminGrants;
        var fields = new Fields(say, name => view.Parameters[name], view.Problems);
        var isNarrowed = Filters.Any(name => view.Parameters[name] is not null);
        Markup form = $"""
            {fields.Text("client", "Client id")}
            {fields.Text("person", "Username")}
            {fields.Text("uri", "Resource")}
            {fields.Choice("sort", "Sort by", [("", "Newest first"), ("oldest", "Oldest first")])}
            """;
        Markup all = isNarrowed ? $"""<a class="button" href="{here}">{say["Show all"]}</a>""" : Markup.None;
        return http.PageAsync(view.Problems.Count == 0 ? 200 : 400, view.Problems.Count == 0 ? "Grants" : "Error: Grants", $"""
            <h1>{say["Grants"]}</h1>
            {Notice.Of(view.Done, say)}
            {fields.Summary("Correct what is marked below.")}
            <form class="search" method="get" action="{here}" role="search">
            {form}
            <button type="submit">{say["Search"]}</button>
            {all}
            </form>
            {Found()}
            {view.Paging.Links(settings, say)}
            """, frame);

        Markup Found()
        {
            if (view.Grants.Count == 0) return $"""<p class="empty" role="status">{say["No results"]}</p>""";
            var order = view.Parameters["sort"] == "oldest" ? say["Oldest first, times in UTC"] : say["Newest first, times in UTC"];
            var counted = say.Put("Live grants: {0}", say.Number(view.Total));
            Markup those = isNarrowed
                ? $"""
                    <button class="danger" type="submit" name="{Picks.What}" value="all">{say["Revoke all that were found…"]}</button>
                    """
                : Markup.None;
            return $"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminGrantsRevoke}">
                {antiforgery}{Filters.Select(name => (Markup)$"""<input type="hidden" name="{name}" value="{view.Parameters[name]}">""")}
                {GrantRows.Table(view.Grants, $"{counted} · {order}", picks: true, settings, say)}
                <div class="actions"><button class="danger" type="submit" name="{Picks.What}"
                    value="selected">{say["Revoke selected…"]}</button>{those}</div>
                </form>
                """;
        }
    }
}
