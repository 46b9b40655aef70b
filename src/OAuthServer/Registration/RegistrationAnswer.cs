using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthServer.Registration;

/// <summary>RFC 7591 §3.2.1: all that was registered, in effect; no nulls, which TypeScript clients do not take.</summary>
public sealed record RegistrationAnswer
{
    public required string ClientId { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public required long ClientIdIssuedAt { get; init; }

    /// <summary>Shown once, when it was made.</summary>
    public required string? ClientSecret { get; init; }

    /// <summary>0, it does not expire, beside a secret; null without one.</summary>
    public long? ClientSecretExpiresAt => ClientSecret is null ? null : 0;

    public required string ClientName { get; init; }
    public required IEnumerable<string> RedirectUris { get; init; }
    public required IEnumerable<string> GrantTypes { get; init; }
    public required IEnumerable<string> ResponseTypes { get; init; }
    public required string TokenEndpointAuthMethod { get; init; }

    /// <summary>RFC 9449 §5.2; null: it gets bearer tokens, too.</summary>
    public required bool? DpopBoundAccessTokens { get; init; }

    /// <summary>Of a client with keys; null of others.</summary>
    public string? TokenEndpointAuthSigningAlg { get; init; }
    public JsonElement? Jwks { get; init; }
    public string? JwksUri { get; init; }
    public required string Scope { get; init; }
    public required string? ClientUri { get; init; }
    public required string? LogoUri { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }

    /// <summary>OpenID Connect Registration §2; null, as the others below, where the client has nothing to do with it.</summary>
    public required string? IdTokenSignedResponseAlg { get; init; }
    public required int? DefaultMaxAge { get; init; }
    public required IEnumerable<string>? PostLogoutRedirectUris { get; init; }
    public required string? BackchannelLogoutUri { get; init; }

    /// <summary>RFC 9126 §6; null: it may send plain requests, too.</summary>
    public required bool? RequirePushedAuthorizationRequests { get; init; }

    /// <summary>RFC 7592 §3.</summary>
    public required string RegistrationClientUri { get; init; }

    public required string RegistrationAccessToken { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RegistrationAnswer))]
internal sealed partial class RegistrationJson : JsonSerializerContext;
