using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Admin.Clients;

/// <summary>A page of a list of clients.</summary>
public sealed record ClientListView
{
    public required ClientKind ClientKind { get; init; }

    /// <summary>What the list is narrowed to.</summary>
    public required ClientSearch Search { get; init; }
    public required IReadOnlyList<ListedClient> Clients { get; init; }
    public required Paging Paging { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>What was done a moment ago, a key of <see cref="Notice"/>.</summary>
    public required string? Done { get; init; }
}

/// <summary>All clients of a kind, and a form to search them.</summary>
public static class ClientListPage
{
    public static Task ClientsAsync(this HttpContext http, Markup antiforgery, Navigation frame, ClientListView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var here = settings.IssuerPath + view.ClientKind.Path;
        var search = view.Search;
        var fields =
            new Fields(say, name => name switch
            {
                "q" => search.Text,
                "origin" => search.Origin,
                "sort" => Sort(search),
                _ => State(search.Enabled),
            }, new Dictionary<string, string>());
        Markup all = IsNarrowed(search) ? $"""<a class="button" href="{here}">{say["Show all"]}</a>""" : Markup.None;
        return http.PageAsync(200, view.ClientKind.Title, $"""
            {Paging.Heading(view.ClientKind.Title, settings, say, (view.ClientKind.New, "Add a client"))}
            {Notice.Of(view.Done, say)}
            <form class="search" method="get" action="{here}" role="search">
            {fields.Text("q", "Name or id", type: "search")}
            {fields.Choice("origin", "Origin",
                [("", "Any"), ("operator", "Operator"), ("self-registered", "Self-registered"), ("document", "Document")])}
            {fields.Choice("state", "State", [("", "Any"), ("enabled", "Enabled"), ("disabled", "Disabled")])}
            {fields.Choice("sort", "Sort by", [("", "Id"), ("newest", "Newest first")])}
            <button type="submit">{say["Search"]}</button>
            {all}
            </form>
            {Found(view, antiforgery, settings, say)}
            {view.Paging.Links(settings, say)}
            """, frame);
    }

    /// <summary>The state as the form says it.</summary>
    public static string? State(bool? enabled) => enabled switch { true => "enabled", false => "disabled", null => null };

    /// <summary>The order as the form says it.</summary>
    public static string? Sort(ClientSearch search) => search.Newest ? "newest" : null;

    /// <summary>What the list is narrowed and sorted by, as its form says it.</summary>
    internal static (string Name, string? Value)[] Filters(ClientSearch search) =>
        [("q", search.Text), ("origin", search.Origin), ("state", State(search.Enabled)), ("sort", Sort(search))];

    private static bool IsNarrowed(ClientSearch search) => search is not { Text: "", Origin: null, Enabled: null };

    private static Markup Found(ClientListView view, Markup antiforgery, Settings settings, Language say)
    {
        if (view.Clients.Count == 0)
            return IsNarrowed(view.Search) || view.Paging.Previous is not null
                ? (Markup)$"""<p class="empty" role="status">{say["No results"]}</p>"""
                : $"""<p class="empty">{say["No clients of this kind yet."]}</p>""";
        var order = view.Search is { Newest: true, Text: "" } ? say["Newest first"] : say["Sorted by id"];
        Markup those = IsNarrowed(view.Search)
            ? (Markup)$"""<button type="submit" name="{Picks.What}" value="disable-all">{say["Disable all that were found…"]}</button>"""
            : Markup.None;
        return $"""
            <form method="post" action="{settings.IssuerPath + Paths.AdminClientsState}">
            {antiforgery}<input type="hidden" name="kind" value="{view.ClientKind.Kind}">
            {Filters(view.Search).Select(one => (Markup)$"""<input type="hidden" name="{one.Name}" value="{one.Value}">""")}
            <table>
            <caption>{view.Paging.Counted(say)} · {order}</caption>
            <thead><tr><th scope="col">{say["Select"]}</th><th scope="col">{say["Client"]}</th><th scope="col">{say["Origin"]}</th>
                <th scope="col">{say["State"]}</th><th scope="col">{say["Last used"]}</th></tr></thead>
            <tbody>
            {view.Clients.Select(Row)}
            </tbody>
            </table>
            <div class="actions"><button type="submit" name="{Picks.What}" value="disable">{say["Disable selected…"]}</button>
                <button type="submit" name="{Picks.What}" value="enable">{say["Enable selected…"]}</button>{those}</div>
            </form>
            """;

        Markup Row(ListedClient client)
        {
            Markup used = client.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
            return $"""
                <tr>
                <td data-label="{say["Select"]}">{Picks.Box(client.ClientId, say.App(client.Name), say)}</td>
                <th scope="row"><a href="{settings.IssuerPath + ClientText.At(client.ClientId)}"><bdi>{say.App(client.Name)}</bdi></a>
                    <span class="url"><code>{Words.Sanitize(client.ClientId, "–", 200)}</code></span></th>
                <td data-label="{say["Origin"]}">{ClientText.Origin(client.Origin, client.ClientId, client.CreatedAt, say)}</td>
                <td data-label="{say["State"]}">{ClientText.Enabled(client.Enabled, say)}{ClientText.Secrets(
                    client.AuthMethod, client.Secrets, client.SecretsEndAt, view.Now, say)}</td>
                <td data-label="{say["Last used"]}">{used}</td>
                </tr>
                """;
        }
    }
}
