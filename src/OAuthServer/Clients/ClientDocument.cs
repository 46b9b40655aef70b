using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>
/// Client id document draft §4: what a client says of itself at its own URL. A member that is null is absent. Refuses secrets,
/// methods that need one, documents that offer no method we take, and anything two readers could read differently.
/// </summary>
public sealed record ClientDocument
{
    private const int LongestName = 256;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public required string Name { get; init; }

    /// <summary>
    /// Those that <see cref="RedirectRules"/> would register. A request with one of the others is refused, as with any unknown one.
    /// </summary>
    public required string[] RedirectUris { get; init; }

    /// <summary>What it asks for and we have.</summary>
    public required string[] GrantTypes { get; init; }

    /// <summary>RFC 9449 §5.2: it gets tokens that are bound to a key, and no others.</summary>
    public required bool DpopRequired { get; init; }

    /// <summary>Its terms of service, https; null: it names none that a person could open.</summary>
    public required string? TosUri { get; init; }

    /// <summary>Its privacy policy, likewise.</summary>
    public required string? PolicyUri { get; init; }

    /// <summary>What it says of OpenID Connect.</summary>
    public required OpenIdSettings OpenId { get; init; }

    /// <summary>How it proves itself: private_key_jwt where it offers that and has keys, else none.</summary>
    public required string AuthMethod { get; init; }

    /// <summary>Its keys where it proves itself by key.</summary>
    public required KeySettings Keys { get; init; }

    /// <summary>It offers none beside its keys: it may come without an assertion.</summary>
    public required bool PublicToo { get; init; }

    /// <summary>RFC 9126 §6: it will push every authorization request.</summary>
    public required bool ParRequired { get; init; }

    /// <summary>SHA-256 over the octets and what this server makes of them.</summary>
    public required byte[] BodyHash { get; init; }

    /// <summary>SHA-256 over what a person's consent rested on: name, redirect URIs, keys.</summary>
    public required byte[] TrustHash { get; init; }

