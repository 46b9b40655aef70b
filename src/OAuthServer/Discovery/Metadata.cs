using System.Text.Json.Serialization;
using OAuthServer.Keys;

namespace OAuthServer.Discovery;

/// <summary>RFC 8414 §2, in the order it is written.</summary>
public sealed record ServerMetadata
{
    public required string Issuer { get; init; }
    public required string AuthorizationEndpoint { get; init; }

    /// <summary>RFC 9126 §5.</summary>
    public required string PushedAuthorizationRequestEndpoint { get; init; }
    public required bool RequirePushedAuthorizationRequests { get; init; }
    public required string TokenEndpoint { get; init; }
    public required string DeviceAuthorizationEndpoint { get; init; }
    public required string RevocationEndpoint { get; init; }
    public required string IntrospectionEndpoint { get; init; }

    /// <summary>Null where nobody may register.</summary>
    public required string? RegistrationEndpoint { get; init; }

    public required string RevocationFeedEndpoint { get; init; }
    public required string JwksUri { get; init; }
    public required IEnumerable<string> ScopesSupported { get; init; }
    public IEnumerable<string> ResponseTypesSupported { get; } = ["code"];
    public IEnumerable<string> ResponseModesSupported { get; } = ["query", "form_post"];
    public required IEnumerable<string> GrantTypesSupported { get; init; }

    /// <summary>ID-JAG §7.2; null where no company is trusted. Never names one (§8.4).</summary>
    public required IEnumerable<string>? AuthorizationGrantProfilesSupported { get; init; }
    public required IEnumerable<string> TokenEndpointAuthMethodsSupported { get; init; }
    public IEnumerable<string> TokenEndpointAuthSigningAlgValuesSupported { get; } = VerificationKeySet.Algorithms;
    public required IEnumerable<string> RevocationEndpointAuthMethodsSupported { get; init; }
    public IEnumerable<string> RevocationEndpointAuthSigningAlgValuesSupported { get; } = VerificationKeySet.Algorithms;
    public required IEnumerable<string> IntrospectionEndpointAuthMethodsSupported { get; init; }
    public IEnumerable<string> IntrospectionEndpointAuthSigningAlgValuesSupported { get; } = VerificationKeySet.Algorithms;
    public IEnumerable<string> CodeChallengeMethodsSupported { get; } = ["S256"];

    /// <summary>draft-ietf-oauth-refresh-token-expiration-03: the members that come with every refresh token.</summary>
    public IEnumerable<string> RefreshTokenExpirationTypesSupported { get; } = ["authorization", "token_timeout"];

    /// <summary>RFC 9449 §5.1.</summary>
    public IEnumerable<string> DpopSigningAlgValuesSupported { get; } = VerificationKeySet.Algorithms;

    /// <summary>OpenID Connect Discovery §3 requires it: each person has one sub.</summary>
    public IEnumerable<string> SubjectTypesSupported { get; } = ["public"];

    /// <summary>OpenID Connect Discovery §3 requires it, and go-oidc verifies no other algorithm than these.</summary>
    public required IEnumerable<string> IdTokenSigningAlgValuesSupported { get; init; }

    public string? UserinfoEndpoint { get; init; }
    public string? EndSessionEndpoint { get; init; }
    public IEnumerable<string>? ClaimsSupported { get; init; }
    public IEnumerable<string>? AcrValuesSupported { get; init; }
    public IEnumerable<string>? PromptValuesSupported { get; init; }
    public IEnumerable<string>? UiLocalesSupported { get; init; }

    /// <summary>OpenID Connect Discovery §3: absent means true for request_uri, so that false is said.</summary>
    public bool? ClaimsParameterSupported { get; init; }
    public bool? RequestParameterSupported { get; init; }
    public bool? RequestUriParameterSupported { get; init; }
    public bool? BackchannelLogoutSupported { get; init; }
    public bool? BackchannelLogoutSessionSupported { get; init; }

    public bool AuthorizationResponseIssParameterSupported { get; } = true;
    public required bool ClientIdMetadataDocumentSupported { get; init; }
    public required string ServiceDocumentation { get; init; }
}

/// <summary>RFC 9728 §2, in the order it is written.</summary>
public sealed record ResourceMetadata
{
    public required string Resource { get; init; }
    public required IEnumerable<string> AuthorizationServers { get; init; }
    public required IEnumerable<string> ScopesSupported { get; init; }
    public IEnumerable<string> BearerMethodsSupported { get; } = ["header"];
    public required string ResourceName { get; init; }

    /// <summary>RFC 9728 §2: tokens that are bound to a key are taken, and others, too.</summary>
    public IEnumerable<string> DpopSigningAlgValuesSupported { get; } = VerificationKeySet.Algorithms;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServerMetadata)), JsonSerializable(typeof(ResourceMetadata))]
internal sealed partial class DiscoveryJson : JsonSerializerContext;
