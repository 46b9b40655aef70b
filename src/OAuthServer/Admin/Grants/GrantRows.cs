using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Admin.Grants;

/// <summary>Live grants as a table.</summary>
public static class GrantRows
{
    /// <param name="caption">In the page's language.</param>
    /// <param name="picks">Whether they can be ticked.</param>
    public static Markup Table(IReadOnlyList<ListedGrant> grants, string caption, bool picks, Settings settings, Language say)
    {
        Markup pick = picks ? (Markup)$"""<th scope="col">{say["Select"]}</th>""" : Markup.None;
        return $"""
            <table>
            <caption>{caption}</caption>
            <thead><tr>{pick}<th scope="col">{say["Username"]}</th><th scope="col">{say["Client"]}</th><th scope="col">{say["Access"]}</th>
                <th scope="col">{say["Allowed on"]}</th><th scope="col">{say["Last used"]}</th><th scope="col">{say["Expires"]}</th>
                <th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {grants.Select(Row)}
            </tbody>
            </table>
            """;

        Markup Row(ListedGrant grant)
        {
            var client = say.App(grant.ClientName).ToString();
            Markup offline = grant.Offline ? $"""<span class="mark">{say["Offline access"]}</span>""" : Markup.None;
            Markup key = grant.Jkt is { } jkt ? $"""<span class="url">{say["Bound to the key"]} <code>{jkt}</code></span>""" : Markup.None;
            Markup device = grant.Kind == "device" ? $"""<span class="mark">{say["On a device"]}</span>""" : Markup.None;
            Markup box = picks
                ? $"""<td data-label="{say["Select"]}">{Picks.Box(grant.Id.ToString(), $"{grant.Username} · {client}", say)}</td>"""
                : Markup.None;
            var subject = grant.Subject.ToString();
            return $"""
                <tr>
                {box}<th scope="row"><a
                    href="{settings.IssuerPath}{Paths.AdminUser}?subject={subject}"><bdi>{grant.Username}</bdi></a></th>
                <td data-label="{say["Client"]}"><a
                    href="{settings.IssuerPath + ClientText.At(grant.ClientId)}"><bdi>{say.App(grant.ClientName)}</bdi></a></td>
                <td data-label="{say["Access"]}"><code>{Scope.Join(grant.Scope)}</code>
                    {offline}{device}<span class="url"><bdi>{string.Join(' ', grant.Resources)}</bdi></span>{key}</td>
                <td data-label="{say["Allowed on"]}">{say.Time(grant.CreatedAt)}</td>
                <td data-label="{say["Last used"]}">{(grant.LastUsedAt is { } used ? say.Time(used) : $"{say["Not used yet"]}")}</td>
                <td data-label="{say["Expires"]}">{say.Time(grant.ExpiresAt)}</td>
                <td><a class="button small danger"
                    href="{settings.IssuerPath}{Paths.AdminUserGrant}?subject={subject}&amp;grant={grant.Id.ToString()}"
                    aria-label="{say.Put("Revoke the access of {0} to the account of {1}", $"{client}",
                        $"{grant.Username}")}">{say["Revoke…"]}</a></td>
                </tr>
                """;
        }
    }
}
