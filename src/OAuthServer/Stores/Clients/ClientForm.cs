namespace OAuthServer.Stores.Clients;

/// <summary>A client as an administrator edits it.</summary>
public sealed record ClientForm
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] Scopes { get; init; }
    public required string[] DefaultScopes { get; init; }
    public required string[] Resources { get; init; }
    public required string? DefaultResource { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }
    public required int AccessTokenSeconds { get; init; }
    public required int RefreshTokenSeconds { get; init; }
    public required int RefreshIdleSeconds { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required string? Note { get; init; }

    /// <summary>It gets tokens with a DPoP proof only (RFC 9449).</summary>
    public bool DpopRequired { get; init; }

    /// <summary>What signs its id_tokens: RS256 or ES256.</summary>
    public string IdTokenAlg { get; init; } = "RS256";

    /// <summary>Seconds since the last sign-in that are good enough when its request has no max_age; null: any.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>aal2: people sign in to it with a second factor only; null: one is enough.</summary>
    public string? MinAcr { get; init; }

    /// <summary>It pushes every authorization request (RFC 9126), and no other is taken.</summary>
    public bool ParRequired { get; init; }

    /// <summary>Where people may be sent after they signed out.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Where it is told that a sign-in has ended; null: nowhere.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>Its public keys, a JWK set; null: none, or they are at <see cref="JwksUri"/>.</summary>
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>The one algorithm of its assertions; null: any that fits its keys.</summary>
    public string? AssertionAlg { get; init; }

    /// <summary>Changes with every edit of the row, not with its use.</summary>
    public required string Version { get; init; }

    /// <summary>The row with a refused column as it was before, and with what depends on that column.</summary>
    public ClientForm Restored(ClientForm before, string column) => column switch
    {
        "name" => this with { Name = before.Name },
        "client_id" => this with { ClientId = before.ClientId },
        "redirect_uris" => this with { RedirectUris = before.RedirectUris },
        "grant_types" => this with { GrantTypes = before.GrantTypes },
        // Each of them depends on the others.
        "auth_method" or "jwks" or "jwks_uri" or "assertion_alg" => this with
        {
            AuthMethod = before.AuthMethod,
            Jwks = before.Jwks,
            JwksUri = before.JwksUri,
            AssertionAlg = before.AssertionAlg,
        },
        "scopes" => this with { Scopes = before.Scopes, DefaultScopes = before.DefaultScopes },
        "default_scopes" => this with { DefaultScopes = before.DefaultScopes },
        "resources" => this with { Resources = before.Resources },
        "default_resource" => this with { DefaultResource = before.DefaultResource },
        "id_token_alg" => this with { IdTokenAlg = before.IdTokenAlg },
        "min_acr" => this with { MinAcr = before.MinAcr },
        "par_required" => this with { ParRequired = before.ParRequired },
        "default_max_age" => this with { DefaultMaxAge = before.DefaultMaxAge },
        "post_logout_redirect_uris" => this with { PostLogoutRedirectUris = before.PostLogoutRedirectUris },
        "backchannel_logout_uri" => this with { BackchannelLogoutUri = before.BackchannelLogoutUri },
        "dpop_required" => this with { DpopRequired = before.DpopRequired },
        "access_token_seconds" => this with { AccessTokenSeconds = before.AccessTokenSeconds },
        "refresh_token_seconds" => this with { RefreshTokenSeconds = before.RefreshTokenSeconds },
        _ => this,
    };
}
