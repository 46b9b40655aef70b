using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>
/// RFC 7591 §2: what a client says about itself, read once, types checked. Null is absent; members nobody here knows (software_statement,
/// contacts, application_type, client_secret, …) are ignored.
/// </summary>
public sealed record ClientMetadata
{
    private const int LongestName = 256;

    /// <summary>Null when absent; so are the others.</summary>
    public string? ClientId { get; private init; }

    /// <summary>Without what could forge a line or turn text around; null when nothing is left.</summary>
    public string? Name { get; private init; }
    public string[]? RedirectUris { get; private init; }
    public string[]? GrantTypes { get; private init; }
    public string[]? ResponseTypes { get; private init; }
    public string? AuthMethod { get; private init; }
    public string? Scope { get; private init; }
    public string? ClientUri { get; private init; }
    public string? LogoUri { get; private init; }
    public string? TosUri { get; private init; }
    public string? PolicyUri { get; private init; }
    public OpenIdSettings OpenId { get; private init; } = new();

    /// <summary>RFC 9449 §5.2: it gets tokens that are bound to a key, and no others.</summary>
    public bool DpopRequired { get; private init; }

    /// <summary>Of who registers for private_key_jwt; of others it is not looked at.</summary>
    public KeySettings Keys { get; private init; } = KeySettings.None;

    /// <summary>RFC 9126 §6: it will push every authorization request.</summary>
    public bool ParRequired { get; private init; }

    /// <summary>Reads a request body; refuses one that is no object or has a member of the wrong type.</summary>
    public static Result<ClientMetadata> Read(JsonElement body, Settings settings)
    {
        if (body.ValueKind != JsonValueKind.Object)
            return OAuthError.InvalidClientMetadata("The request body must be a JSON object", $"the body is {body.ValueKind}");
        OAuthError? error = null;
        var metadata = new ClientMetadata
        {
            ClientId = Text("client_id"),
            Name = VisibleText.Name(Text("client_name")),
            RedirectUris = List("redirect_uris"),
            GrantTypes = List("grant_types"),
            ResponseTypes = List("response_types"),
            AuthMethod = Text("token_endpoint_auth_method"),
            DpopRequired = Flag("dpop_bound_access_tokens"),
            Scope = Text("scope"),
            ClientUri = Page("client_uri"),
            LogoUri = Page("logo_uri"),
            TosUri = Page("tos_uri"),
            PolicyUri = Page("policy_uri"),
            ParRequired = Flag("require_pushed_authorization_requests"),
        };
        if (error is null && metadata.Name?.Length > LongestName)
            error = OAuthError.InvalidClientMetadata("client_name is longer than 256 characters", "long name");
        if (error is not null) return error;
        if (metadata.AuthMethod == Protocol.AuthMethod.PrivateKeyJwtName)
        {
            if (KeyMetadata.Read(body).Refused(out error, out var keys)) return error;
            metadata = metadata with { Keys = keys };
        }

        return OpenIdMetadata.Read(body, settings).Refused(out error, out var openId) ? error : metadata with { OpenId = openId };

        string? Text(string name)
        {
            if (!body.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null) return null;
            if (member.ValueKind == JsonValueKind.String && String(member) is { } text) return text;
            error ??= OAuthError.InvalidClientMetadata($"{name} must be a string", $"{name} is {member.ValueKind}, or no Unicode text");
            return null;
        }

        string[]? List(string name)
        {
            if (!body.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null) return null;
            if (member.ValueKind == JsonValueKind.Array)
            {
                var items = member.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? String(item) : null).ToArray();
                if (!items.Contains(null)) return [.. items.OfType<string>().Distinct(StringComparer.Ordinal)];
            }

            error ??= OAuthError.InvalidClientMetadata($"{name} must be a list of strings",
                $"{name} is {member.ValueKind}, or holds something else than strings");
            return null;
        }

        bool Flag(string name)
        {
            if (!body.TryGetProperty(name, out var member) || member.ValueKind is JsonValueKind.Null or JsonValueKind.False) return false;
            if (member.ValueKind != JsonValueKind.True)
                error ??= OAuthError.InvalidClientMetadata($"{name} must be true or false", $"{name} is {member.ValueKind}");
            return true;
        }

        // Row by row of RFC 7591 §5: a page that is not https is worth nothing to a person, and is no reason to refuse the client.
        string? Page(string name) => Text(name) is { } uri && RedirectRules.IsPage(uri) ? uri : null;
    }

    // Octets that are no UTF-8 and lone surrogates fail here, and would fail in PostgreSQL.
    private static string? String(JsonElement element)
    {
        try { return element.GetString(); }
        catch (InvalidOperationException) { return null; }
    }
}
