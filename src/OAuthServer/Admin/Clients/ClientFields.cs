using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Clients;

/// <summary>
/// The settings of a client as a form: fields are named as the columns, so that what the database refuses finds its place.
/// </summary>
public static class ClientFields
{
    /// <summary>What there is of scopes and resources.</summary>
    public sealed record Known(IReadOnlyList<ScopeRow> Scopes, IReadOnlyList<ResourceRow> Resources);

    /// <summary>Before a scope: the name of its checkbox among the client's scopes.</summary>
    public const string ScopePrefix = "scope ";

    /// <summary>Before a scope: the name of its checkbox among the default scopes.</summary>
    public const string DefaultPrefix = "default ";

    /// <summary>Before a URI: the name of its checkbox among the client's resources.</summary>
    public const string ResourcePrefix = "resource ";

    private const int Year = 31_536_000;

    /// <summary>What the form calls the columns, in English.</summary>
    public static readonly IReadOnlyDictionary<string, string> Labels = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = "Name",
        ["enabled"] = "Enabled",
        ["origin"] = "Origin",
        ["grant_types"] = "Grant types",
        ["redirect_uris"] = "Redirect URIs",
        ["auth_method"] = "Authentication",
        ["jwks"] = "Public keys",
        ["jwks_uri"] = "Public keys at a URL",
        ["assertion_alg"] = "Assertion algorithm",
        ["scopes"] = "Scopes",
        ["default_scopes"] = "Default scopes",
        ["resources"] = "Resources",
        ["default_resource"] = "Default resource",
        ["dpop_required"] = "Tokens bound to a key only (DPoP)",
        ["access_token_seconds"] = "Access token lifetime (seconds)",
        ["refresh_token_seconds"] = "Grant lifetime (seconds)",
        ["refresh_idle_seconds"] = "Unused refresh token lifetime (seconds)",
        ["id_token_alg"] = "ID token algorithm",
        ["min_acr"] = "Sign-in it takes",
        ["default_max_age"] = "Oldest sign-in it takes (seconds)",
        ["par_required"] = "Authorization requests it takes",
        ["post_logout_redirect_uris"] = "Addresses after signing out",
        ["backchannel_logout_uri"] = "Back-channel logout URI",
        ["note"] = "Note",
    };

    /// <summary>Every setting that was typed otherwise than the row says: its label, the row's value, the typed one.</summary>
    public static IEnumerable<(string Label, string Now, string Typed)> Differences(ClientForm row, Parameters typed)
    {
        var read = Read(row, typed, []);
        return from label in Labels
               let now = Text(row, label.Key)
               // What is no number is shown as it was typed.
               let then = IsNumber(label.Key) && typed[label.Key] is { } text ? text.Trim()
                   : Text(read, label.Key)
               where now != then
               select (label.Value, now, then);

        static bool IsNumber(string column) => column == "default_max_age" || column.EndsWith("_seconds", StringComparison.Ordinal);

        static string Text(ClientForm one, string column)
        {
            IEnumerable<string> lines = (Value(one, column) ?? "").Split('\n');
            return string.Join(' ', column is "scopes" or "default_scopes" or "resources" ? lines.Order(StringComparer.Ordinal) : lines);
        }
    }

    /// <summary>A new client of a kind, with the table's own defaults.</summary>
    public static ClientForm Blank(Capabilities capabilities, string id, string kind) => new()
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
        GrantTypes = capabilities.DefaultGrantTypes(kind),
        AuthMethod = capabilities.DefaultAuthMethod(kind),
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
        "jwks" => row.Jwks,
        "jwks_uri" => row.JwksUri,
        "assertion_alg" => row.AssertionAlg ?? "",
        "scopes" => string.Join('\n', row.Scopes),
        "default_scopes" => string.Join('\n', row.DefaultScopes),
        "resources" => string.Join('\n', row.Resources),
        "default_resource" => row.DefaultResource,
        "dpop_required" => row.DpopRequired ? "yes" : null,
        "access_token_seconds" => row.AccessTokenSeconds.ToString(CultureInfo.InvariantCulture),
        "refresh_token_seconds" => row.RefreshTokenSeconds.ToString(CultureInfo.InvariantCulture),
        "refresh_idle_seconds" => row.RefreshIdleSeconds.ToString(CultureInfo.InvariantCulture),
        "id_token_alg" => row.IdTokenAlg,
        "min_acr" => row.MinAcr ?? "",
        "default_max_age" => row.DefaultMaxAge?.ToString(CultureInfo.InvariantCulture),
        "par_required" => row.ParRequired ? "yes" : "",
        "post_logout_redirect_uris" => string.Join('\n', row.PostLogoutRedirectUris),
        "backchannel_logout_uri" => row.BackchannelLogoutUri,
        "note" => row.Note,
        _ when Ticked(field, ScopePrefix, row.Scopes) || Ticked(field, DefaultPrefix, row.DefaultScopes)
            || Ticked(field, ResourcePrefix, row.Resources) => "yes",
        _ => null,
    };

    /// <summary>The row as the form says it. What a kind has no field for, and what is a problem, stays as it is.</summary>
    /// <param name="problems">By field, in English; added to.</param>
    public static ClientForm Read(ClientForm row, Parameters form, Dictionary<string, string> problems)
    {
        var (forPeople, forTokens) = (row.Kind == "user-facing", row.Kind != "resource-server");
        var name = form["name"]?.Trim() ?? "";
        if (name.Length == 0) problems["name"] = "Enter a name that people can read.";
        return row with
        {
            Name = name.Length == 0 ? row.Name : name,
            AuthMethod = form["auth_method"] ?? row.AuthMethod,
            Jwks = Keys(),
            JwksUri = form["jwks_uri"]?.Trim() is { Length: > 0 } url ? url : null,
            AssertionAlg = form["assertion_alg"] is { Length: > 0 } alg ? alg : null,
            DpopRequired = forTokens && form["dpop_required"] is not null,
            RedirectUris = forPeople ? Lines("redirect_uris") : row.RedirectUris,
            Scopes = forTokens ? Chosen(row.Scopes, ScopePrefix, "scopes") : row.Scopes,
            DefaultScopes = forTokens ? Chosen(row.DefaultScopes, DefaultPrefix, "default_scopes") : row.DefaultScopes,
            Resources = Chosen(row.Resources, ResourcePrefix, "resources"),
            DefaultResource = form["default_resource"],
            AccessTokenSeconds = forTokens ? Seconds("access_token_seconds", row.AccessTokenSeconds) : row.AccessTokenSeconds,
            RefreshTokenSeconds = forPeople ? Seconds("refresh_token_seconds", row.RefreshTokenSeconds) : row.RefreshTokenSeconds,
            RefreshIdleSeconds = forPeople ? Seconds("refresh_idle_seconds", row.RefreshIdleSeconds) : row.RefreshIdleSeconds,
            IdTokenAlg = form["id_token_alg"] ?? row.IdTokenAlg,
            MinAcr = forPeople && form["min_acr"] is { Length: > 0 } acr ? acr : null,
            DefaultMaxAge = !forPeople ? row.DefaultMaxAge
                : form["default_max_age"] is not null ? Seconds("default_max_age", row.DefaultMaxAge ?? 0) : null,
            ParRequired = forPeople && form["par_required"] is "yes",
            PostLogoutRedirectUris = forPeople ? Lines("post_logout_redirect_uris") : row.PostLogoutRedirectUris,
            BackchannelLogoutUri = forPeople ? form["backchannel_logout_uri"]?.Trim() : row.BackchannelLogoutUri,
            Note = form["note"],
            Version = form["version"] ?? "",
        };

        string? Keys()
        {
            if (form["jwks"]?.Trim() is not { Length: > 0 } text) return null;
            if (TypedValues.Flaw("jwks", text) is not { } flaw) return text;
            problems["jwks"] = flaw;
            return row.Jwks;
        }

        // From checkboxes, or from lines where there are too many to tick. Those the row has stay in its order: unchanged is no change.
        string[] Chosen(string[] before, string prefix, string lines)
        {
            var ticked = form.All.Select(pair => pair.Key).Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
                .Select(key => key[prefix.Length..]);
            var chosen = ticked.Union(Lines(lines)).Order(StringComparer.Ordinal).ToArray();
            return [.. before.Intersect(chosen), .. chosen.Except(before)];
        }

        // Neither a URI nor a scope has a space in it.
        string[] Lines(string field) =>
            [.. (form[field] ?? "").Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

        int Seconds(string field, int before)
        {
            if (!int.TryParse(form[field]?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                problems[field] = "Enter a number of seconds.";
            // The database names one of the two lifetimes whichever is wrong.
            else if (field == "refresh_idle_seconds" && seconds is < 1 or > Year)
                problems[field] = "Write 1 to 31536000 (the defaults are 2592000 and 1209600).";
            else return seconds;
            return before;
        }
    }

    private static bool Ticked(string field, string prefix, string[] chosen) => field.StartsWith(
        prefix, StringComparison.Ordinal) && chosen.Contains(field[prefix.Length..]);
}
