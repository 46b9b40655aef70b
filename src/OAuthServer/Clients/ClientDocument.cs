using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>
/// Client id document draft §4: what a client says of itself at its own URL. Refuses secrets, methods that need one, keys as
/// proof (not yet), and anything two readers could read differently.
/// </summary>
public sealed record ClientDocument
{
    private const int MostRedirects = 10;
    private const int LongestName = 256;
    private static readonly string[] OurGrants = ["authorization_code", "refresh_token"];
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public required string Name { get; init; }

    /// <summary>Printable ASCII; <see cref="RedirectRules"/> says which of them may be registered.</summary>
    public required string[] RedirectUris { get; init; }

    /// <summary>What it asks for and we have.</summary>
    public required string[] GrantTypes { get; init; }

    /// <summary>SHA-256 of the octets.</summary>
    public required byte[] BodyHash { get; init; }

    /// <summary>SHA-256 over what a person's consent rested on: name, redirect URIs, keys.</summary>
    public required byte[] TrustHash { get; init; }

    /// <summary>The document of this URL, or why it is none.</summary>
    public static Result<ClientDocument> Read(string url, byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, Strict);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? Read(url, body, json.RootElement)
                : Refuse("not an object", "a JSON object", json.RootElement.ValueKind.ToString());
        }
        // A lone surrogate, or octets that are no UTF-8, are found out only when the string is taken.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return Refuse("not readable", $"one JSON object in UTF-8, no member twice, at most {Strict.MaxDepth} deep", "something else");
        }
    }

    private static Result<ClientDocument> Read(string url, byte[] body, JsonElement json)
    {
        if (Text(json, "client_id") is var id && !string.Equals(id, url, StringComparison.Ordinal)) return Refuse("client_id is not its URL", url, id ?? "no text");
        foreach (var secret in (string[])["client_secret", "client_secret_expires_at"])
            if (json.TryGetProperty(secret, out _))
                return Refuse("a secret in a public document", $"no {secret}", "one");
        if (json.TryGetProperty("token_endpoint_auth_method", out var method) && !method.ValueEquals("none"))
            return Refuse("a method this server does not take from documents", "none", method.ToString());
        if (VisibleText.Name(Text(json, "client_name")) is not { Length: <= LongestName } name)
            return Refuse("client_name is missing or unfit to show", $"1 to {LongestName} characters that print", "something else");
        if (Texts(json, "redirect_uris") is not { Length: >= 1 and <= MostRedirects } redirects || !redirects.All(IsPrintable))
            return Refuse("redirect_uris is missing or malformed", $"1 to {MostRedirects} URIs", "something else");
        if (json.TryGetProperty("response_types", out _) && Texts(json, "response_types")?.Contains("code") != true) return Refuse("it does not want codes", "response_types with code", "something else");
        if (Texts(json, "grant_types") is var grants && (grants is null ? json.TryGetProperty("grant_types", out _) : !grants.Contains(OurGrants[0])))
            return Refuse("it does not want to ask people", "grant_types with authorization_code", "something else");

        return new ClientDocument
        {
            Name = name,
            RedirectUris = redirects,
            GrantTypes = grants is null ? OurGrants : [.. OurGrants.Where(grants.Contains)],
            BodyHash = SHA256.HashData(body),
            TrustHash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', [name, .. redirects.Order(StringComparer.Ordinal), Raw(json, "jwks"), Raw(json, "jwks_uri")]))),
        };
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Null: missing, or not an array of strings.
    private static string[]? Texts(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!).Distinct(StringComparer.Ordinal)]
            : null;

    private static string Raw(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetRawText() : "";

    private static bool IsPrintable(string uri) => uri.All(character => character is > ' ' and <= '~');

    private static OAuthError Refuse(string reason, string expected, string got) =>
        OAuthError.InvalidClient($"client id document: {reason}", "CIMD §4", expected, got);
}
