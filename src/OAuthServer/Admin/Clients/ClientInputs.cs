using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Clients;

/// <summary>The inputs of a client's form, as its kind has them.</summary>
/// <param name="values">As <see cref="ClientFields.Value"/>, or as it was typed.</param>
/// <param name="row">The client; a scope it holds is offered even where its kind would not be offered it.</param>
public sealed class ClientInputs(Fields fields, Func<string, string?> values, ClientForm row, ClientFields.Known known, Language say)
{
    // Beyond this many, a list of checkboxes helps nobody: one a line in a text area.
    private const int MostCheckboxes = 100;

    private bool IsMachine => row.Kind == "machine";

    private bool IsUserFacing => row.Kind == "user-facing";

    private bool GetsTokens => row.Kind != "resource-server";

    /// <summary>All of them.</summary>
    public Markup All() => $"""
        {fields.Text("name", "Name", IsUserFacing ? "Shown on the consent page" : null, attributes: $"required")}
        {(IsUserFacing ? fields.Lines("redirect_uris", "Redirect URIs",
            "One per line; compared character by character", rows: 4) : Markup.None)}
        {fields.Choice("auth_method", "Authentication", Methods())}
        {fields.Lines("jwks", "Public keys",
            "A JWK set of at most ten public keys, for private_key_jwt; or the URL below", rows: 4)}
        {fields.Text("jwks_uri", "Public keys at a URL", "An https URL that has the set, in place of the keys above")}
        {fields.Choice("assertion_alg", "Assertion algorithm",
            [("", "Any that fits its keys"), ("ES256", "ES256"), ("PS256", "PS256"), ("RS256", "RS256")])}
        {(GetsTokens ? fields.Check("dpop_required", say["Tokens bound to a key only (DPoP)"]) : Markup.None)}
        {(GetsTokens ? Scopes() : Markup.None)}
        {Resources()}
        {(GetsTokens ? Lifetimes() : Markup.None)}
        {(IsUserFacing ? OpenId() : Markup.None)}
        {fields.Text("note", "Note", "For operators")}
        """;

    private IEnumerable<(string Value, string Text)> Methods() =>
        from method in AuthMethod.All
        where method.IsFor(row.Kind)
        orderby method.NeedsSecret, method.NeedsKeys, method.IsOffered descending
        select (method.Name, Label(method));

    private static string Label(AuthMethod method) =>
        method == AuthMethod.None ? "No secret: a public client"
        : method == AuthMethod.ClientSecretBasic ? "A secret in the header (client_secret_basic)"
        : method == AuthMethod.ClientSecretPost ? "A secret in the request body (client_secret_post)"
        : method == AuthMethod.PrivateKeyJwt ? "A signed assertion (private_key_jwt)"
        : method == AuthMethod.Federated ? "What it runs on vouches for it (federated)"
        : method.Name;

    private Markup Scopes()
    {
        const string beside = "Besides those ticked, it may request every scope marked Open, as any user-facing client may";
        if (known.Scopes.Count > MostCheckboxes)
            return $"""
                {fields.Lines("scopes", "Scopes",
                    IsMachine ? "One per line" : "One per line; it may also request every open scope", rows: 6)}
                {fields.Lines("default_scopes", "Default scopes",
                    "One per line, granted when the client requests no scope; empty: all its scopes", rows: 2)}
                """;
        // There is nobody for a machine to stay connected for.
        var names = known.Scopes.Select(scope => scope.Name).Where(name => !IsMachine || name != Scope.OfflineAccess).Union(row.Scopes)
            .ToArray();
        var places = names.Index().ToDictionary(one => one.Item, one => one.Index);
        var groups = names.GroupBy(name => known.Scopes.FirstOrDefault(scope => scope.Name == name)?.Resource)
            .OrderBy(group => group.Key is null).ThenBy(group => group.Key, StringComparer.Ordinal);
        return $"""
            {fields.Group("scopes", "Scopes", IsMachine ? null : beside, $"{groups.Select(Group)}")}
            {fields.Group("default_scopes", "Default scopes",
                "Granted when the client requests no scope; none ticked: all its scopes", $"<ul>{names.Select(Default)}</ul>")}
            """;

        Markup Group(IGrouping<string?, string> group)
        {
            var resource = known.Resources.FirstOrDefault(one => one.Uri == group.Key);
            Markup legend = resource is null ? (Markup)$"{say["Not tied to a resource"]}" : $"<bdi>{Words.Sanitize(resource.Name)}</bdi>";
            return $"""<fieldset class="ticks"><legend>{legend}</legend><ul>{group.Select(One)}</ul></fieldset>""";
        }

        Markup One(string name)
        {
            Markup open = !IsMachine && known.Scopes.Any(scope => scope.Name == name && scope.Open)
                ? $""" <span class="mark">{say["Open"]}</span>""" : Markup.None;
            return Tick($"scope-{places[name]}", ClientFields.ScopePrefix + name, $"<code>{name}</code>{open}");
        }

        Markup Default(string name) => Tick($"default-{places[name]}", ClientFields.DefaultPrefix + name, $"<code>{name}</code>");
    }

