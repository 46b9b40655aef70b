using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages.Admin;

/// <summary>A secret that was just made: seen now and never again.</summary>
public sealed record NewSecretView
{
    public required string ClientId { get; init; }
    public required string Name { get; init; }
    public required string Secret { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The line that uses it.</summary>
    public required string Curl { get; init; }
}

/// <summary>The secrets of a client, and the form that makes another.</summary>
public static class ClientSecrets
{
    /// <summary>For the client's page.</summary>
    /// <param name="hidden">What its forms carry.</param>
    internal static Html Of(ClientView view, Html hidden, Settings settings, Language say)
    {
        Html table = view.Secrets.Count == 0
            ? (Html)$"""<p class="empty">{(view.Client.AuthMethod == "none" ? say["A public client has no secret."] : say["It has no secret."])}</p>"""
            : $"""
                <table>
                <caption>{say["Only hashes are kept: a secret is shown once, when it is made"]}</caption>
                <thead><tr><th scope="col">{say["Secret"]}</th><th scope="col">{say["Valid from"]}</th><th scope="col">{say["Last used"]}</th><th scope="col">{say["Expires"]}</th><th scope="col">{say["State"]}</th><th scope="col">{say["Change"]}</th></tr></thead>
                <tbody>
                {view.Secrets.Select(Row)}
                </tbody>
                </table>
                """;
        return $"{table}{(view.Client is { Origin: "operator", AuthMethod: not "none" } ? Another(view, hidden, settings, say) : Html.None)}";

        Html Row(SecretSummary secret)
        {
            var number = secret.Id.ToString(CultureInfo.InvariantCulture);
            Html used = secret.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
            Html expires = secret.ExpiresAt is { } end ? say.Time(end) : $"{say["Never"]}";
            Html revoke = secret.RevokedAt is null && view.Client.Origin == "operator"
                ? $"""<a class="button small danger" href="{settings.IssuerPath + Paths.AdminClientSecretRevoke}?secret={number}" aria-label="{string.Format(CultureInfo.InvariantCulture, say["Revoke secret {0}"], number)}">{say["Revoke"]}</a>"""
                : Html.None;
            return $"""
                <tr>
                <th scope="row"><bdi>{Words.Tame(secret.Label, say["No label"])}</bdi> <span class="url"><code>{number}</code></span></th>
                <td data-label="{say["Valid from"]}">{say.Time(secret.NotBefore)}</td>
                <td data-label="{say["Last used"]}">{used}</td>
                <td data-label="{say["Expires"]}">{expires}</td>
                <td data-label="{say["State"]}">{ClientWords.State(secret, view.Now, say)}</td>
                <td>{revoke}</td>
                </tr>
                """;
        }
    }

    /// <summary>The only time anybody sees it: the answer to the form that made it.</summary>
    public static Task NewSecretAsync(this HttpContext http, Frame frame, NewSecretView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Html until = view.ExpiresAt is { } end ? $"<p>{say.Put("It expires on {0}.", say.Time(end))}</p>" : Html.None;
        return http.PageAsync(200, "New secret", $"""
            <h1>{say.Put("The new secret of {0}", $"<bdi>{say.App(view.Name)}</bdi>")}</h1>
            <p class="caution" role="status">{say["Copy it now. Only its hash is kept: nobody can show it again."]}</p>
            <pre id="secret">{view.Secret}</pre>
            {until}
            <h2>{say["Use it"]}</h2>
            <pre id="curl">{view.Curl}</pre>
            <p class="actions"><a class="button primary" href="{settings.IssuerPath + ClientWords.At(view.ClientId)}">{say["I have copied it"]}</a></p>
            """, frame);
    }

    private static Html Another(ClientView view, Html hidden, Settings settings, Language say)
    {
        var fields = new Fields(say, name => view.TypedSecret?[name], view.TypedSecret is null ? new Dictionary<string, string>() : view.Problems);
        Html inputs = $"""
            <div class="columns">
            {fields.Text("label", "Label", "To tell its secrets apart")}
            {fields.Text("expires", "Expires on", "At the end of this day (UTC); empty: never", type: "date")}
            </div>
            """;
        return $"""
            <h3>{say["Add a secret"]}</h3>
            <p class="note">{say["Two can be in use at once: add the new one, move over, then revoke the old one."]}</p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.AdminClientSecrets}">
            {hidden}
            {inputs}
            <div class="actions"><button type="submit">{say["Add a secret"]}</button></div>
            </form>
            """;
    }
}
