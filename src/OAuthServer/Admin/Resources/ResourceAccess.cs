using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Resources;

/// <summary>Who can reach a resource: the first of each.</summary>
public sealed record ResourceAccessView
{
    public required Usage Usage { get; init; }
    public required IReadOnlyList<HoldingClient> Clients { get; init; }

    /// <summary>The last client that is shown, where there are more; null: these are all.</summary>
    public required string? Next { get; init; }
    public required IReadOnlyList<ListedGrant> Grants { get; init; }

    /// <summary>What any user-facing client may request and a user allow.</summary>
    public required IReadOnlyList<string> OpenScopes { get; init; }
}

/// <summary>The answer to "who can reach this?" on a resource's page.</summary>
internal static class ResourceAccess
{
    public static Markup Section(string uri, ResourceAccessView view, Settings settings, Language say)
    {
        Markup open = view.OpenScopes.Count == 0 ? Markup.None : $"""
            <p class="note">{say.Put("Any user-facing client may request, and a user may allow, these open scopes: {0}",
                $"<code>{Scope.Join(view.OpenScopes)}</code>")}</p>
            """;
        Markup next = view.Next is null ? Markup.None : $"""
            <p class="actions"><a class="button small" href="{settings.IssuerPath + PageUrl.Of(
                Paths.AdminResource, ("uri", uri), ("after", view.Next))}">{say["More clients"]}</a></p>
            """;
        Markup none = $"""<p class="empty">{say["No user has allowed any client to reach it."]}</p>""";
        Markup grants = view.Grants.Count == 0 ? none : $"""
            {GrantRows.Table(view.Grants, say["Live grants, newest first"], picks: false, settings, say)}
            <p class="actions"><a class="button small"
                href="{settings.IssuerPath + PageUrl.Of(Paths.AdminGrants, ("uri", uri))}">{say["Show and revoke grants"]}</a></p>
            """;
        return $"""
            <h2 id="access">{say["Who can reach it"]}</h2>
            {open}
            <h3>{say["Clients that name it"]}</h3>
            <p class="note">{say.Put("Clients that use it: {0}", say.Number(view.Usage.Clients))}</p>
            {Clients(view.Clients, settings, say)}
            {next}
            <h3>{say["Users and grants"]}</h3>
            <p class="note">{say.Put("Live grants: {0}", say.Number(view.Usage.Grants))}</p>
            {grants}
            """;
    }

    private static Markup Clients(IReadOnlyList<HoldingClient> clients, Settings settings, Language say)
    {
        if (clients.Count == 0) return $"""<p class="empty">{say["No client names it."]}</p>""";
        return $"""
            <table>
            <caption>{say["Sorted by id"]}</caption>
            <thead><tr><th scope="col">{say["Client"]}</th><th scope="col">{say["Kind"]}</th><th scope="col">{say["State"]}</th>
                <th scope="col">{say["Scopes"]}</th><th scope="col">{say["Last used"]}</th></tr></thead>
            <tbody>
            {clients.Select(Row)}
            </tbody>
            </table>
            """;

        Markup Row(HoldingClient client)
        {
            Markup scopes = client.Scopes.Length == 0 ? (Markup)$"–" : $"<code>{Scope.Join(client.Scopes)}</code>";
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath + ClientText.At(client.ClientId)}"><bdi>{say.App(client.Name)}</bdi></a>
                    <span class="url"><code>{Words.Sanitize(client.ClientId, "–", 200)}</code></span></th>
                <td data-label="{say["Kind"]}"><code>{client.Kind}</code></td>
                <td data-label="{say["State"]}">{ClientText.Enabled(client.Enabled, say)}</td>
                <td data-label="{say["Scopes"]}">{scopes}</td>
                <td data-label="{say["Last used"]}">{(client.LastUsedAt is { } used ? say.Time(used) : $"{say["Never"]}")}</td>
                </tr>
                """;
        }
    }
}