    /// <summary>The document of this URL, or why it is none.</summary>
    public static Result<ClientDocument> Read(string url, byte[] body, Capabilities capabilities, Settings settings)
    {
        try
        {
            using var json = JsonDocument.Parse(body, Strict);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? Read(url, body, json.RootElement, capabilities, settings)
                : Refuse("not an object", "a JSON object", json.RootElement.ValueKind.ToString());
        }
        // A lone surrogate, or octets that are no UTF-8, are found out only when the string is taken.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return Refuse("not readable", $"one JSON object in UTF-8, no member twice, at most {Strict.MaxDepth} deep", "something else");
        }
    }

    private static Result<ClientDocument> Read(string url, byte[] body, JsonElement json, Capabilities capabilities, Settings settings)
    {
        if (Text(json, "client_id") is var id && !string.Equals(id, url, StringComparison.Ordinal))
            return Refuse("client_id is not its URL", url, id ?? "no text");
        foreach (var secret in (string[])["client_secret", "client_secret_expires_at"])
            if (Member(json, secret) is not null)
                return Refuse("a secret in a public document", $"no {secret}", "one");
        if (Methods(json, capabilities).Refused(out var problem, out var methods)) return problem;
        if (VisibleText.Name(Text(json, "client_name")) is not { Length: <= LongestName } name)
            return Refuse("client_name is missing or unfit to show", $"1 to {LongestName} characters that print", "something else");
        if (Texts(json, "redirect_uris") is not { Length: >= 1 and <= RedirectRules.Most } redirects)
            return Refuse("redirect_uris is missing or malformed", $"1 to {RedirectRules.Most} URIs", "something else");
        var usable = Array.FindAll(redirects, uri => RedirectRules.Refusal(uri, settings) is null);
        if (usable.Length == 0) return Unusable(RedirectRules.Refusal(redirects[0], settings)!);
        if (Member(json, "response_types") is not null && Texts(json, "response_types")?.Contains("code") != true)
            return Refuse("it does not want codes", "response_types with code", "something else");
        var ours = capabilities.GrantTypesFor("user-facing").ToArray();
        var begins = ours.Where(type => !type.Continues).Select(type => type.Name).ToArray();
        var grants = Texts(json, "grant_types");
        if (grants is null ? Member(json, "grant_types") is not null : !grants.Any(begins.Contains))
            return Refuse("it does not want to ask people", $"grant_types with {Capabilities.OneOf(begins)}", "something else");

        var binds = Member(json, "dpop_bound_access_tokens")?.ValueKind ?? JsonValueKind.False;
        if (binds is not (JsonValueKind.True or JsonValueKind.False))
            return Refuse("dpop_bound_access_tokens is malformed", "true or false", binds.ToString());
        if (OpenIdMetadata.Read(json, settings).Refused(out var unusable, out var openId)) return Unusable(unusable);

        var pushes = Member(json, "require_pushed_authorization_requests")?.ValueKind ?? JsonValueKind.False;
        if (pushes is not (JsonValueKind.True or JsonValueKind.False))
            return Refuse("the member of RFC 9126 is malformed", "true or false", pushes.ToString());

        var (tos, policy) = (Page(json, "tos_uri"), Page(json, "policy_uri"));
        return new ClientDocument
        {
            Name = name,
            RedirectUris = usable,
            GrantTypes = grants is null
                ? capabilities.DefaultGrantTypes("user-facing")
                : [.. ours.Select(type => type.Name).Where(grants.Contains)],
            DpopRequired = binds == JsonValueKind.True,
            TosUri = tos,
            PolicyUri = policy,
            OpenId = openId,
            AuthMethod = methods.Keys is null ? Protocol.AuthMethod.NoneName : Protocol.AuthMethod.PrivateKeyJwtName,
            Keys = methods.Keys ?? KeySettings.None,
            PublicToo = methods is { Keys: not null, None: true },
            ParRequired = pushes == JsonValueKind.True,
            BodyHash = SHA256.HashData([.. body, .. Encoding.UTF8.GetBytes(string.Join('\0',
                [.. usable, "tos", tos, "policy", policy, openId.IdTokenAlg, .. openId.PostLogoutRedirectUris,
                    "keys", methods.Keys?.Jwks, methods.Keys?.JwksUri, methods.Keys?.Alg, $"{methods.None}",
                    .. pushes == JsonValueKind.True ? ["par"] : Array.Empty<string>(),
                    .. binds == JsonValueKind.True ? ["dpop"] : Array.Empty<string>()]))]),
            TrustHash = SHA256.HashData(Encoding.UTF8.GetBytes(
                string.Join('\0', [name, .. usable.Order(StringComparer.Ordinal), Raw(json, "jwks"), Raw(json, "jwks_uri")]))),
        };
    }

    // What it offers is its one method together with all those it supports: one that we take suffices, and none may need a secret.
    private static Result<Offer> Methods(JsonElement json, Capabilities capabilities)
    {
        var (chosen, supported) = (Text(json, "token_endpoint_auth_method"), Texts(json, "token_endpoint_auth_methods_supported"));
        if (chosen is null && Member(json, "token_endpoint_auth_method") is not null)
            return Refuse("token_endpoint_auth_method is malformed", "a string", "something else");
        if (supported is null && Member(json, "token_endpoint_auth_methods_supported") is not null)
            return Refuse("token_endpoint_auth_methods_supported is malformed", "a list of strings", "something else");
        string[] offered = [.. supported ?? [], .. chosen is null ? Array.Empty<string>() : [chosen]];
        string[] taken = [.. capabilities.OfferedTo("user-facing").Where(method => !method.NeedsSecret).Select(method => method.Name)];
        if (Array.Find(offered, method => method.StartsWith("client_secret_", StringComparison.Ordinal)) is { } secret)
            return Refuse("a method that needs a secret", Capabilities.OneOf(taken), secret);
        // A key that cannot be used is not offered.
        OAuthError? flaw = null;
        KeySettings? keys = null;
        if (offered.Contains(Protocol.AuthMethod.PrivateKeyJwtName)) KeyMetadata.Read(json).Refused(out flaw, out keys);
        var none = offered.Length == 0 || offered.Contains(Protocol.AuthMethod.NoneName);
        return keys is not null || none ? new Offer(keys, none)
            : flaw is not null ? Unusable(flaw)
            : Refuse("no method this server takes from documents", Capabilities.OneOf(taken), string.Join(' ', offered));
    }

    private sealed record Offer(KeySettings? Keys, bool None);

    // Null: missing, or JSON's null.
    private static JsonElement? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    // Null: missing, or nothing a person could open. As with registrations that is no reason to refuse the client.
    private static string? Page(JsonElement json, string name)
    {
        try { return Text(json, name) is { } uri && RedirectRules.IsPage(uri) ? uri : null; }
        // A lone surrogate.
        catch (InvalidOperationException) { return null; }
    }

    // Null: missing, or not an array of strings.
    private static string[]? Texts(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Array } value
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!).Distinct(StringComparer.Ordinal)]
            : null;

    private static string Raw(JsonElement json, string name) => Member(json, name)?.GetRawText() ?? "";

    // The rules of clients that register themselves: a document is no more trusted than they are.
    private static OAuthError Unusable(OAuthError refusal) =>
        refusal with { Code = "invalid_client", Rule = "CIMD §4, " + refusal.Rule };

    private static OAuthError Refuse(string reason, string expected, string got) =>
        OAuthError.InvalidClient($"client id document: {reason}", "CIMD §4", expected, got);
}
