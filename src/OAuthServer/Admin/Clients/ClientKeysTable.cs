using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Clients;

/// <summary>The public keys of a client on its page: which, when used, when fetched.</summary>
internal static class ClientKeysTable
{
    /// <param name="list">Null: it does not prove itself by key.</param>
    /// <param name="hidden">What the form that has them fetched anew carries.</param>
    public static Markup Of(ClientKeyList? list, Markup hidden, Settings settings, Language say)
    {
        if (list is null) return Markup.None;
        Markup table = list.Keys.Count == 0 ? Markup.None : $"""
            <table>
            <thead><tr><th scope="col">{say["Key id"]}</th><th scope="col">{say["Algorithm"]}</th>
                <th scope="col">{say["Last used"]}</th></tr></thead>
            <tbody>{list.Keys.Select(Row)}</tbody>
            </table>
            """;
        return $"""
            <h2 id="keys">{say["Its keys"]}</h2>
            {table}
            {Fetched(list, hidden, settings, say)}
            """;

        Markup Row(ShownKey key)
        {
            Markup used = key.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
            return $"""
                <tr><th scope="row"><bdi>{Words.Sanitize(key.Kid ?? "", say["No key id"])}</bdi>
                    <span class="url"><code>{key.Thumbprint}</code></span></th>
                <td data-label="{say["Algorithm"]}"><code>{key.Algorithms}</code></td>
                <td data-label="{say["Last used"]}">{used}</td></tr>
                """;
        }
    }

    private static Markup Fetched(ClientKeyList list, Markup hidden, Settings settings, Language say)
    {
        if (list.JwksUri is not { } url) return Markup.None;
        Markup place = $"<code>{url}</code>";
        Markup when = list.Fetched?.FetchedAt is { } at ? say.Put("Fetched from {0} on {1}.", place, say.Time(at))
            : say.Put("Not fetched yet from {0}: that happens at the first use.", place);
        Markup failed = list.Fetched is not { FailedAt: { } moment, Failure: { } why } ? Markup.None : (Markup)$"""
            <p class="note">{say.Put("Fetching failed on {0}: {1}", say.Time(moment), $"<bdi>{Words.Sanitize(why, "–", 300)}</bdi>")}</p>
            """;
        return $"""
            <p class="note">{when}</p>
            {failed}
            <form method="post" action="{settings.IssuerPath + Paths.AdminClientKeys}">
            {hidden}
            <div class="actions"><button type="submit">{say["Refresh the keys"]}</button></div>
            </form>
            """;
    }
}