    private Markup Resources()
    {
        if (known.Resources.Count > MostCheckboxes)
            return $"""
                {fields.Lines("resources", "Resources", "One URI per line", rows: 6)}
                {fields.Text("default_resource", "Default resource", "What a token is for when the client names no resource")}
                """;
        return $"""
            {fields.Group("resources", "Resources", "What its tokens may be for", $"<ul>{known.Resources.Select(One)}</ul>")}
            {fields.Choice("default_resource", "Default resource", [("", "None"), .. known.Resources.Select(one => (one.Uri, one.Uri))],
                "What a token is for when the client names no resource")}
            """;

        Markup One(ResourceRow resource, int index)
        {
            Markup state = resource.Enabled ? Markup.None : $""" <span class="mark no">{say["Disabled"]}</span>""";
            return Tick($"resource-{index}", ClientFields.ResourcePrefix + resource.Uri,
                $"""<bdi>{Words.Sanitize(resource.Name)}</bdi> <code>{resource.Uri}</code>{state}""");
        }
    }

    private Markup Tick(string id, string name, Markup label)
    {
        Markup ticked = values(name) is null ? Markup.None : $" checked";
        return $"""
            <li><input type="checkbox" id="{id}" name="{name}" value="yes"{ticked}><label class="words" for="{id}">{label}</label></li>
            """;
    }

    private Markup Lifetimes()
    {
        Markup number = $"inputmode=\"numeric\" required";
        var access = fields.Text("access_token_seconds", "Access token lifetime (seconds)", "1 to 3600", attributes: number);
        if (IsMachine) return access;
        return $"""
            <div class="columns">
            {access}
            {fields.Text("refresh_token_seconds", "Grant lifetime (seconds)",
                "Counted from consent, however often it is refreshed; 86400 is one day", attributes: number)}
            {fields.Text("refresh_idle_seconds", "Unused refresh token lifetime (seconds)",
                "Expires when unused for this long; 86400 is one day", attributes: number)}
            </div>
            """;
    }

    private Markup OpenId() => $"""
        {fields.Choice("id_token_alg", "ID token algorithm", [("RS256", "RS256"), ("ES256", "ES256")])}
        {fields.Choice("min_acr", "Sign-in it takes", [("", "Any"), ("aal2", "With a second factor only")])}
        {fields.Text("default_max_age", "Oldest sign-in it takes (seconds)",
            "When its request does not say; empty: any age", attributes: $"inputmode=\"numeric\"")}
        {fields.Choice("par_required", "Authorization requests it takes", [("", "Any"), ("yes", "Pushed ones only")])}
        {fields.Lines("post_logout_redirect_uris", "Addresses after signing out",
            "One per line; where it may send people who signed out here", rows: 2)}
        {fields.Text("backchannel_logout_uri", "Back-channel logout URI",
            "Notified when the sign-in of a person who uses it ends")}
        """;
}
