namespace OAuthServer.Stores.Clients;

/// <summary>What a client says about itself, as it will be stored.</summary>
public sealed record Description
{
    /// <summary>Null: its id.</summary>
    public required string? Name { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }
    public required string[] Scope { get; init; }
    public required string? ClientUri { get; init; }
    public required string? LogoUri { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }

    /// <summary>It gets tokens with a DPoP proof only (RFC 9449).</summary>
    public bool DpopRequired { get; init; }
    public required OpenIdSettings OpenId { get; init; }
    public KeySettings Keys { get; init; } = KeySettings.None;

    /// <summary>It pushes every authorization request (RFC 9126).</summary>
    public bool ParRequired { get; init; }
}

/// <summary>A client that is about to register itself.</summary>
public sealed record NewRegistration
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }

    /// <summary>Its scopes without offline_access.</summary>
    public required string[] Allowance { get; init; }
    public required Description Described { get; init; }

    /// <summary>bcrypt; null for a public client, and for one with keys.</summary>
    public required string? SecretHash { get; init; }

    /// <summary>SHA-256 of its registration access token.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>SHA-256 of the invitation to spend; null when none is needed.</summary>
    public required byte[]? InvitationHash { get; init; }
}

/// <summary>A registration as its client wants it replaced.</summary>
public sealed record RegistrationUpdate
{
    public required string ClientId { get; init; }

    /// <summary>SHA-256 of its registration access token.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>Its kind, which stays.</summary>
    public required string Kind { get; init; }

    /// <summary>Its scopes without offline_access.</summary>
    public required string[] Allowance { get; init; }
    public required Description Described { get; init; }
}

/// <summary>A registration with its client.</summary>
public sealed record RegistrationRow
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }
    public required string[] Scope { get; init; }
    public required string? ClientUri { get; init; }
    public required string? LogoUri { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
    public required bool DpopRequired { get; init; }
    public required string IdTokenAlg { get; init; }
    public required int? DefaultMaxAge { get; init; }
    public required string[] PostLogoutRedirectUris { get; init; }
    public required string? BackchannelLogoutUri { get; init; }
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }
    public string? AssertionAlg { get; init; }
    public required bool ParRequired { get; init; }

    /// <summary>Whether it registered anything of OpenID Connect; else its registration says nothing of it.</summary>
    public bool SpeaksOpenId => Scope.Contains(Protocol.Scope.OpenId) || IdTokenAlg != "RS256" || DefaultMaxAge is not null
        || PostLogoutRedirectUris.Length > 0 || BackchannelLogoutUri is not null;
}
