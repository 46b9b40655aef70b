using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages.Admin;

/// <summary>A page of a list of clients.</summary>
public sealed record ClientListView
{
    public required Registry Registry { get; init; }

    /// <summary>What was looked for; empty: everything.</summary>
    public required string Text { get; init; }
    public required IReadOnlyList<ListedClient> Clients { get; init; }

    /// <summary>There are more, after the last of these.</summary>
    public required bool More { get; init; }

    /// <summary>This is not the first page.</summary>
    public required bool Later { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>What was done a moment ago, a key of <see cref="Notice"/>.</summary>
    public required string? Done { get; init; }
}

/// <summary>All clients of a kind, and a form to look for some of them.</summary>
public static class ClientListPage
{
    public static Task ClientsAsync(this HttpContext http, Frame frame, ClientListView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var here = settings.IssuerPath + view.Registry.Path;
        var fields = new Fields(say, _ => view.Text, new Dictionary<string, string>());
        Html all = view.Text.Length > 0 || view.Later ? $"""<a class="button" href="{here}">{say["Show everything"]}</a>""" : Html.None;
        Html more = view.More
            ? $"""<p class="actions"><a class="button" rel="next" href="{here}?q={Uri.EscapeDataString(view.Text)}&amp;after={Uri.EscapeDataString(view.Clients[^1].ClientId)}">{say["Next page"]}</a></p>"""
            : Html.None;
        return http.PageAsync(200, view.Registry.Title, $"""
            <h1>{say[view.Registry.Title]}</h1>
            {Notice.Of(view.Done, say)}
            <p class="actions"><a class="button primary" href="{settings.IssuerPath + view.Registry.New}">{say["Add a client"]}</a></p>
            <form class="search" method="get" action="{here}" role="search">
            {fields.Text("q", "Name or id", type: "search")}
            <button type="submit">{say["Search"]}</button>
            {all}
            </form>
            {Found(view, settings, say)}
            {more}
            """, frame);
    }

    private static Html Found(ClientListView view, Settings settings, Language say)
    {
        if (view.Clients.Count == 0)
            return view.Text.Length > 0 || view.Later ? (Html)$"""<p class="empty" role="status">{say["Nothing fits."]}</p>""" : $"""<p class="empty">{say["There are no clients of this kind yet."]}</p>""";
        return $"""
            <table>
            <caption>{say["Sorted by id"]}</caption>
            <thead><tr><th scope="col">{say["Client"]}</th><th scope="col">{say["Origin"]}</th><th scope="col">{say["State"]}</th><th scope="col">{say["Last used"]}</th></tr></thead>
            <tbody>
            {view.Clients.Select(Row)}
            </tbody>
            </table>
            """;

        Html Row(ListedClient client)
        {
            Html used = client.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath + ClientWords.At(client.ClientId)}"><bdi>{say.App(client.Name)}</bdi></a> <span class="url"><code>{Words.Tame(client.ClientId, "–", 200)}</code></span></th>
                <td data-label="{say["Origin"]}">{ClientWords.Origin(client.Origin, client.ClientId, client.CreatedAt, say)}</td>
                <td data-label="{say["State"]}">{ClientWords.Enabled(client.Enabled, say)}{ClientWords.Secrets(client.AuthMethod, client.Secrets, client.SecretsEndAt, view.Now, say)}</td>
                <td data-label="{say["Last used"]}">{used}</td>
                </tr>
                """;
        }
    }
}
