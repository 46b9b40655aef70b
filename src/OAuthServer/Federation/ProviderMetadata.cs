using System.Text.Json;

namespace OAuthServer.Federation;

/// <summary>What a provider's discovery document says (OpenID Connect Discovery 1.0 §3).</summary>
public sealed record ProviderMetadata
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public required Uri AuthorizationEndpoint { get; init; }
    public required Uri TokenEndpoint { get; init; }
    public required Uri JwksUri { get; init; }

    /// <summary>Null: it has none.</summary>
    public required Uri? UserInfoEndpoint { get; init; }

    /// <summary>Null: it has none.</summary>
    public required Uri? EndSessionEndpoint { get; init; }

    /// <summary>RFC 9207 §3: its answers name their issuer.</summary>
    public required bool AnnouncesIssuer { get; init; }

    /// <summary>Whether it lists auth_time among its claims; null: it lists none.</summary>
    public required bool? SaysWhen { get; init; }

    /// <summary>How clients may prove themselves; null: not said, which is client_secret_basic.</summary>
    public required IReadOnlyList<string>? AuthMethods { get; init; }

    /// <summary>Where the document of an issuer is (§4).</summary>
    public static Uri PlaceOf(string issuer) => new(issuer.TrimEnd('/') + "/.well-known/openid-configuration");

    /// <summary>The document, or the flaw for which it cannot be used.</summary>
    /// <param name="loopback">Whether http on this computer is taken.</param>
    public static (ProviderMetadata? Metadata, string? Flaw) Read(byte[] body, string issuer, bool loopback)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return (null, "its discovery document is no JSON object");
            // §4.3: exactly.
            if (Text(root, "issuer") is not { } named || !string.Equals(named, issuer, StringComparison.Ordinal))
                return (null, $"its discovery document names another issuer: {Text(root, "issuer") ?? "none"}");
            if (Endpoint("authorization_endpoint") is not { } authorization) return (null, "its authorization_endpoint cannot be used");
            if (Endpoint("token_endpoint") is not { } token) return (null, "its token_endpoint cannot be used");
            if (Endpoint("jwks_uri") is not { } jwks) return (null, "its jwks_uri cannot be used");
            return (new ProviderMetadata
            {
                AuthorizationEndpoint = authorization,
                TokenEndpoint = token,
                JwksUri = jwks,
                UserInfoEndpoint = Endpoint("userinfo_endpoint"),
                EndSessionEndpoint = Endpoint("end_session_endpoint"),
                AnnouncesIssuer = root.TryGetProperty("authorization_response_iss_parameter_supported", out var announces)
                    && announces.ValueKind == JsonValueKind.True,
                SaysWhen = Texts(root, "claims_supported")?.Contains("auth_time"),
                AuthMethods = Texts(root, "token_endpoint_auth_methods_supported"),
            }, null);

            Uri? Endpoint(string name) =>
                Text(root, name) is { } text && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0
                && uri.Fragment.Length == 0
                && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && loopback && uri.IsLoopback)) ? uri : null;
        }
        catch (JsonException)
        {
            return (null, "its discovery document is no JSON, or has a member twice");
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string[]? Texts(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)] : null;
}
