namespace OAuthServer.Stores.Clients;

/// <summary>What a client says of OpenID Connect for itself; what it does not say is here as it is without.</summary>
public sealed record OpenIdSettings
{
    /// <summary>What signs its id_tokens: RS256 or ES256; null: it does not say, which is RS256.</summary>
    public string? IdTokenAlg { get; init; }

    /// <summary>Seconds; null: any age of a sign-in.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>Where people may be sent after they signed out.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Where it is told that a sign-in has ended; null: nowhere.</summary>
    public string? BackchannelLogoutUri { get; init; }
}
