using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Admin.Clients;

/// <summary>A secret that was just made: shown now and never again.</summary>
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
    /// <summary>At most so many that are not revoked; the database holds it.</summary>
    private const int Most = 2;

    /// <summary>For the client's page, and what is wrong with the form for another one.</summary>
    /// <param name="hidden">What its forms carry.</param>
    internal static (Markup Content, Markup Problems) Of(ClientView view, Markup hidden, Settings settings, Language say)
    {
        Markup table = view.Secrets.Count == 0
            ? (
                Markup)$"""
                    <p class="note">{(view.Client.AuthMethod == AuthMethod.None.Name ? say["A public client has no secret."]
                        : view.Client.AuthMethod == AuthMethod.PrivateKeyJwtName ? say["It proves itself by key: it has no secret."]
                        : say["No secrets yet."])}</p>
                    """
            : $"""
                <table>
                <caption>{say["Only hashes are stored: a secret is shown once, when it is created"]}</caption>
                <thead><tr><th scope="col">{say["Secret"]}</th><th scope="col">{say["Valid from"]}</th>
                    <th scope="col">{say["Last used"]}</th><th scope="col">{say["Expires"]}</th>
                    <th scope="col">{say["State"]}</th><th scope="col">{say["Action"]}</th></tr></thead>
                <tbody>
                {view.Secrets.Select(Row)}
                </tbody>
                </table>
                """;
        if (view.Client.Origin != "operator" || AuthMethod.All.Any(one => one.Name == view.Client.AuthMethod && !one.NeedsSecret))
            return (table, Markup.None);
        var another = view.Secrets.Count(secret => secret.RevokedAt is null) < Most ? Another(view, hidden, settings, say)
            : Full(view, say);
        return ($"{table}{another.Form}", another.Problems);

        Markup Row(SecretSummary secret)
        {
            var number = secret.Id.ToString(CultureInfo.InvariantCulture);
            Markup used = secret.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
            Markup expires = secret.ExpiresAt is { } end ? say.Time(end) : $"{say["Never"]}";
            Markup revoke = secret.RevokedAt is null && view.Client.Origin == "operator"
                ? $"""
                    <a class="button small danger" href="{settings.IssuerPath + Paths.AdminClientSecretRevoke}?secret={number}"
                        aria-label="{string.Format(CultureInfo.InvariantCulture, say["Revoke secret {0}"], number)}">{say["Revoke"]}</a>
                    """
                : Markup.None;
            return $"""
                <tr>
                <th scope="row"><bdi>{Words.Sanitize(secret.Label, say["No label"])}</bdi>
                    <span class="url"><code>{number}</code></span></th>
                <td data-label="{say["Valid from"]}">{say.Time(secret.NotBefore)}</td>
                <td data-label="{say["Last used"]}">{used}</td>
                <td data-label="{say["Expires"]}">{expires}</td>
                <td data-label="{say["State"]}">{ClientText.State(secret, view.Now, say)}</td>
                <td>{revoke}</td>
                </tr>
                """;
        }
    }

    /// <summary>The only time it is shown: the answer to the form that made it.</summary>
    public static Task NewSecretAsync(this HttpContext http, Navigation frame, NewSecretView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup until = view.ExpiresAt is { } end ? $"<p>{say.Put("It expires on {0}.", say.Time(end))}</p>" : Markup.None;
        return http.PageAsync(200, "New secret", $"""
            <h1>{say.Put("New secret of {0}", $"<bdi>{say.App(view.Name)}</bdi>")}</h1>
            <p class="caution" role="status">{say["Copy it now. Only its hash is stored, so it cannot be shown again."]}</p>
            <pre id="secret">{view.Secret}</pre>
            {until}
            <h2>{say["Use it"]}</h2>
            <pre id="curl">{view.Curl}</pre>
            <p class="actions"><a class="button primary" href="{settings.IssuerPath + ClientText.At(view.ClientId)}">{say["Done"]}</a></p>
            """, frame);
    }

    private static Fields FieldsOf(ClientView view, Language say) =>
        new(say, name => view.TypedSecret?[name], view.TypedSecret is null ? new Dictionary<string, string>() : view.Problems);

    private static (Markup Form, Markup Problems) Full(ClientView view, Language say) =>
        ($"""<p class="note">{say["This client has two secrets that are not revoked. To add another, revoke one first."]}</p>""",
            FieldsOf(view, say).Summary());

    private static (Markup Form, Markup Problems) Another(ClientView view, Markup hidden, Settings settings, Language say)
    {
        var fields = FieldsOf(view, say);
        Markup form = $"""
            <h3>{say["Add a secret"]}</h3>
            <p class="note">{say["Two secrets can be in use at the same time: add the new one, switch to it, then revoke the old one."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminClientSecrets}">
            {hidden}
            <div class="columns">
            {fields.Text("label", "Label", "To tell secrets apart")}
            {fields.Text("expires", "Expires on", "At the end of this day (UTC); leave empty for never", type: "date")}
            </div>
            <div class="actions"><button type="submit">{say["Add a secret"]}</button></div>
            </form>
            """;
        return (form, fields.Summary());
    }
}
