using System.Text.Json;

namespace OAuthServer.Diagnosis;

/// <summary>The metadata of the server that is examined (RFC 8414 §2), as it came.</summary>
internal sealed class ServerDocument(JsonElement members)
{
    /// <summary>Every member whose value is a URL that clients call.</summary>
    public static readonly IReadOnlyList<string> Endpoints =
    [
        "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint", "revocation_endpoint", "introspection_endpoint",
        "userinfo_endpoint", "device_authorization_endpoint", "pushed_authorization_request_endpoint", "end_session_endpoint",
    ];

    public JsonElement Members { get; } = members;

    public Uri? AuthorizationEndpoint => Url("authorization_endpoint");

    public Uri? TokenEndpoint => Url("token_endpoint");

    public Uri? JwksUri => Url("jwks_uri");

    public Uri? RegistrationEndpoint => Url("registration_endpoint");

    public Uri? RevocationEndpoint => Url("revocation_endpoint");

    public Uri? IntrospectionEndpoint => Url("introspection_endpoint");

    public string? Issuer => Text("issuer");

    /// <summary>RFC 9207 §3.</summary>
    public bool SendsIssuer =>
        Members.TryGetProperty("authorization_response_iss_parameter_supported", out var sends) && sends.ValueKind == JsonValueKind.True;

    public string? Text(string member) =>
        Members.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>An absolute http or https URL, or null.</summary>
    public Uri? Url(string member) =>
        Uri.TryCreate(Text(member), UriKind.Absolute, out var url) && url.Scheme is "https" or "http" ? url : null;

    /// <summary>An array of texts; null where the member is missing or something else.</summary>
    public string[]? Texts(string member) =>
        Members.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : null;
}
