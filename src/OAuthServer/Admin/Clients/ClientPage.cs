using System.Text.RegularExpressions;
using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Admin.Clients;

/// <summary>A client with all that is known of it.</summary>
public sealed record ClientView
{
    public required ClientForm Client { get; init; }
    public required IReadOnlyList<SecretSummary> Secrets { get; init; }
    public ClientKeyList? Keys { get; init; }
    public required ClaimedMetadata Claimed { get; init; }
    public required ClientFields.Known Known { get; init; }
    public required ClientAccessView Access { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>The settings as they were typed and refused; null: as they are.</summary>
    public Parameters? Typed { get; init; }

    /// <summary>The new secret as it was typed and refused.</summary>
    public Parameters? TypedSecret { get; init; }

    /// <summary>What is wrong with what was typed, by field.</summary>
    public IReadOnlyDictionary<string, string> Problems { get; init; } = new Dictionary<string, string>();

    /// <summary>Somebody else changed the row while this was typed; <see cref="LastEdit"/> says who.</summary>
    public bool Stale { get; init; }
    public AuditRow? LastEdit { get; init; }

    /// <summary>What was done a moment ago, a key of <see cref="Notice"/>.</summary>
    public string? Done { get; init; }
}

/// <summary>One client: what it is, its secrets, its settings, its deletion.</summary>
public static partial class ClientPage
{
    public static Task ClientAsync(this HttpContext http, Markup antiforgery, Navigation frame, ClientView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var (client, failed) = (view.Client, view.Stale || view.Problems.Count > 0);
        Markup id = $"""<input type="hidden" name="id" value="{client.ClientId}">""";
        Markup disable = client.Enabled
            ? (
                Markup)$"""
                    <a class="button"
                        href="{settings.IssuerPath + ClientText.At(client.ClientId, Paths.AdminClientDisable)}">{say["Disable"]}</a>
                    """
            : $"""
                <form method="post"
                    action="{settings.IssuerPath + Paths.AdminClientEnable}">
                {antiforgery}{id}<button type="submit">{say["Enable"]}</button></form>
                """;
        // Sections first: each of their forms says above everything what is wrong with it.
        var secrets = ClientSecrets.Of(view, $"{antiforgery}{id}", settings, say);
        var (configuration, problems) = client.Origin == "operator" ? Settings(view, $"{antiforgery}{id}", settings, say)
            : (ClaimedText.Metadata(view, say), new Fields(say, _ => null, view.Problems).Summary());
        return http.PageAsync(view.Stale ? 409 : failed ? 400 : 200, failed ? "Error: Client" : "Client", $"""
            <h1><bdi>{say.App(client.Name)}</bdi></h1>
            {Notice.Of(view.Done, say)}
            {secrets.Problems}{problems}
            <p class="identity">{ClientText.Origin(client.Origin, client.ClientId, client.CreatedAt, say)}
                {ClientText.Enabled(client.Enabled, say)}</p>
            {Facts(client, say)}
            <div class="actions">{disable}{Vouch(client, settings, say)}</div>
            {ClientKeysTable.Of(view.Keys, $"{antiforgery}{id}", settings, say)}
            <h2 id="secrets">{say["Secrets"]}</h2>
            {secrets.Content}
            <h2 id="settings">{say["Settings"]}</h2>
            {configuration}
            {ClientAccess.Sections(client.ClientId, view.Access, client.Kind == "user-facing", settings, say)}
            <h2 id="delete">{say["Delete this client"]}</h2>
            <p class="note">
                {say["Its grants, tokens and remembered consents end permanently. The next page shows how many before you confirm."]}
            </p>
            <div class="actions"><a class="button danger"
                href="{settings.IssuerPath + ClientText.At(client.ClientId, Paths.AdminClientDelete)}">{say["Delete…"]}</a></div>
            """, frame);
    }

    private static Markup Vouch(ClientForm client, Settings settings, Language say) => client.Origin == "operator" ? Markup.None
        : $"""
            <a class="button"
                href="{settings.IssuerPath + ClientText.At(client.ClientId, Paths.AdminClientVouch)}">{say["Vouch for it…"]}</a>
            """;

