using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages.Admin;

/// <summary>The settings of a client as a form: fields are named as the columns, so that what the database refuses finds its place.</summary>
public static class ClientFields
{
    /// <summary>What there is of scopes and resources.</summary>
    public sealed record Known(IReadOnlyList<ScopeRow> Scopes, IReadOnlyList<ResourceRow> Resources);

    private const string ScopePrefix = "scope ";

    /// <summary>What the form calls the columns, in English.</summary>
    public static readonly IReadOnlyDictionary<string, string> Labels = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = "Name",
        ["enabled"] = "Enabled",
        ["origin"] = "Origin",
        ["grant_types"] = "Grant types",
        ["redirect_uris"] = "Redirect URIs",
        ["auth_method"] = "Authentication",
        ["scopes"] = "Scopes",
        ["default_scopes"] = "Default scopes",
        ["resources"] = "Resources",
        ["default_resource"] = "Default resource",
        ["access_token_seconds"] = "Access token lifetime (seconds)",
        ["refresh_token_seconds"] = "Grant lifetime (seconds)",
        ["refresh_idle_seconds"] = "Unused refresh token lifetime (seconds)",
        ["note"] = "Note",
    };

    /// <summary>Every setting that was typed otherwise than the row says: its label, the row's value, the typed one.</summary>
    public static IEnumerable<(string Label, string Now, string Typed)> Told(ClientForm row, Parameters typed)
    {
        var read = Read(row, typed, []);
        return from label in Labels
               let now = Told(row, label.Key)
               // What is no number is told as it was typed.
               let then = label.Key.EndsWith("_seconds", StringComparison.Ordinal) && typed[label.Key] is { } text ? text.Trim() : Told(read, label.Key)
               where now != then
               select (label.Value, now, then);

        static string Told(ClientForm one, string column) =>
            column == "scopes" ? string.Join(' ', one.Scopes.Order(StringComparer.Ordinal)) : (Value(one, column) ?? "").Replace('\n', ' ');
    }

    /// <summary>A new client of a kind, with the table's own defaults.</summary>
    public static ClientForm Blank(string id, string kind) => new()
    {
        ClientId = id,
        Kind = kind,
        Name = "",
        Origin = "operator",
        Enabled = true,
        RedirectUris = [],
        Scopes = [],
        DefaultScopes = [],
        Resources = [],
        DefaultResource = null,
        GrantTypes = [],
        AuthMethod = kind == "user-facing" ? "none" : "client_secret_basic",
        AccessTokenSeconds = 600,
        RefreshTokenSeconds = 2_592_000,
        RefreshIdleSeconds = 1_209_600,
        CreatedAt = default,
        LastUsedAt = null,
        Note = null,
        Version = "",
    };

    /// <summary>A row as a form would post it.</summary>
    public static string? Value(ClientForm row, string field) => field switch
    {
        "client_id" => row.ClientId,
        "name" => row.Name,
        "redirect_uris" => string.Join('\n', row.RedirectUris),
        "auth_method" => row.AuthMethod,
        "default_scopes" => string.Join('\n', row.DefaultScopes),
        "resources" => string.Join('\n', row.Resources),
        "default_resource" => row.DefaultResource,
        "access_token_seconds" => row.AccessTokenSeconds.ToString(CultureInfo.InvariantCulture),
        "refresh_token_seconds" => row.RefreshTokenSeconds.ToString(CultureInfo.InvariantCulture),
        "refresh_idle_seconds" => row.RefreshIdleSeconds.ToString(CultureInfo.InvariantCulture),
        "note" => row.Note,
        _ => field.StartsWith(ScopePrefix, StringComparison.Ordinal) && row.Scopes.Contains(field[ScopePrefix.Length..]) ? "yes" : null,
    };

    /// <summary>The row as the form says it. What a kind has no field for stays; what is no number is a problem.</summary>
    /// <param name="problems">By field, in English; added to.</param>
    public static ClientForm Read(ClientForm row, Parameters form, Dictionary<string, string> problems)
    {
        var (forPeople, forTokens) = (row.Kind == "user-facing", row.Kind != "resource-server");
        var name = form["name"]?.Trim() ?? "";
        if (name.Length == 0) problems["name"] = "Write a name that people can read.";
        return row with
        {
            Name = name,
            AuthMethod = form["auth_method"] ?? row.AuthMethod,
            RedirectUris = forPeople ? Lines("redirect_uris") : row.RedirectUris,
            Scopes = forTokens ? Ticked() : row.Scopes,
            DefaultScopes = forTokens ? Lines("default_scopes") : row.DefaultScopes,
            Resources = Lines("resources"),
            DefaultResource = form["default_resource"],
            AccessTokenSeconds = forTokens ? Seconds("access_token_seconds", row.AccessTokenSeconds) : row.AccessTokenSeconds,
            RefreshTokenSeconds = forPeople ? Seconds("refresh_token_seconds", row.RefreshTokenSeconds) : row.RefreshTokenSeconds,
            RefreshIdleSeconds = forPeople ? Seconds("refresh_idle_seconds", row.RefreshIdleSeconds) : row.RefreshIdleSeconds,
            Note = form["note"],
            Version = form["version"] ?? "",
        };

        // Those the row has stay in its order: what was not changed is no change.
        string[] Ticked()
        {
            var ticked = form.All.Select(pair => pair.Key).Where(key => key.StartsWith(ScopePrefix, StringComparison.Ordinal)).Select(key => key[ScopePrefix.Length..]).Order(StringComparer.Ordinal).ToArray();
            return [.. row.Scopes.Intersect(ticked), .. ticked.Except(row.Scopes)];
        }

        // Neither a URI nor a scope has a space in it.
        string[] Lines(string field) => [.. (form[field] ?? "").Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

        int Seconds(string field, int before)
        {
            if (int.TryParse(form[field]?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return seconds;
            problems[field] = "Write a number of seconds.";
            return before;
        }
    }

    /// <summary>The fields a client of this kind has.</summary>
    /// <param name="values">As <see cref="Value"/>, or as it was typed.</param>
    /// <param name="scopes">The client's own, which may be gone from the table.</param>
    public static Html Of(string kind, Fields fields, Func<string, string?> values, string[] scopes, Known known, Language say) => $"""
        {Name(kind, fields)}
        {Redirects(kind, fields)}
        {fields.Choice("auth_method", "Authentication", Methods(kind))}
        {Rights(kind, fields, values, scopes, known, say)}
        <div class="columns">
        {fields.Lines("resources", "Resources", "One URI a line")}
        {fields.Choice("default_resource", "Default resource", [("", "None"), .. known.Resources.Select(one => (one.Uri, one.Uri))], "What a token is for when the client names no resource")}
        </div>
        <details><summary>{say["Available resources"]}</summary><ul>{known.Resources.Select(one => (Html)$"<li><bdi>{Words.Tame(one.Name)}</bdi> <code>{one.Uri}</code></li>")}</ul></details>
        {Lifetimes(kind, fields)}
        {fields.Text("note", "Note", "For operators")}
        """;

    private static Html Name(string kind, Fields fields)
    {
        Html required = $"required";
        return kind == "user-facing" ? fields.Text("name", "Name", "People read it on the consent page", attributes: required) : fields.Text("name", "Name", attributes: required);
    }

    private static Html Redirects(string kind, Fields fields) =>
        kind == "user-facing" ? fields.Lines("redirect_uris", "Redirect URIs", "One a line; each is compared character by character", rows: 4) : Html.None;

    private static IEnumerable<(string Value, string Text)> Methods(string kind)
    {
        if (kind == "user-facing") yield return ("none", "No secret: a public client");
        yield return ("client_secret_basic", "A secret in the header (client_secret_basic)");
        yield return ("client_secret_post", "A secret in the form (client_secret_post)");
    }

    private static Html Rights(string kind, Fields fields, Func<string, string?> values, string[] own, Known known, Language say)
    {
        if (kind == "resource-server") return Html.None;
        // A machine is never away, and what is open is open to user-facing clients.
        var isMachine = kind == "machine";
        var names = known.Scopes.Select(scope => scope.Name).Where(name => !isMachine || name != Scope.OfflineAccess).Union(own).ToArray();
        return $"""
            {fields.Group("scopes", "Scopes", isMachine ? null : "Beside those ticked, it may ask for every scope marked Open, as any user-facing client may", $"<ul>{names.Select(One)}</ul>")}
            {fields.Lines("default_scopes", "Default scopes", "One a line; empty: all that are ticked above", rows: 2)}
            """;

        Html One(string name, int index)
        {
            Html ticked = values(ScopePrefix + name) is null ? Html.None : $" checked";
            Html open = !isMachine && known.Scopes.Any(scope => scope.Name == name && scope.Open) ? $"""<span class="mark">{say["Open"]}</span>""" : Html.None;
            return $"""<li><input type="checkbox" id="scope-{index}" name="{ScopePrefix + name}" value="yes"{ticked}><label class="words" for="scope-{index}"><code>{name}</code> {open}</label></li>""";
        }
    }

    private static Html Lifetimes(string kind, Fields fields)
    {
        if (kind == "resource-server") return Html.None;
        Html number = $"inputmode=\"numeric\" required";
        Html access = fields.Text("access_token_seconds", "Access token lifetime (seconds)", "1 to 3600", attributes: number);
        if (kind == "machine") return access;
        return $"""
            <div class="columns">
            {access}
            {fields.Text("refresh_token_seconds", "Grant lifetime (seconds)", "From consent on, however often it is refreshed; 86400 are a day", attributes: number)}
            {fields.Text("refresh_idle_seconds", "Unused refresh token lifetime (seconds)", "It is dead after this long; 86400 are a day", attributes: number)}
            </div>
            """;
    }
}
