using System.Security.Claims;

namespace OAuthServer.ResourceServer;

/// <summary>The claims of an access token that has passed every check (RFC 9068 §2.2).</summary>
internal sealed record ValidatedToken
{
    /// <summary>The person's opaque id, or the client's own id.</summary>
    public required string Subject { get; init; }

    /// <summary>The client that acts.</summary>
    public required string ClientId { get; init; }

    /// <summary>What it may do here.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The token's own id.</summary>
    public required string Jti { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The grant it stands on; null for a machine's own token.</summary>
    public string? Grant { get; init; }

    /// <summary>Who acts for the subject, the nearest first (RFC 8693 §4.1).</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>The delegations it stands on: any of them may be revoked.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    public required string Kid { get; init; }

    /// <summary>The key it is bound to (RFC 9449 §6.1); null: whoever bears it may use it.</summary>
    public string? Jkt { get; init; }

    public ClaimsPrincipal Principal(string scheme)
    {
        var identity = new ClaimsIdentity(scheme, "sub", "scope");
        identity.AddClaim(new Claim("sub", Subject));
        identity.AddClaim(new Claim("client_id", ClientId));
        identity.AddClaim(new Claim("jti", Jti));
        identity.AddClaims(Scopes.Select(scope => new Claim("scope", scope)));
        if (Grant is not null) identity.AddClaim(new Claim("grant", Grant));
        identity.AddClaims(Actors.Select(actor => new Claim(ActorRules.Claim, actor)));
        identity.AddClaims(Via.Select(step => new Claim(ActorRules.Step, step)));
        return new ClaimsPrincipal(identity);
    }
}

/// <summary>Why a request gets no further (RFC 6750 §3.1): a code for the wire and a reason for the log.</summary>
internal sealed class TokenRefusedException(string code, string reason, bool isDpop = false) : Exception(reason)
{
    public string Code => code;

    /// <summary>Whether it is about a proof, or about the lack of one: then the challenge is DPoP's.</summary>
    public bool IsDpop => isDpop || code == "use_dpop_nonce";

    public int Status => code switch { "invalid_request" => 400, "temporarily_unavailable" => 503, _ => 401 };

    public string Description => code switch
    {
        "invalid_request" => "Send one access token, in the Authorization header",
        "invalid_dpop_proof" => "The DPoP proof is not valid",
        "use_dpop_nonce" => "The DPoP proof needs the nonce of this answer",
        "temporarily_unavailable" => "Whether the token still holds cannot be told right now; try again shortly",
        _ => "The access token is not valid",
    };
}