    private static Markup Facts(ClientForm client, Language say)
    {
        Markup used = client.LastUsedAt is { } moment ? say.Time(moment) : $"{say["Never"]}";
        return $"""
            <dl class="facts">
            <div><dt>{say["Client id"]}</dt><dd><code>{client.ClientId}</code></dd></div>
            <div><dt>{say["Kind"]}</dt><dd><code>{client.Kind}</code></dd></div>
            <div><dt>{say["Grant types"]}</dt><dd>{List(client.GrantTypes)}</dd></div>
            <div><dt>{say["Added"]}</dt><dd>{say.Time(client.CreatedAt)}</dd></div>
            <div><dt>{say["Last used"]}</dt><dd>{used}</dd></div>
            </dl>
            """;
    }

    private static (Markup Form, Markup Problems) Settings(ClientView view, Markup hidden, Settings settings, Language say)
    {
        Func<string, string?> values = view.Typed is { } typed ? name => typed[name] : name => ClientFields.Value(view.Client, name);
        var fields = new Fields(say, values, view.TypedSecret is null ? view.Problems : new Dictionary<string, string>());
        // Only who was shown the newer row may save over it.
        var version = view.Stale ? view.Client.Version : view.Typed?["version"] ?? view.Client.Version;
        var inputs = new ClientInputs(fields, values, view.Client, view.Known, say).All();
        Markup form = $"""
            <form method="post" action="{settings.IssuerPath + Paths.AdminClient}">
            {hidden}<input type="hidden" name="version" value="{version}">
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button></div>
            </form>
            """;
        return (form, view.Stale ? Conflict(view, say) : fields.Summary());
    }

    // Who changed what when, and for every field that differs what stands there now beside what was typed.
    private static Markup Conflict(ClientView view, Language say)
    {
        Markup who = view.LastEdit is { } edit
            ? $"<p>{say.Put("{0} changed this client on {1}. Changed: {2}.",
                $"<strong><bdi>{Words.Sanitize(edit.Actor ?? "", "–")}</bdi></strong>",
                say.Time(edit.At), Changed(edit.Detail, say))}</p>"
            : Markup.None;
        var differing = ClientFields.Differences(view.Client, view.Typed!).ToArray();
        Markup table = differing.Length == 0 ? Markup.None : $"""
            <table>
            <caption>{say["Differences"]}</caption>
            <thead><tr><th scope="col">{say["Setting"]}</th><th scope="col">{say["Current value"]}</th>
                <th scope="col">{say["Your value"]}</th></tr></thead>
            <tbody>{differing.Select(Row)}</tbody>
            </table>
            """;
        return $"""
            <div class="error" role="alert">
            <p>{say["Nothing was saved: someone else changed this client while you were editing it."]}</p>
            {who}
            <p>{say["Your changes are kept below. Saving again replaces the current values."]}</p>
            </div>
            {table}
            """;

        Markup Row((string Label, string Now, string Typed) one) => $"""
            <tr><th scope="row">{say[one.Label]}</th><td data-label="{say["Current value"]}"><code>{Shown(
                one.Now)}</code></td><td data-label="{say["Your value"]}"><code>{Shown(one.Typed)}</code></td></tr>
            """;

        static string Shown(string text) => Words.Sanitize(text, "–", 600);
    }

    private static Markup Changed(string? detail, Language say)
    {
        // "update clients ID: column: old → new; column: +added -removed". A text in quotes may hold anything, an id no blank.
        var columns = ColumnOf().Matches(Quoted().Replace(detail ?? "", "\"\"")).Select(match => match.Groups["column"].Value);
        return $"{string.Join(", ", columns.Select(column => ClientFields.Labels.GetValueOrDefault(column))
            .OfType<string>().Select(label => say[label]))}";
    }

    [GeneratedRegex("""(^update clients \S+: |; )(?<column>[a-z_]+):""")]
    private static partial Regex ColumnOf();

    [GeneratedRegex("""
        "(\\.|[^"\\])*"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Quoted();

    /// <summary>Values side by side, a dash for none.</summary>
    internal static Markup List(string[] values) => values.Length == 0 ? (Markup)$"–"
        : $"{values.Select((value, index) => (Markup)$"{(index == 0 ? "" : " ")}<code>{Words.Sanitize(value, "–", 600)}</code>")}";
}
